import type { Duplex } from "node:stream";
import { ApiError, badRequest, forbidden } from "../api-error.ts";
import type { Authorizer, Store, SubresourceHandler, SubresourceRequest } from "../contracts.ts";
import { forwardedHeaders } from "./backend.ts";
import type { Backend } from "./backend.ts";
import { chooseContainer, isOn, locateKubelet, podOfRequest } from "./kubelet-location.ts";
import type { KubeletLocation } from "./kubelet-location.ts";
import { joinUpgraded, refuseUpgrade } from "./tunnel.ts";

/** What the handlers of exec, attach and port-forward take. */
export interface PodStreamsOptions {
  readonly store: Store;
  readonly backend: Backend;
  readonly authorizer: Authorizer;
}

/** What a kubelet declares that terminates the newer WebSocket protocols itself (KEP-4006). */
const WEBSOCKET_FEATURE = "ExtendWebSocketsToKubelet";

/**
 * What a runtime's streaming server understands without that: `v5.channel.k8s.io` and tunnelled SPDY came after it. Clients that offer
 * nothing else get a refusal, on which kubectl falls back to SPDY.
 */
const OLD_PROTOCOL = /^((v4\.)?(base64\.)?channel\.k8s\.io|portforward\.k8s\.io|v4\.base64\.channel\.k8s\.io)$/u;

const checkProtocol = ({ request }: SubresourceRequest, kubelet: KubeletLocation): void => {
  if (request.headers.upgrade?.toLowerCase() !== "websocket" || kubelet.features.includes(WEBSOCKET_FEATURE)) return;
  const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((text) => text.trim());
  const isNew = offered.every((protocol) => protocol !== "" && !OLD_PROTOCOL.test(protocol));
  if (!isNew) return;
  throw badRequest(
    `the node's kubelet does not declare ${WEBSOCKET_FEATURE}: none of the WebSocket protocols ${offered.join(", ")} is supported; use SPDY/3.1`,
  );
};

/** Since 1.35 a WebSocket, which is a GET, needs leave to create all the same (AuthorizePodWebsocketUpgradeCreatePermission). */
const checkCreate = async ({ user, attributes }: SubresourceRequest, authorizer: Authorizer): Promise<void> => {
  if (attributes.verb === "create") return;
  const { allowed, reason } = await authorizer.authorize(user, { ...attributes, verb: "create" });
  if (allowed) return;
  const { namespace = "", name = "", subresource = "" } = attributes;
  const text = `User "${user.username}" cannot create resource "pods/${subresource}" in API group "" in the namespace "${namespace}"`;
  throw forbidden({ group: "", resource: "pods" }, name, { text: reason === "" ? text : `${text}: ${reason}` });
};

const nodeOf = (request: SubresourceRequest, store: Store): string => {
  const nodeName = podOfRequest(store, request.attributes).spec?.nodeName ?? "";
  if (nodeName === "") throw badRequest(`pod ${request.attributes.name ?? ""} does not have a host assigned`);
  return nodeName;
};

/** The part of the path that names the pod; names were validated when they were stored. */
const podPath = ({ attributes }: SubresourceRequest): string => `${attributes.namespace ?? ""}/${attributes.name ?? ""}`;

const containerPath =
  (verb: "exec" | "attach") =>
  (request: SubresourceRequest, store: Store): string => {
    const { query } = request;
    const container = chooseContainer(podOfRequest(store, request.attributes), query.get("container"));
    const passed = new URLSearchParams();
    for (const command of verb === "exec" ? query.getAll("command") : []) passed.append("command", command);
    // The kubelet's names for them (pkg/apis/core, ExecStdinParam and the like).
    for (const [from, to] of Object.entries({ stdin: "input", stdout: "output", stderr: "error", tty: "tty" })) {
      if (isOn(query, from)) passed.append(to, "1");
    }
    return `/${verb}/${podPath(request)}/${container}?${passed.toString()}`;
  };

const portForwardPath = (request: SubresourceRequest): string => {
  const ports = request.query.getAll("ports").flatMap((value) => value.split(","));
  if (ports.some((port) => !/^\d{1,5}$/u.test(port) || Number(port) < 1 || Number(port) > 65_535)) {
    throw badRequest(`ports: Invalid value: "${ports.join(",").slice(0, 100)}": must be between 1 and 65535`);
  }
  const passed = ports.length === 0 ? "" : `?port=${ports.join(",")}`;
  return `/portForward/${podPath(request)}${passed}`;
};

const unreachable = (error: unknown): ApiError =>
  new ApiError(`error dialing backend: ${error instanceof Error ? error.message : "failed"}`, { code: 500, reason: "" });

const createStream = (
  what: { readonly subresource: string; readonly kind: string; readonly pathOf: (request: SubresourceRequest, store: Store) => string },
  options: PodStreamsOptions,
): SubresourceHandler => ({
  group: "",
  resource: "pods",
  subresource: what.subresource,
  discovery: { kind: what.kind, verbs: ["create", "get"] },
  handle: () => Promise.reject(badRequest("Upgrade request required")),
  async upgrade(request: SubresourceRequest, socket: Duplex, head: Buffer) {
    const { store, backend, authorizer } = options;
    await checkCreate(request, authorizer);
    const path = what.pathOf(request, store);
    const kubelet = locateKubelet(store, nodeOf(request, store));
    checkProtocol(request, kubelet);
    const { method = "GET" } = request.request;
    const headers = forwardedHeaders(request.request, true);
    const { host, port } = kubelet;
    const answer = await backend
      .send({ scheme: "https", host, port, method, path, headers, signal: request.signal })
      .catch((error: unknown) => {
        throw unreachable(error);
      });
    if (answer.kind === "upgraded") await joinUpgraded({ socket, head }, answer);
    else await refuseUpgrade(socket, answer.response);
  },
});

/** `pods/exec`, `pods/attach`, `pods/portforward`: passed on to the kubelet byte by byte, whatever protocol the client and it agree on. */
export const createPodStreams = (options: PodStreamsOptions): readonly SubresourceHandler[] => [
  createStream({ subresource: "exec", kind: "PodExecOptions", pathOf: containerPath("exec") }, options),
  createStream({ subresource: "attach", kind: "PodAttachOptions", pathOf: containerPath("attach") }, options),
  createStream({ subresource: "portforward", kind: "PodPortForwardOptions", pathOf: portForwardPath }, options),
];
