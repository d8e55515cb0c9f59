import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { badRequest, methodNotAllowed, unknownPath } from "../api-error.ts";
import type { ApiObject, SubresourceHandler, SubresourceRequest, UserInfo, VirtualResource } from "../contracts.ts";
import type { Discovery } from "../discovery/discovery.ts";
import { ALL_VERBS } from "../kinds/kind-definition.ts";
import type { KindDefinition, SubresourceDefinition } from "../kinds/kind-definition.ts";
import type { KindRegistry } from "../kinds/registry.ts";
import { parseBody, readBody } from "./body.ts";
import { serveDelete, serveDeleteCollection } from "./delete-verbs.ts";
import { servePatch } from "./patch-verb.ts";
import { serveGet, serveList } from "./read-verbs.ts";
import type { RequestInfo } from "./request-info.ts";
import type { ResourceRequest, ServerParts } from "./resource-request.ts";
import { sendAnswer } from "./respond.ts";
import { streamWatch } from "./stream-watch.ts";
import { serveCreate, serveUpdate } from "./write-verbs.ts";

/** An authorized request. */
export interface Call {
  readonly info: RequestInfo;
  readonly user: UserInfo;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly signal: AbortSignal;
  readonly warnings: string[];
}

/** The same that wants another protocol. */
export type UpgradeCall = Omit<Call, "response" | "warnings"> & { readonly socket: Duplex; readonly head: Buffer };

/** What a router leads to. */
export interface RouterOptions {
  readonly parts: ServerParts;
  readonly registry: KindRegistry;
  readonly discovery: Discovery;
  readonly subresources: readonly SubresourceHandler[];
  readonly virtualResources: readonly VirtualResource[];
}

/** Finds who answers. @throws ApiError 404, 405 and what the answering part throws */
export interface Router {
  route(call: Call): Promise<void>;
  upgrade(call: UpgradeCall): Promise<void>;
}

const SERVE: { readonly [verb: string]: (call: ResourceRequest) => Promise<void> | void } = {
  get: serveGet,
  list: serveList,
  watch: streamWatch,
  create: serveCreate,
  update: serveUpdate,
  patch: servePatch,
  delete: serveDelete,
  deletecollection: serveDeleteCollection,
};

const verbsOf = (definition: KindDefinition, subresource: SubresourceDefinition | undefined): readonly string[] =>
  subresource?.verbs ?? definition.verbs ?? ALL_VERBS;

/** Finds the plain subresource that the path names. @throws ApiError 404 */
const plainSubresourceOf = (definition: KindDefinition, { attributes, rest }: RequestInfo): SubresourceDefinition | undefined => {
  if (attributes.subresource === undefined) return undefined;
  const found = definition.subresources?.find(({ name }) => name === attributes.subresource);
  if (found === undefined || rest.length > 0) throw unknownPath();
  return found;
};

/** The verb as the path alone has it: a name in a field selector makes no GET of a list. */
const servePlain = async (call: Call, definition: KindDefinition, parts: ServerParts): Promise<void> => {
  const { attributes } = call.info;
  const subresource = plainSubresourceOf(definition, call.info);
  const serve = SERVE[attributes.verb];
  if (serve === undefined || !verbsOf(definition, subresource).includes(attributes.verb)) throw methodNotAllowed();
  if (definition.namespaced && attributes.namespace === undefined && !["list", "watch", "deletecollection"].includes(attributes.verb)) {
    throw attributes.verb === "create" ? methodNotAllowed() : unknownPath();
  }
  if (definition.deprecation !== undefined) call.warnings.push(definition.deprecation);
  await serve({ ...call, definition, subresource, parts });
};

const createSubresourceRequest = (call: Omit<Call, "response" | "warnings">, { limits, clock }: ServerParts): SubresourceRequest => {
  const { info, user, request, signal } = call;
  return {
    user,
    attributes: info.attributes,
    query: info.query,
    request,
    signal,
    async readBody() {
      const bytes = await readBody(request, { limitBytes: limits.maxBodyBytes, signal, clock });
      return bytes.length === 0 ? undefined : (parseBody(bytes, request.headers["content-type"], "object") as ApiObject);
    },
  };
};

/** A router over the kinds of the registry and what is plugged in. */
export const createRouter = ({ parts, registry, discovery, subresources, virtualResources }: RouterOptions): Router => {
  const findHandler = ({ attributes }: RequestInfo): SubresourceHandler | undefined =>
    attributes.subresource === undefined
      ? undefined
      : subresources.find(
          ({ group, resource, subresource }) =>
            group === attributes.group && resource === attributes.resource && subresource === attributes.subresource,
        );
  const findVirtual = ({ attributes }: RequestInfo): VirtualResource | undefined =>
    virtualResources.find(
      ({ group, version, resource }) => group === attributes.group && version === attributes.version && resource === attributes.resource,
    );

  const serveVirtual = async (call: Call, virtual: VirtualResource): Promise<void> => {
    if (call.info.attributes.verb !== "create") throw methodNotAllowed();
    const request = createSubresourceRequest(call, parts);
    const body = await request.readBody();
    if (body === undefined) throw badRequest(`the object provided is unrecognized (must be of type ${virtual.kind})`);
    const answer = await virtual.create(request, body);
    sendAnswer(call.response, { code: 201, body: JSON.stringify(answer), warnings: call.warnings });
  };

  return {
    async route(call) {
      const { info, request, response } = call;
      if (!info.isResource) {
        discovery.serve(info, request, response);
        return;
      }
      const { group = "", version = "", resource = "" } = info.attributes;
      const handler = findHandler(info);
      if (handler !== undefined) {
        await handler.handle(createSubresourceRequest(call, parts), response);
        return;
      }
      const definition = registry.find(group, version, resource);
      const virtual = findVirtual(info);
      if (definition !== undefined) await servePlain(call, definition, parts);
      else if (virtual !== undefined) await serveVirtual(call, virtual);
      else throw unknownPath();
    },
    async upgrade(call) {
      const handler = findHandler(call.info);
      if (handler?.upgrade === undefined) throw badRequest("the resource does not speak another protocol");
      await handler.upgrade(createSubresourceRequest(call, parts), call.socket, call.head);
    },
  };
};
