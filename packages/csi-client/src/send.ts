import type { Metadata } from "@grpc/grpc-js";
import type { Clock } from "@nk/stdx";
import type { Channel } from "./channel.ts";
import { CsiError } from "./errors.ts";
import type { CsiErrorCode } from "./errors.ts";
import type { CsiMethods } from "./gen/csi/v1/methods.ts";
import { readGrpcError } from "./grpc-error.ts";
import type { UnaryMethod } from "./method.ts";
import { redactText, secretsOf } from "./redact.ts";

/** One attempt of one call. */
export interface Sending<Request, Response> {
  readonly channel: Channel;
  readonly key: keyof CsiMethods;
  readonly method: UnaryMethod<Request, Response>;
  readonly request: Request & object;
  /** What it is about, for errors. */
  readonly subject: string | undefined;
  /** `Infinity` for none. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly clock: Clock;
}

/** grpc-timeout has at most eight digits; 27 hours are as good as none. */
const LONGEST_GRPC_TIMEOUT_MS = 99_999_999;

/** The driver is told the deadline, so that it gives up too. grpc-js's own deadlines run on the system's clock only. */
const withTimeout = (metadata: Metadata, timeoutMs: number): Metadata => {
  if (timeoutMs <= LONGEST_GRPC_TIMEOUT_MS) metadata.set("grpc-timeout", `${String(Math.max(1, Math.ceil(timeoutMs)))}m`);
  return metadata;
};

/** What a driver says about a failure may be as long as a header can be; more than this helps nobody. */
const LONGEST_TEXT = 4096;

/** Says what was attempted on what; used for failures of every kind. */
export const describeCall = (call: { readonly method: { readonly name: string }; readonly subject: string | undefined }): string =>
  call.subject === undefined ? call.method.name : `${call.method.name} of ${JSON.stringify(call.subject.slice(0, 128))}`;

const failure = <Request, Response>(
  sending: Sending<Request, Response>,
  fault: { readonly code: CsiErrorCode; readonly text: string },
): CsiError => {
  const { channel, method, subject } = sending;
  const driverMessage = redactText(fault.text, secretsOf(sending.key, sending.request)).slice(0, LONGEST_TEXT);
  return new CsiError({
    code: fault.code,
    message: `${describeCall(sending)} on ${channel.path} failed with ${fault.code}: ${driverMessage}`,
    details: { method: method.name, endpoint: channel.path, ...(subject === undefined ? {} : { subject }), driverMessage },
  });
};

const toBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * Sends a request once. Rejects with a `CsiError`, whose cause is not kept because gRPC's own errors quote what was sent, or with
 * `signal.reason`.
 */
export const sendOnce = async <Request, Response>(sending: Sending<Request, Response>): Promise<Response> => {
  const { channel, method, signal, timeoutMs, clock } = sending;
  const { client, createMetadata } = await channel.open();
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const limits: Disposable[] = [];
    const release = (): void => limits.forEach((limit) => limit[Symbol.dispose]());
    const settle = (error: unknown, bytes: Buffer | undefined): void => {
      release();
      if (error !== null) return reject(failure(sending, readGrpcError(error)));
      if (bytes === undefined) return reject(failure(sending, { code: "bad-answer", text: "the answer has no message" }));
      try {
        resolve(method.response.decode(bytes));
      } catch (cause) {
        reject(failure(sending, readGrpcError(cause)));
      }
    };
    const call = client.makeUnaryRequest<Request, Buffer>(
      method.path,
      (message) => toBuffer(method.request.encode(message).finish()),
      // Read below: what cannot be read would be INTERNAL to grpc-js, as if the driver had failed and left nothing behind.
      (bytes) => bytes,
      sending.request,
      withTimeout(createMetadata(), timeoutMs),
      settle,
    );
    const giveUp = (reason: Error): void => {
      release();
      reject(reason);
      call.cancel();
    };
    const giveUpWith = (source: AbortSignal | undefined, reason: () => Error): void => {
      const onAbort = (): void => giveUp(reason());
      source?.addEventListener("abort", onAbort, { once: true });
      limits.push({ [Symbol.dispose]: () => source?.removeEventListener("abort", onAbort) });
    };
    giveUpWith(signal, () => signal?.reason as Error);
    // Not `closed`, which says that nothing was sent.
    giveUpWith(channel.closed, () => failure(sending, { code: "cancelled", text: "the client was closed" }));
    if (Number.isFinite(timeoutMs)) {
      const text = `no answer within ${String(Math.round(timeoutMs))} ms`;
      limits.push(clock.schedule(timeoutMs, () => giveUp(failure(sending, { code: "deadline-exceeded", text }))));
    }
  });
};
