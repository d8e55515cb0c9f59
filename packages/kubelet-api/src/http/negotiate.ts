import type { ServerResponse } from "node:http";
import { KubeletApiError } from "../errors.ts";
import { sendText } from "../route.ts";

/** In which form `/flagz` and `/statusz` are asked for. */
export type ZPageForm = { readonly kind: "text" } | ZPageObjectForm;

/** A versioned object. */
export interface ZPageObjectForm {
  readonly kind: "object";
  readonly apiVersion: string;
  readonly contentType: string;
  /** The page's name, when a newer version is there. */
  readonly deprecated?: string;
}

const GROUP = "config.k8s.io";
const VERSIONS = ["v1beta1", "v1alpha1"];

const parseRange = (range: string): { readonly type: string; readonly parameters: ReadonlyMap<string, string> } => {
  const [type = "", ...rest] = range.split(";").map((part) => part.trim());
  const parameters = new Map(rest.map((part): [string, string] => [part.split("=", 1)[0] ?? "", part.slice(part.indexOf("=") + 1)]));
  return { type: type.toLowerCase(), parameters };
};

/**
 * Text, or a versioned object for `application/json;v=v1beta1;g=config.k8s.io;as=KIND`. YAML and CBOR are not offered.
 * @throws KubeletApiError "not-acceptable"
 */
export const negotiateZPage = (accept: string | undefined, kind: string): ZPageForm => {
  if (accept === undefined || accept.trim() === "") return { kind: "text" };
  for (const range of accept.split(",").map(parseRange)) {
    const { type, parameters } = range;
    if (type === "*/*" || type === "text/*" || type === "text/plain") return { kind: "text" };
    const version = parameters.get("v") ?? "";
    if (type !== "application/json" || parameters.get("as") !== kind || parameters.get("g") !== GROUP) continue;
    if (!VERSIONS.includes(version)) continue;
    const contentType = `application/json;g=${GROUP};v=${version};as=${kind}`;
    const deprecated = version === VERSIONS[0] ? {} : { deprecated: kind.toLowerCase() };
    return { kind: "object", apiVersion: `${GROUP}/${version}`, contentType, ...deprecated };
  }
  throw new KubeletApiError("not-acceptable", `only text/plain and application/json;v=v1beta1;g=${GROUP};as=${kind} are accepted\n`);
};

/** Answers with the object that was asked for. */
export const sendZPage = (response: ServerResponse, form: ZPageObjectForm, object: unknown): void => {
  const { deprecated, contentType } = form;
  if (deprecated !== undefined)
    response.setHeader("Warning", `299 - "This version of the ${deprecated} endpoint is deprecated. Please use a newer version."`);
  sendText(response, `${JSON.stringify(object)}\n`, contentType);
};

/** The first lines of both pages in text. */
export const zPageHeader = (page: "flagz" | "statusz"): string =>
  `\nkubelet ${page}\nWarning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.\n`;
