import { isIP } from "node:net";
import { pipeline } from "node:stream/promises";
import { ApiError, badRequest, notFound } from "../api-error.ts";
import type { Store, SubresourceHandler, SubresourceRequest } from "../contracts.ts";
import { answerHeaders, forwardedHeaders } from "./backend.ts";
import type { Backend, BackendAnswer } from "./backend.ts";
import { locateKubelet, podOfRequest } from "./kubelet-location.ts";
import { joinUpgraded, refuseUpgrade } from "./tunnel.ts";

/** Where a proxied request goes. */
interface Target {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
}

/** `name`, `name:port` or `scheme:name:port`, as the last part of a path to proxy may be. */
const splitId = (id: string): { readonly scheme: string; readonly name: string; readonly port: string } => {
  const parts = id.split(":");
  const [first = "", second = "", third = ""] = parts;
  const split =
    parts.length === 1
      ? { scheme: "", name: first, port: "" }
      : parts.length === 2
        ? { scheme: "", name: first, port: second }
        : { scheme: first, name: second, port: third };
  if (parts.length > 3 || split.name === "" || !["", "http", "https"].includes(split.scheme))
    throw badRequest(`invalid proxy request "${id}"`);
  return split;
};

const portOf = (text: string): number => {
  const port = Number(text);
  if (!/^\d+$/u.test(text) || port < 1 || port > 65_535) throw badRequest(`invalid port "${text.slice(0, 20)}"`);
  return port;
};

const nodeTarget = (store: Store, id: string): Target => {
  const { scheme, name, port } = splitId(id);
  const kubelet = locateKubelet(store, name);
  // A port of its own speaks plain HTTP unless told otherwise; the kubelet's never does.
  const isKubelet = port === "" || Number(port) === kubelet.port;
  const chosen = scheme === "" ? (isKubelet ? "https" : "http") : scheme === "http" ? "http" : "https";
  return { scheme: chosen, host: kubelet.host, port: port === "" ? kubelet.port : portOf(port) };
};

/** What a pod's address must not be: this machine's own services are not for whoever may proxy to pods. */
const isAllowedAddress = (address: string): boolean =>
  isIP(address) !== 0 && !/^(127\.|0\.|169\.254\.|22[4-9]\.|23\d\.|255\.|::$|::1$|fe[89ab]|ff)/iu.test(address);

const podTarget = (store: Store, request: SubresourceRequest): Target => {
  const { scheme, name, port } = splitId(request.attributes.name ?? "");
  const pod = podOfRequest(store, { ...request.attributes, name });
  const host = pod.status?.podIP ?? "";
  if (!isAllowedAddress(host)) throw badRequest("address not allowed");
  const declared = pod.spec?.containers.flatMap((container) => container.ports ?? [])[0]?.containerPort ?? 80;
  return { scheme: scheme === "https" ? "https" : "http", host, port: port === "" ? declared : portOf(port) };
};

const PROXY_PATH = /^\/api\/v1\/(?:namespaces\/[^/?]+\/)?(?:nodes|pods)\/[^/?]+\/proxy(?=[/?]|$)/u;

/** What follows `/proxy` in the path as it was sent, with the query. */
const restOfPath = ({ request, attributes }: SubresourceRequest): string => {
  const { url = "/" } = request;
  const prefix = PROXY_PATH.exec(url)?.[0];
  if (prefix === undefined) throw notFound({ group: "", resource: attributes.resource ?? "" }, attributes.name ?? "");
  const rest = url.slice(prefix.length);
  return rest.startsWith("/") ? rest : `/${rest}`;
};

const send = async (
  backend: Backend,
  request: SubresourceRequest,
  to: { readonly target: Target; readonly isUpgrade: boolean },
): Promise<BackendAnswer> => {
  const { method = "GET" } = request.request;
  const hasBody = !to.isUpgrade && method !== "GET" && method !== "HEAD";
  try {
    return await backend.send({
      ...to.target,
      method,
      path: restOfPath(request),
      headers: forwardedHeaders(request.request, to.isUpgrade),
      ...(hasBody ? { body: request.request } : {}),
      signal: request.signal,
    });
  } catch (error) {
    if (error instanceof ApiError) throw error;
    const text = error instanceof Error ? error.message : "failed";
    throw new ApiError(`error trying to reach service: ${text}`, { code: 503, reason: "ServiceUnavailable" });
  }
};

const createProxy = (
  what: { readonly resource: string; readonly kind: string; readonly targetOf: (request: SubresourceRequest) => Target },
  backend: Backend,
): SubresourceHandler => ({
  group: "",
  resource: what.resource,
  subresource: "proxy",
  discovery: { kind: what.kind, verbs: ["create", "delete", "get", "patch", "update"] },
  async handle(request, response) {
    const answer = await send(backend, request, { target: what.targetOf(request), isUpgrade: false });
    response.writeHead(answer.response.statusCode ?? 502, answerHeaders(answer.response));
    response.flushHeaders();
    await pipeline(answer.response, response).catch(() => undefined);
  },
  async upgrade(request, socket, head) {
    const answer = await send(backend, request, { target: what.targetOf(request), isUpgrade: true });
    if (answer.kind === "upgraded") await joinUpgraded({ socket, head }, answer);
    else await refuseUpgrade(socket, answer.response);
  },
});

/** `nodes/proxy` (the kubelet's own API) and `pods/proxy`. `services/proxy` is not served. */
export const createProxies = (options: { readonly store: Store; readonly backend: Backend }): readonly SubresourceHandler[] => {
  const { store, backend } = options;
  return [
    createProxy(
      { resource: "nodes", kind: "NodeProxyOptions", targetOf: ({ attributes }) => nodeTarget(store, attributes.name ?? "") },
      backend,
    ),
    createProxy({ resource: "pods", kind: "PodProxyOptions", targetOf: (request) => podTarget(store, request) }, backend),
  ];
};
