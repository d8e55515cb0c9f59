import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { systemClock } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import { KubeletApiError } from "../errors.ts";
import type { RouteRequest } from "../route.ts";
import { askBackend } from "./backend.ts";
import { splice } from "./splice.ts";

/** Limits of proxied streams. */
export interface StreamLimits {
  /** Until the runtime's streaming server answers. Default 30 s. */
  readonly backendTimeoutMs?: number;
  /** Until a connection of which one direction has ended is closed when nothing moves any more. Default 60 s. */
  readonly lingerMs?: number;
  readonly clock?: Clock;
}

/** One connection to be proxied. */
export interface ProxiedStream {
  readonly request: RouteRequest;
  readonly response: ServerResponse;
  /** Asks the runtime for the URL; only once it is known that the client wants an upgrade. */
  readonly locate: () => Promise<string>;
}

/** Headers of one hop, and those that are made anew. */
const HOP: ReadonlySet<string> = new Set(["connection", "keep-alive", "transfer-encoding", "upgrade", "trailer", "te"]);

const pairsOf = ({ rawHeaders }: IncomingMessage): readonly (readonly [name: string, value: string])[] =>
  Array.from({ length: rawHeaders.length / 2 }, (_, index) => [rawHeaders[2 * index] ?? "", rawHeaders[2 * index + 1] ?? ""]);

const headOf = (answer: IncomingMessage): string => {
  const lines = pairsOf(answer).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${answer.statusCode ?? 101} ${answer.statusMessage ?? ""}\r\n${lines.join("")}\r\n`;
};

/** The runtime's refusal as it is: its status and body say what is wrong. */
const relayRefusal = async (answer: IncomingMessage, { request, response }: ProxiedStream): Promise<void> => {
  const { statusCode = 500, statusMessage } = answer;
  if (statusCode < 400) {
    answer.destroy();
    throw new KubeletApiError("internal", `invalid upgrade response: status code ${statusCode}\n`);
  }
  response.statusCode = statusCode;
  if (statusMessage !== undefined) response.statusMessage = statusMessage;
  for (const [name, value] of pairsOf(answer)) if (!HOP.has(name.toLowerCase())) response.appendHeader(name, value);
  await pipeline(answer, response, { signal: request.signal });
};

/**
 * Hands the client's connection through to the runtime's streaming server, whatever protocol they speak: SPDY/3.1 (which is what the API
 * server translates WebSockets to), or WebSocket. Resolves when both ends are closed.
 */
export const proxyStream = async (stream: ProxiedStream, limits: StreamLimits): Promise<void> => {
  const { backendTimeoutMs = 30_000, lingerMs = 60_000, clock = systemClock } = limits;
  const { method, signal, upgrade } = stream.request;
  if (upgrade === undefined) throw new KubeletApiError("internal", "Upgrade request required\n");
  const url = await stream.locate();
  const backend = await askBackend({ url, method, upgrade, signal, clock, timeoutMs: backendTimeoutMs });
  if (backend.kind === "refused") return relayRefusal(backend.answer, stream);
  if (signal.aborted) {
    backend.socket.destroy();
    signal.throwIfAborted();
  }
  const { socket, head } = upgrade.takeConnection();
  socket.write(headOf(backend.answer), "latin1");
  if (backend.head.length > 0) socket.write(backend.head);
  if (head.length > 0) backend.socket.write(head);
  await splice({ client: socket, backend: backend.socket }, { signal, clock, lingerMs });
};
