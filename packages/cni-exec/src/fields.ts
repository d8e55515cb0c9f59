import type { JsonObject, JsonValue } from "./go-json.ts";
import { isJsonObject } from "./go-json.ts";

/** Reads typed fields of one JSON object; an absent field and null are both "not there", as for Go. */
export interface FieldReader {
  string(key: string): string | undefined;
  integer(key: string): number | undefined;
  strings(key: string): readonly string[] | undefined;
  object(key: string): FieldReader | undefined;
  objects(key: string): readonly FieldReader[];
  /** Rejects the object for a reason of its own. */
  reject(key: string, what: string): never;
}

/** Makes the error for a field that is not what it must be, e.g. `ips[0].address` and `must be a string, not 7`. */
export type FieldFailure = (path: string, problem: string) => Error;

/** A value in a few words. Of lists and objects only what they are: they may hold secrets, and be nested more deeply than can be written. */
export const describeJson = (value: JsonValue | undefined): string => {
  if (Array.isArray(value)) return "a list";
  if (isJsonObject(value)) return "an object";
  return (JSON.stringify(value) ?? "nothing").slice(0, 80);
};

/** A reader of `object`, whose errors name fields below `path`. */
export const createFieldReader = (object: JsonObject, path: string, fail: FieldFailure): FieldReader => {
  const pathOf = (key: string): string => (path === "" ? key : `${path}.${key}`);
  const wrong = (where: string, expected: string, value: JsonValue | undefined): Error =>
    fail(where, `must be ${expected}, not ${describeJson(value)}`);
  const present = (key: string): JsonValue | undefined => object[key] ?? undefined;
  const list = (key: string): readonly JsonValue[] | undefined => {
    const value = present(key);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) throw wrong(pathOf(key), "a list", value);
    return value as readonly JsonValue[];
  };
  const child = (value: JsonValue, where: string): FieldReader => {
    if (!isJsonObject(value)) throw wrong(where, "an object", value);
    return createFieldReader(value, where, fail);
  };
  return {
    string: (key) => {
      const value = present(key);
      if (value !== undefined && typeof value !== "string") throw wrong(pathOf(key), "a string", value);
      return value;
    },
    integer: (key) => {
      const value = present(key);
      if (value === undefined) return undefined;
      if (typeof value !== "number" || !Number.isSafeInteger(value)) throw wrong(pathOf(key), "a whole number", value);
      return value;
    },
    strings: (key) =>
      list(key)?.map((value, index) => {
        if (typeof value !== "string") throw wrong(`${pathOf(key)}[${index}]`, "a string", value);
        return value;
      }),
    object: (key) => {
      const value = present(key);
      return value === undefined ? undefined : child(value, pathOf(key));
    },
    objects: (key) => (list(key) ?? []).map((value, index) => child(value, `${pathOf(key)}[${index}]`)),
    reject: (key, what) => {
      throw wrong(pathOf(key), what, object[key]);
    },
  };
};
