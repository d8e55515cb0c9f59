import { podFullName, podRef } from "@nk/pod-model";
import { KubeletApiError, routeNotFound } from "../errors.ts";
import type { ContainersPort, StreamingPort } from "../ports.ts";
import type { Route, RouteRequest } from "../route.ts";
import { proxyStream } from "../streaming/proxy.ts";
import type { StreamLimits } from "../streaming/proxy.ts";
import { streamingRoute } from "../streaming/streaming-route.ts";
import { findPod } from "../streaming/target.ts";

const bad = (message: string): KubeletApiError => new KubeletApiError("bad-request", message);

const parsePort = (text: string, whole: string): number => {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (!(port <= 65_535)) throw bad(`unable to parse "${whole}" as a port: it is no number from 1 to 65535`);
  if (port < 1) throw bad(`port "${whole}" must be > 0`);
  return port;
};

/** Over a WebSocket the ports stand in the query; over SPDY each stream names its own (cri-streaming, portforward.NewV4Options). */
const parsePorts = ({ upgrade, query }: RouteRequest): readonly number[] => {
  if (upgrade?.protocol.toLowerCase() !== "websocket") return [];
  const texts = query.getAll("port");
  if (texts.length === 0) throw bad('query parameter "port" is required');
  return texts.flatMap((text) => {
    if (text === "") throw bad('query parameter "port" cannot be empty');
    return text.split(",").map((port) => parsePort(port, text));
  });
};

/** `/portForward/NAMESPACE/POD[/UID]`: TCP connections into a pod. */
export const portForwardRoute = (
  ports: { readonly containers: ContainersPort; readonly streaming: Pick<StreamingPort, "portForward"> },
  limits: StreamLimits = {},
): Route =>
  streamingRoute("/portForward", async (request, response) => {
    const { signal } = request;
    const [namespace, pod, uid, ...more] = request.rest;
    if (namespace === undefined || pod === undefined || more.length > 0) throw routeNotFound();
    const wanted = parsePorts(request);
    const ref = podRef(findPod(ports.containers, { namespace, pod, uid }));
    const sandboxId = await ports.containers.findSandbox(ref.uid, { signal });
    if (sandboxId === undefined) throw new KubeletApiError("internal", `pod not found ("${podFullName(ref)}")`);
    const locate = (): Promise<string> => ports.streaming.portForward({ sandboxId, ports: wanted }, { signal });
    await proxyStream({ request, response, locate }, limits);
  });
