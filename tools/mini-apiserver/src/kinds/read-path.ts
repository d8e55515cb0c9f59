type Fields = { readonly [field: string]: unknown };

/** What lies at `a.b.c`; undefined when the way there ends. */
export const valueAt = (object: unknown, path: string): unknown => {
  let value = object;
  for (const name of path.split(".")) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Fields)[name];
  }
  return value;
};

/** The text there, or what stands in for it. */
export const textAt = (object: unknown, path: string, otherwise = ""): string => {
  const value = valueAt(object, path);
  return typeof value === "string" && value !== "" ? value : otherwise;
};

/** The number there; 0 when there is none. */
export const numberAt = (object: unknown, path: string): number => {
  const value = valueAt(object, path);
  return typeof value === "number" ? value : 0;
};

/** Whether there is `true`. */
export const flagAt = (object: unknown, path: string, otherwise = false): boolean => {
  const value = valueAt(object, path);
  return typeof value === "boolean" ? value : otherwise;
};

/** The list there; empty when there is none. */
export const listAt = (object: unknown, path: string): readonly unknown[] => {
  const value = valueAt(object, path);
  return Array.isArray(value) ? value : [];
};

/** The map there; empty when there is none. */
export const mapAt = (object: unknown, path: string): Fields => {
  const value = valueAt(object, path);
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};
};
