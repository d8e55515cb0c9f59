import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { ApiError, badRequest, internalError } from "../api-error.ts";
import type { Store, SubresourceHandler, SubresourceRequest } from "../contracts.ts";
import type { Backend } from "./backend.ts";
import { chooseContainer, isOn, locateKubelet, podOfRequest } from "./kubelet-location.ts";

const SWITCHES = ["follow", "previous", "timestamps"];
const VALUES = ["sinceSeconds", "sinceTime", "tailLines", "limitBytes", "stream"];

/** More of a kubelet's refusal is not read. */
const MAX_REASON_BYTES = 50_000;

const logQuery = (query: URLSearchParams): string => {
  const passed = new URLSearchParams();
  for (const name of SWITCHES) if (isOn(query, name)) passed.append(name, "true");
  for (const name of VALUES) {
    const value = query.get(name);
    if (value !== null && value !== "") passed.append(name, value);
  }
  const text = passed.toString();
  return text === "" ? "" : `?${text}`;
};

const readReason = async (response: IncomingMessage): Promise<string> => {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length > MAX_REASON_BYTES) break;
  }
  return Buffer.concat(chunks).toString("utf8").slice(0, MAX_REASON_BYTES).trimEnd();
};

/** What the kubelet's refusal becomes (NewGenericHttpResponseChecker in registry/generic/rest). */
const refusal = async (response: IncomingMessage, podName: string): Promise<ApiError> => {
  const reason = await readReason(response);
  const { statusCode = 500 } = response;
  if (statusCode === 400) return badRequest(reason);
  if (statusCode === 500) return internalError(reason);
  const isGone = statusCode === 404;
  const message = isGone
    ? `the server could not find the requested resource ( pods/log ${podName})`
    : `the server responded with the status code ${statusCode} but did not return more information ( pods/log ${podName})`;
  const causes = reason === "" ? [] : [{ reason: "UnexpectedServerResponse", message: reason }];
  return new ApiError(message, {
    code: statusCode,
    reason: isGone ? "NotFound" : "InternalError",
    details: { name: podName, kind: "pods/log", causes },
  });
};

/** `GET pods/log`: the kubelet's containerLogs, at the pace of the client, and closed as soon as the client goes. */
export const createPodLog = (options: { readonly store: Store; readonly backend: Backend }): SubresourceHandler => ({
  group: "",
  resource: "pods",
  subresource: "log",
  discovery: { kind: "Pod", verbs: ["get"] },
  async handle({ attributes, query, signal }: SubresourceRequest, response: ServerResponse) {
    const { store, backend } = options;
    const pod = podOfRequest(store, attributes);
    const container = chooseContainer(pod, query.get("container"));
    const { nodeName = "" } = pod.spec ?? {};
    if (nodeName === "") {
      response.writeHead(204).end();
      return;
    }
    const { host, port } = locateKubelet(store, nodeName);
    const path = `/containerLogs/${attributes.namespace ?? ""}/${attributes.name ?? ""}/${container}${logQuery(query)}`;
    const answer = await backend.send({ scheme: "https", host, port, method: "GET", path, headers: {}, signal }).catch((error: unknown) => {
      const text = error instanceof Error ? error.message : "failed";
      throw new ApiError(`Get "https://${host}:${port}${path}": ${text}`, { code: 500, reason: "" });
    });
    const log = answer.response;
    if (answer.kind === "upgraded" || (log.statusCode ?? 500) < 200 || (log.statusCode ?? 500) > 206) {
      throw await refusal(log, attributes.name ?? "");
    }
    response.writeHead(200, { "Content-Type": "text/plain" });
    // A follower must learn that the log is open before its first line.
    response.flushHeaders();
    // Either side may go at any time; pipeline closes the other one.
    await pipeline(log, response).catch(() => undefined);
  },
});
