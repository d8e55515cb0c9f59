import type { ClientHttp2Session, ClientHttp2Stream } from "node:http2";
import { connect, constants } from "node:http2";
import type { Clock } from "@nk/stdx";
import { computeBackoffMs, formatGoDuration, raceSignal } from "@nk/stdx";
import { openConnection, shield, waitForConnect } from "./connection.ts";
import { decodeHealthResponse, encodeHealthRequest } from "./grpc-message.ts";
import { foreignStatus, grpcCodeName, grpcStatus, isGrpc, statusOfReset, statusOfTrailers } from "./grpc-status.ts";
import type { GrpcStatus } from "./grpc-status.ts";
import { joinHostPort } from "./network-error.ts";
import type { ProbeVerdict } from "./outcome.ts";
import { MAX_OUTPUT_BYTES } from "./outcome.ts";

export interface GrpcProbe {
  readonly host: string;
  readonly port: number;
  /** Empty: the server as a whole. */
  readonly service: string;
  readonly userAgent: string;
  readonly timeoutMs: number;
}

/** The header has eight digits. */
const MAX_TIMEOUT_MS = 99_999_999;
const MAX_FRAME_BYTES = 5 + MAX_OUTPUT_BYTES;

interface OpenSession extends Disposable {
  readonly session: ClientHttp2Session;
  /** Whether the connection still stands. */
  readonly isAlive: () => boolean;
}

const errorOf = (reason: unknown): Error => (reason instanceof Error ? reason : new Error(String(reason)));

/** The server has greeted: without its SETTINGS a connection counts for nothing in gRPC. */
const waitForGreeting = (session: ClientHttp2Session, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    const fail = (reason: unknown) => (): void => {
      signal.removeEventListener("abort", onAbort);
      reject(errorOf(reason));
    };
    const onAbort = (): void => reject(errorOf(signal.reason));
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    session.once("remoteSettings", () => {
      signal.removeEventListener("abort", onAbort);
      resolve();
    });
    session.once("error", (error) => fail(error)());
    session.once("close", fail("the connection was closed"));
  });

const openSession = async (probe: GrpcProbe, signal: AbortSignal): Promise<OpenSession> => {
  const connection = openConnection(probe);
  const { socket } = connection;
  let session: ClientHttp2Session | undefined;
  const close = (): void => {
    session?.destroy();
    connection[Symbol.dispose]();
  };
  try {
    await waitForConnect(socket, signal);
    session = connect(`http://${joinHostPort(probe.host, probe.port)}`, {
      createConnection: () => shield(socket),
      settings: { enablePush: false },
    });
    // What goes wrong after the answer concerns nobody; before it there are other listeners.
    session.on("error", () => undefined);
    await waitForGreeting(session, signal);
    return { session, isAlive: () => !socket.destroyed && !socket.readableEnded, [Symbol.dispose]: close };
  } catch (error) {
    close();
    throw error;
  }
};

/** As gRPC connects: again and again until the time is up; sooner than its second, of which most time limits have but one. */
const openInTime = async (probe: GrpcProbe, signal: AbortSignal, clock: Clock): Promise<OpenSession | undefined> => {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await openSession(probe, signal);
    } catch {
      if (signal.aborted) return undefined;
    }
    const delayMs = computeBackoffMs({ attempt, initialMs: 100, factor: 1.6, maxMs: 120_000 });
    await clock.sleep(delayMs, { signal }).catch(() => undefined);
    if (signal.aborted) return undefined;
  }
};

interface Answer {
  readonly status: GrpcStatus;
  readonly frame: Buffer;
}

/** Gathers one answer; resolves when the stream is over, whatever became of it. */
const readAnswer = (stream: ClientHttp2Stream, isAlive: () => boolean): Promise<Answer> =>
  new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    let status: GrpcStatus | undefined;
    const hangUp = (): void => stream.close(constants.NGHTTP2_CANCEL);
    stream.on("response", (headers, flags) => {
      if (!isGrpc(headers)) {
        status = foreignStatus(headers);
        hangUp();
      } else if ((flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0) status = statusOfTrailers(headers);
    });
    stream.on("trailers", (trailers) => void (status ??= statusOfTrailers(trailers)));
    // May come before the response is told of.
    stream.on("data", (chunk: Buffer) => {
      if (bytes < MAX_FRAME_BYTES) chunks.push(chunk.subarray(0, MAX_FRAME_BYTES - bytes));
      bytes += chunk.length;
      if (bytes > MAX_FRAME_BYTES) hangUp();
    });
    // The close tells what it was.
    stream.on("error", () => undefined);
    const endedBy = (): GrpcStatus => {
      // The decoder says that it is too long.
      if (bytes > MAX_FRAME_BYTES) return grpcStatus("OK", "");
      return isAlive() ? statusOfReset(stream.rstCode) : grpcStatus("Unavailable", "error reading from server: EOF");
    };
    stream.on("close", () => resolve({ status: status ?? endedBy(), frame: Buffer.concat(chunks) }));
  });

const check = async (opened: OpenSession, probe: GrpcProbe, signal: AbortSignal): Promise<Answer | undefined> => {
  const stream = opened.session.request({
    ":method": "POST",
    ":path": "/grpc.health.v1.Health/Check",
    "content-type": "application/grpc",
    "user-agent": probe.userAgent,
    te: "trailers",
    "grpc-timeout": `${Math.min(MAX_TIMEOUT_MS, Math.max(1, Math.ceil(probe.timeoutMs)))}m`,
  });
  const answered = readAnswer(stream, opened.isAlive);
  stream.end(encodeHealthRequest(probe.service));
  try {
    // Not by closing the stream: one that the server has not let begin (MAX_CONCURRENT_STREAMS 0) tells of no close while its session lives.
    return await raceSignal(answered, signal);
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
};

const judge = ({ status, frame }: Answer, limit: string): ProbeVerdict => {
  const decoded = status.code === 0 ? decodeHealthResponse(frame) : { problem: status };
  if ("serving" in decoded) {
    return decoded.serving === "SERVING"
      ? { verdict: "success", output: "service healthy" }
      : { verdict: "failure", output: `service unhealthy (responded with "${decoded.serving}")` };
  }
  const { code, message } = decoded.problem;
  const name = grpcCodeName(code);
  if (name === "Unimplemented") {
    const output = `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${message}`;
    return { verdict: "failure", output };
  }
  if (name === "DeadlineExceeded") return { verdict: "failure", output: `timeout: health rpc did not complete within ${limit}` };
  return { verdict: "failure", output: `error: health rpc probe failed: rpc error: code = ${name} desc = ${message}` };
};

/**
 * `grpc.health.v1.Health/Check` without TLS; only SERVING is a success, everything else a failure (reference: pkg/probe/grpc/grpc.go). The
 * signal is the time limit, `timeoutMs` what is said of it.
 */
export const probeGrpc = async (probe: GrpcProbe, signal: AbortSignal, clock: Clock): Promise<ProbeVerdict> => {
  const limit = formatGoDuration(probe.timeoutMs);
  using opened = await openInTime(probe, signal, clock);
  if (opened === undefined) {
    const address = joinHostPort(probe.host, probe.port);
    return { verdict: "failure", output: `timeout: failed to connect service "${address}" within ${limit}: context deadline exceeded` };
  }
  const answer = await check(opened, probe, signal);
  return answer === undefined
    ? { verdict: "failure", output: `timeout: health rpc did not complete within ${limit}` }
    : judge(answer, limit);
};
