import { connect as connectHttp2 } from "node:http2";
import type { IncomingHttpHeaders } from "node:http2";
import { connect as connectSocket } from "node:net";
import { systemClock } from "@nk/stdx";
import { LabError, isLabError } from "./errors.ts";

/**
 * One unary CRI call, its messages as bytes; the request is empty by default. A dozen lines of gRPC instead of a client, because the lab must not depend on the package
 * that it is there to test.
 */
export const callCri = (socket: string, method: string, request: Uint8Array = new Uint8Array()): Promise<Buffer> =>
  new Promise((resolve, reject) => {
    const session = connectHttp2("http://localhost", { createConnection: () => connectSocket(socket) });
    const fail = (error: unknown): void => {
      session.destroy();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    session.once("error", fail);
    session.setTimeout(30_000, () => fail(new Error(`no answer to ${method} within 30 s`)));
    const stream = session.request({
      ":method": "POST",
      ":path": `/runtime.v1.${method}`,
      "content-type": "application/grpc",
      te: "trailers",
    });
    const parts: Buffer[] = [];
    let status: string | undefined;
    let message = "";
    const take = (headers: IncomingHttpHeaders): void => {
      const { "grpc-status": code, "grpc-message": text } = headers;
      if (typeof code === "string") status = code;
      if (typeof text === "string") message = decodeURIComponent(text);
    };
    stream.on("response", take);
    stream.on("trailers", take);
    stream.on("data", (data: Buffer) => parts.push(data));
    stream.once("error", fail);
    stream.once("close", () => {
      session.close();
      if (status === "0") resolve(Buffer.concat(parts).subarray(5));
      // Unimplemented: containerd serves, but its CRI plugin did not load; that will not change.
      else if (status === "12") fail(new LabError("runtime-not-ready", `containerd's CRI plugin did not load: ${message}`));
      else fail(new Error(`${method} answered with gRPC status ${status ?? "none"}: ${message}`));
    });
    // A gRPC frame: one byte "not compressed", four of length, the message.
    const head = Buffer.alloc(5);
    head.writeUInt32BE(request.length, 1);
    stream.end(Buffer.concat([head, request]));
  });

/** What to wait for. */
export interface WaitForCriOptions {
  /** Image references the runtime must list. */
  readonly images: readonly string[];
  /** Why waiting makes no sense any more, such as the runtime's death. */
  readonly failure: () => string | undefined;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Waits until the runtime answers over CRI, has its network and lists the images; messages are searched, not decoded. */
export const waitForCri = async (socket: string, options: WaitForCriOptions): Promise<void> => {
  const deadline = systemClock.monotonicMs() + options.timeoutMs;
  let last: unknown;
  while (systemClock.monotonicMs() < deadline) {
    options.signal?.throwIfAborted();
    const failure = options.failure();
    if (failure !== undefined) throw new LabError("runtime-not-ready", failure);
    try {
      const status = await callCri(socket, "RuntimeService/Status");
      if (status.includes("NotReady")) throw new Error(`the runtime says ${/\w*NotReady/.exec(status.toString("latin1"))?.[0]}`);
      const images = options.images.length > 0 ? await callCri(socket, "ImageService/ListImages") : Buffer.alloc(0);
      const missing = options.images.find((image) => !images.includes(image));
      if (missing === undefined) return;
      throw new Error(`the runtime does not list ${missing}`);
    } catch (error) {
      if (isLabError(error)) throw error;
      last = error;
    }
    await systemClock.sleep(10, options.signal ? { signal: options.signal } : {});
  }
  throw new LabError("runtime-not-ready", `containerd at ${socket} did not become ready within ${options.timeoutMs} ms: ${String(last)}`, {
    cause: last,
  });
};
