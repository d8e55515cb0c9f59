import { badRequest } from "../api-error.ts";
import type { ApiObject } from "../contracts.ts";
import type { KindDefinition } from "../kinds/kind-definition.ts";

/** What a field selector asks for. */
export interface FieldSelector {
  matches(object: ApiObject): boolean;
  /** The value that is asked of a field with `=`; undefined for none. */
  exact(field: string): string | undefined;
}

interface Term {
  readonly field: string;
  readonly value: string;
  readonly isEqual: boolean;
}

const UNESCAPED: { readonly [sign: string]: string } = { "\\\\": "\\", "\\,": ",", "\\=": "=" };

const splitTerms = (text: string): readonly string[] => text.match(/(?:\\.|[^,\\])+/gu) ?? [];

/** `a=b,c!=d`. @throws ApiError 400 */
export const parseTerms = (text: string | null): readonly Term[] => {
  if (text === null || text === "") return [];
  return splitTerms(text).map((term) => {
    const match = /^(.*?)(!=|==|=)(.*)$/su.exec(term);
    if (match === null) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const value = (match[3] ?? "").replaceAll(/\\[\\,=]/gu, (escaped) => UNESCAPED[escaped] ?? escaped);
    return { field: match[1] ?? "", value, isEqual: match[2] !== "!=" };
  });
};

const readField = (field: string, definition: KindDefinition): ((object: ApiObject) => string) => {
  if (field === "metadata.name") return ({ metadata }) => metadata?.name ?? "";
  if (field === "metadata.namespace") return ({ metadata }) => metadata?.namespace ?? "";
  const read = definition.selectableFields?.[field];
  if (read === undefined) throw badRequest(`field label not supported: ${field}`);
  return read;
};

/** Parses a field selector for objects of the kind. @throws ApiError 400 */
export const parseFieldSelector = (text: string | null, definition: KindDefinition): FieldSelector => {
  const terms = parseTerms(text).map((term) => ({ ...term, read: readField(term.field, definition) }));
  return {
    matches: (object) => terms.every(({ read, value, isEqual }) => (read(object) === value) === isEqual),
    exact: (field) => terms.find((term) => term.field === field && term.isEqual)?.value,
  };
};
