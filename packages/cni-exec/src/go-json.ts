/** What JSON can say. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

/** A JSON object. */
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/** Whether a value is an object, neither null nor a list. */
export const isJsonObject = (value: unknown): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether keys are put into Go's order, which is by their bytes, or stay as they are, as the fields of a Go struct do. */
export type KeyOrder = "sorted" | "given";

const writeString = (text: string): string =>
  JSON.stringify(text.toWellFormed()).replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);

const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** Writes a value as Go's encoding/json does (Go 1.22 and later): no blanks, `<`, `>`, `&` and line separators escaped, keys of maps sorted. */
export const writeGoJson = (value: JsonValue, order: KeyOrder = "sorted"): string => {
  if (typeof value === "string") return writeString(value);
  if (Array.isArray(value)) return `[${(value as readonly JsonValue[]).map((item) => writeGoJson(item, order)).join(",")}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const keys = Object.keys(value);
  const fields = (order === "sorted" ? keys.toSorted(byBytes) : keys).flatMap((key) => {
    const field = value[key];
    return field === undefined ? [] : [`${writeString(key)}:${writeGoJson(field, order)}`];
  });
  return `{${fields.join(",")}}`;
};
