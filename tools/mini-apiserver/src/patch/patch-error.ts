/** `malformed`: it is no patch. `unfit`: it does not fit the document. `unmergeable`: lists in it can't be merged. */
export type PatchErrorCode = "malformed" | "unfit" | "unmergeable";

/** A patch that can't be applied. */
export class PatchError extends Error {
  readonly code: PatchErrorCode;

  constructor(message: string, code: PatchErrorCode) {
    super(message);
    this.name = "PatchError";
    this.code = code;
  }
}

const MAX_TEXT = 1000;

const formatParts = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(formatParts).join(" ")}]`;
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return `map[${entries.map(([name, part]) => `${name}:${formatParts(part)}`).join(" ")}]`;
  }
  return value === null || value === undefined ? "<nil>" : String(value as string | number | boolean);
};

/** As Go's `%v` prints decoded JSON: `map[a:1 b:[2 3]]`. Cut when long. */
export const formatGo = (value: unknown): string => formatParts(value).slice(0, MAX_TEXT);

/** The type Go gives decoded JSON, e.g. `int64`. */
export const goTypeOf = (value: unknown): string => {
  if (Array.isArray(value)) return "[]interface {}";
  if (typeof value === "object") return value === null ? "%!s(<nil>)" : "map[string]interface {}";
  if (typeof value === "number") return Number.isInteger(value) ? "int64" : "float64";
  return typeof value === "boolean" ? "bool" : typeof value;
};
