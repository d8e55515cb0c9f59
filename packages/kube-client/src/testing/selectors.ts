import type { KubeObject } from "../kinds.ts";
import { ApiStatusError } from "./api-error.ts";

const valueAt = (object: KubeObject, path: string): string => {
  let value: unknown = object;
  for (const step of path.split(".")) {
    value = typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[step] : undefined;
  }
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";
};

const splitTerms = (text: string): readonly string[] =>
  text
    .split(/,(?![^(]*\))/u)
    .map((term) => term.trim())
    .filter((term) => term !== "");

const fieldTerm = (term: string): ((object: KubeObject) => boolean) => {
  const match = /^([\w.[\]/-]+)(!=|==?)(.*)$/u.exec(term);
  if (match === null) throw new ApiStatusError(400, "BadRequest", { message: `invalid field selector "${term}"` });
  const [, path = "", operator, wanted = ""] = match;
  return (object) => (valueAt(object, path) === wanted) === (operator !== "!=");
};

const labelTerm = (term: string): ((object: KubeObject) => boolean) => {
  const set = /^(\S+)\s+(in|notin)\s+\(([^)]*)\)$/u.exec(term);
  const labelOf = (object: KubeObject, key: string): string | undefined => object.metadata?.labels?.[key];
  if (set !== null) {
    const [, key = "", operator, list = ""] = set;
    const values = new Set(list.split(",").map((value) => value.trim()));
    return (object) => values.has(labelOf(object, key) ?? "\0") === (operator === "in");
  }
  const equal = /^([^!=\s]+)\s*(!=|==?)\s*(.*)$/u.exec(term);
  if (equal !== null) {
    const [, key = "", operator, wanted] = equal;
    return (object) => (labelOf(object, key) === wanted) === (operator !== "!=");
  }
  return term.startsWith("!") ? (object) => labelOf(object, term.slice(1)) === undefined : (object) => labelOf(object, term) !== undefined;
};

/** Whether an object is selected: `=`, `==`, `!=` of any field; `=`, `!=`, `in`, `notin` and existence of labels. */
export const createSelector = (query: URLSearchParams): ((object: KubeObject) => boolean) => {
  const terms = [
    ...splitTerms(query.get("fieldSelector") ?? "").map(fieldTerm),
    ...splitTerms(query.get("labelSelector") ?? "").map(labelTerm),
  ];
  return (object) => terms.every((term) => term(object));
};
