import { parseGoDuration } from "@nk/stdx";
import type { EffectiveValue } from "./effective.ts";
import { KubeletConfigError } from "./errors.ts";
import type { ConfigPlace } from "./errors.ts";
import { isJsonObject } from "./json-value.ts";
import type { JsonValue } from "./json-value.ts";

/** Typed access to effective values. Layers were decoded by kind, so that a mismatch here is a mistake in our table. */
export interface ValueReader {
  text(path: string): string;
  bool(path: string): boolean;
  int(path: string): number;
  durationMs(path: string): number;
  strings(path: string): readonly string[];
  json(path: string): JsonValue | undefined;
  isSet(path: string): boolean;
  /** An error about the value of a field, at the place where it was set. */
  invalid(path: string, requirement: string): KubeletConfigError;
}

/** A reader of these values. */
export const createValueReader = (values: ReadonlyMap<string, EffectiveValue>): ValueReader => {
  const json = (path: string): JsonValue | undefined => values.get(path)?.value;
  const invalid = (path: string, requirement: string): KubeletConfigError => {
    const place: ConfigPlace = { field: path, ...values.get(path)?.place };
    return new KubeletConfigError("invalid-value", `${place.field ?? path} ${requirement}`, place);
  };
  const text = (path: string): string => {
    const value = json(path);
    return typeof value === "string" ? value : "";
  };
  const int = (path: string): number => {
    const value = json(path);
    return typeof value === "number" ? value : 0;
  };
  return {
    json,
    invalid,
    text,
    int,
    isSet: (path) => json(path) !== undefined,
    bool: (path) => json(path) === true,
    durationMs: (path) => (text(path) === "" ? 0 : parseGoDuration(text(path))),
    strings(path) {
      const value = json(path);
      return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
    },
  };
};

/** The value of a map field; empty when it is not set. */
export const readMap = (reader: ValueReader, path: string): { readonly [key: string]: JsonValue } => {
  const value = reader.json(path);
  return isJsonObject(value) ? value : {};
};
