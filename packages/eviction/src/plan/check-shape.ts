import { EvictionError } from "../errors.ts";

/** What a value of foreign JSON must be. Everything but what is `required` may be absent or null. */
export type Shape =
  | "text"
  | "number"
  | "amount"
  | { readonly list: Shape }
  | { readonly map: Shape }
  | { readonly fields: { readonly [name: string]: Shape }; readonly required?: readonly string[] };

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const wrong = (where: string, path: string, what: string): EvictionError =>
  new EvictionError("invalid-input", `read ${where}: ${path === "" ? "the document" : path} ${what}`, {
    where: path === "" ? where : `${where}: ${path}`,
  });

const checkNumber = (
  value: unknown,
  kind: "number" | "amount",
  { where, path }: { readonly where: string; readonly path: string },
): void => {
  if (typeof value !== "number" || !Number.isFinite(value)) throw wrong(where, path, "is not a number");
  if (kind === "amount" && value < 0) throw wrong(where, path, `is ${value}, and negative`);
};

/** Throws `invalid-input` with the path of the first thing in `value` that the shape does not allow; unknown fields are no fault. */
export const checkShape = (value: unknown, shape: Shape, place: { readonly where: string; readonly path?: string }): void => {
  const { where, path = "" } = place;
  if (value === undefined || value === null) return;
  const below = (name: string): string => (path === "" ? name : `${path}.${name}`);
  if (shape === "text") {
    if (typeof value !== "string") throw wrong(where, path, "is not a text");
  } else if (shape === "number" || shape === "amount") {
    checkNumber(value, shape, { where, path });
  } else if ("list" in shape) {
    if (!Array.isArray(value)) throw wrong(where, path, "is not a list");
    value.forEach((item: unknown, index) => {
      if (item === null) throw wrong(where, `${path}[${index}]`, "is null");
      checkShape(item, shape.list, { where, path: `${path}[${index}]` });
    });
  } else {
    if (!isObject(value)) throw wrong(where, path, "is not an object");
    const required = "fields" in shape ? (shape.required ?? []) : [];
    for (const name of required) if ((value[name] ?? undefined) === undefined) throw wrong(where, below(name), "is missing");
    const entries = "map" in shape ? Object.keys(value).map((name): [string, Shape] => [name, shape.map]) : Object.entries(shape.fields);
    for (const [name, inner] of entries) checkShape(value[name], inner, { where, path: below(name) });
  }
};
