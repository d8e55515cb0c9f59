import type { Json } from "@nk/tool-recordings";

/** What of a scenario is compared. */
export const SECTIONS = ["cri", "statuses", "events", "logs"] as const;
export type Section = (typeof SECTIONS)[number];

/** One place where a run differs from the recording; undefined where one of them has nothing. */
export interface Difference {
  readonly section: Section;
  /** e.g. `CreateContainer[main 0].config.linux.resources.cpu_shares`. */
  readonly path: string;
  readonly recorded: Json | undefined;
  readonly ours: Json | undefined;
}

type JsonObject = { readonly [key: string]: Json };

const isObject = (value: Json | undefined): value is JsonObject => typeof value === "object" && value !== null && !Array.isArray(value);

const join = (path: string, key: string): string => (path === "" ? key : /^[\w-]+$/u.test(key) ? `${path}.${key}` : `${path}[${key}]`);

/** One place in JSON where two values differ. */
export interface JsonDifference {
  readonly path: string;
  readonly recorded: Json | undefined;
  readonly ours: Json | undefined;
}

/** Every leaf that differs, lists by index; an object or list that only one of them has counts as one. */
export const compareDeep = (recorded: Json | undefined, ours: Json | undefined, path = ""): readonly JsonDifference[] => {
  if (isObject(recorded) && isObject(ours)) {
    const keys = [...new Set([...Object.keys(recorded), ...Object.keys(ours)])].toSorted();
    return keys.flatMap((key) => compareDeep(recorded[key], ours[key], join(path, key)));
  }
  if (Array.isArray(recorded) && Array.isArray(ours)) {
    const length = Math.max(recorded.length, ours.length);
    return Array.from({ length }, (_, index) => compareDeep(recorded[index] as Json, ours[index] as Json, `${path}[${index}]`)).flat();
  }
  return recorded === ours ? [] : [{ path, recorded, ours }];
};
