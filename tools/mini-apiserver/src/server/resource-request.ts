import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock, Logger, RandomSource } from "@nk/stdx";
import { badRequest } from "../api-error.ts";
import type { Admitter, ApiObject, Store, UserInfo } from "../contracts.ts";
import { invalidObject, notSupported } from "../kinds/field-error.ts";
import { groupVersionOf } from "../kinds/kind-definition.ts";
import type { KindDefinition, SubresourceDefinition, WriteContext } from "../kinds/kind-definition.ts";
import type { ObjectTarget } from "../rest/object-target.ts";
import { parseBody, readBody } from "./body.ts";
import { decodeObject } from "./decode.ts";
import type { Expected } from "./decode.ts";
import type { RequestInfo } from "./request-info.ts";

/** What every verb needs of the server. */
export interface ServerParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly logger: Logger;
  readonly admitters: readonly Admitter[];
  readonly limits: ServerLimits;
  /** Counts the watches that are open. */
  readonly openWatches: { count: number };
}

/** Bounds on what clients may ask for. */
export interface ServerLimits {
  /** Default 3 MiB. */
  readonly maxBodyBytes: number;
  /** Open at the same time; default 2000. */
  readonly maxWatches: number;
  /** A watch that names no end ends after this and up to twice as long; default 1800. */
  readonly minWatchSeconds: number;
  /** How often a watch that wants bookmarks gets one; default 60. */
  readonly bookmarkSeconds: number;
}

/** One authorized request to a kind that is stored. */
export interface ResourceRequest {
  readonly info: RequestInfo;
  readonly definition: KindDefinition;
  readonly subresource: SubresourceDefinition | undefined;
  readonly user: UserInfo;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
  readonly warnings: string[];
  readonly parts: ServerParts;
}

const VALIDATIONS = ["Ignore", "Strict", "Warn"];

/** `fieldValidation` of a write's query. @throws ApiError 422 */
export const readFieldValidation = ({ query }: RequestInfo, optionsKind: string): string => {
  const asked = query.get("fieldValidation") ?? "";
  if (asked !== "" && !VALIDATIONS.includes(asked)) {
    throw invalidObject({ group: "meta.k8s.io", kind: optionsKind }, "", [notSupported("fieldValidation", asked, ["", ...VALIDATIONS])]);
  }
  return asked === "" ? "Warn" : asked;
};

/** Whether `dryRun=All` was asked. @throws ApiError 422 */
export const readDryRun = ({ query }: RequestInfo, optionsKind: string): boolean => {
  const asked = query.getAll("dryRun").filter((value) => value !== "");
  if (asked.some((value) => value !== "All")) {
    throw invalidObject({ group: "meta.k8s.io", kind: optionsKind }, "", [notSupported("dryRun", asked, ["All"])]);
  }
  return asked.length > 0;
};

/** The context strategies and admission see. */
export const writeContextOf = ({ parts, user, warnings, info }: ResourceRequest): WriteContext => ({
  store: parts.store,
  clock: parts.clock,
  random: parts.random,
  user,
  warn: (text) => void warnings.push(text),
  admit: (write) => {
    let { object } = write;
    for (const admitter of parts.admitters) {
      object = admitter.admit({ user, attributes: info.attributes, ...write, ...(object === undefined ? {} : { object }) }) ?? object;
    }
    return object;
  },
});

/** Whose kind a body has to be. */
export const expectedOf = ({ definition, subresource }: Pick<ResourceRequest, "definition" | "subresource">): Expected =>
  subresource?.view ?? definition;

/** Reads and decodes the body of a create or update. @throws ApiError 400, 413, 415 */
export const readObject = async (call: ResourceRequest, optionsKind: string): Promise<ApiObject> => {
  const { request, signal, parts, info, warnings } = call;
  const expected = expectedOf(call);
  const validation = readFieldValidation(info, optionsKind);
  const body = await readBody(request, { limitBytes: parts.limits.maxBodyBytes, signal, clock: parts.clock });
  const value = parseBody(body, request.headers["content-type"], expected.kind);
  return decodeObject(value, expected, { validation, warn: (text) => void warnings.push(text) });
};

/** Which object the request names. @throws ApiError 400 */
export const targetOf = ({ info, definition, subresource }: ResourceRequest, dryRun: boolean): ObjectTarget => {
  const { name, namespace } = info.attributes;
  if (name === undefined) throw badRequest("name must be provided");
  return { definition, subresource, name, dryRun, ...(definition.namespaced ? { namespace } : {}) };
};

/** The object as this endpoint shows it: a subresource may be of another kind. */
export const presentObject = (object: ApiObject, { subresource }: Pick<ResourceRequest, "subresource">): ApiObject => {
  const view = subresource?.view;
  if (view === undefined) return object;
  return { kind: view.kind, apiVersion: groupVersionOf(view), ...view.read(object) };
};
