import { formatFieldPath } from "@nk/pod-model";
import type { FieldPath } from "@nk/pod-model";

/** A field that can't be used, before it is known in which file and line it stands. */
export interface FieldProblem {
  readonly segments: FieldPath;
  readonly field: string;
  readonly message: string;
}

/**
 * A place in a pod, and the ways of complaining about it, in the API server's words (apimachinery, util/validation/field), so that what
 * people search for is found.
 */
export interface Field {
  readonly segments: FieldPath;
  readonly at: (...segments: FieldPath) => Field;
  readonly required: (detail?: string) => void;
  readonly invalid: (value: unknown, why: string) => void;
  readonly duplicate: (value: unknown) => void;
  readonly unsupported: (value: unknown, allowed: readonly string[]) => void;
  readonly notFound: (value: string) => void;
  readonly forbidden: (why: string) => void;
  readonly tooMany: (count: number, limit: number) => void;
  readonly report: (message: string) => void;
}

const MAX_SHOWN_LENGTH = 200;
const show = (value: unknown): string => {
  // Integers of a manifest are bigint until they are decoded.
  const json = JSON.stringify(value, (_key, item: unknown) => (typeof item === "bigint" ? Number(item) : item)) as string | undefined;
  return (json ?? "null").slice(0, MAX_SHOWN_LENGTH);
};

/** The root of a pod (or, with segments, of one item of a list), whose complaints go to `onProblem`. */
export const createField = (onProblem: (problem: FieldProblem) => void, segments: FieldPath = []): Field => {
  const report = (message: string): void => onProblem({ segments, field: formatFieldPath(segments), message });
  return {
    segments,
    at: (...more) => createField(onProblem, [...segments, ...more]),
    required: (detail) => report(detail === undefined ? "Required value" : `Required value: ${detail}`),
    invalid: (value, why) => report(`Invalid value: ${show(value)}: ${why}`),
    duplicate: (value) => report(`Duplicate value: ${show(value)}`),
    unsupported: (value, allowed) => report(`Unsupported value: ${show(value)}: supported values: ${allowed.map(show).join(", ")}`),
    notFound: (value) => report(`Not found: ${show(value)}`),
    forbidden: (why) => report(`Forbidden: ${why}`),
    tooMany: (count, limit) => report(`Too many: ${count}: must have at most ${limit} items`),
    report,
  };
};

/** Runs a check on each item of a list that may be absent, at the item's place. */
export const forEachItem = <T>(items: readonly T[] | undefined, list: Field, check: (item: T, field: Field) => void): void => {
  for (const [index, item] of (items ?? []).entries()) check(item, list.at(index));
};
