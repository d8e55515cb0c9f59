import { ApiError } from "../api-error.ts";

/** In what form an answer goes out. */
export interface OutputForm {
  readonly format: "json" | "yaml";
  /** `Table`: rows to print; `Partial`: metadata only. */
  readonly as: "object" | "Table" | "Partial";
  /** Of meta.k8s.io, of a Table or partial metadata. */
  readonly version: string;
}

const PLAIN_JSON: OutputForm = { format: "json", as: "object", version: "v1" };
const JSON_TYPES: ReadonlySet<string> = new Set(["application/json", "application/*", "*/*"]);
const AS: { readonly [kind: string]: OutputForm["as"] } = {
  Table: "Table",
  PartialObjectMetadata: "Partial",
  PartialObjectMetadataList: "Partial",
};
const MAX_CLAUSES = 30;

interface Clause {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** The clauses of an Accept header, the most wanted first. */
export const parseAccept = (header: string): readonly Clause[] =>
  header
    .split(",")
    .slice(0, MAX_CLAUSES)
    .map((text): Clause => {
      const [type = "", ...words] = text.split(";").map((word) => word.trim());
      return { type: type.toLowerCase(), parameters: new Map(words.map((word) => word.split("=", 2) as [string, string])) };
    })
    .toSorted((a, b) => Number(b.parameters.get("q") ?? 1) - Number(a.parameters.get("q") ?? 1));

const formOf = ({ type, parameters }: Clause): OutputForm | undefined => {
  const format = JSON_TYPES.has(type) ? "json" : type === "application/yaml" ? "yaml" : undefined;
  if (format === undefined) return undefined;
  const kind = parameters.get("as");
  if (kind === undefined) return { format, as: "object", version: "v1" };
  const as = AS[kind];
  const version = parameters.get("v") ?? "";
  if (as === undefined || parameters.get("g") !== "meta.k8s.io" || (version !== "v1" && version !== "v1beta1")) return undefined;
  return { format, as, version };
};

/** Finds a form that both sides know. @throws ApiError 406 */
export const negotiate = (accept: string | undefined): OutputForm => {
  if (accept === undefined || accept === "" || accept === "application/json") return PLAIN_JSON;
  for (const clause of parseAccept(accept)) {
    const form = formOf(clause);
    if (form !== undefined) return form;
  }
  throw new ApiError("406: Not Acceptable\n\nAvailable representations: application/json, application/yaml", {
    code: 406,
    reason: "NotAcceptable",
    details: {},
  });
};
