import { computeBackoffMs, isDeadlineError, isStdxError, withDeadline } from "@nk/stdx";
import type { Clock, KeyedExecutor, RandomSource } from "@nk/stdx";
import type { Channel } from "./channel.ts";
import { findLie } from "./check-answer.ts";
import { CsiError, isCsiError } from "./errors.ts";
import type { DeepPartial } from "./gen/csi/v1/csi.ts";
import { CSI_METHODS } from "./gen/csi/v1/methods.ts";
import type { CsiMethods } from "./gen/csi/v1/methods.ts";
import type { UnaryMethod } from "./method.ts";
import { observeCall } from "./observe.ts";
import type { Observers } from "./observe.ts";
import type { CallOptions, CsiRetryOptions } from "./options.ts";
import { describeCall, sendOnce } from "./send.ts";
import { laneOf, subjectOf } from "./subject.ts";

/**
 * One function per RPC of CSI v1. Requests may be partial: what is left out has protobuf's default. They reject with a `CsiError`, or
 * with `signal.reason` when the caller's signal aborts.
 */
export type CsiCalls = {
  readonly [K in keyof CsiMethods]: CsiMethods[K] extends UnaryMethod<infer Request, infer Response>
    ? (request?: DeepPartial<Request>, options?: CallOptions) => Promise<Response>
    : never;
};

/** What every call of one client shares. */
export interface CallContext {
  readonly channel: Channel;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly observers: Observers;
  readonly timeoutMs: number;
  readonly retry: Required<CsiRetryOptions>;
  readonly lanes: KeyedExecutor;
  /** Why a request is not to be sent, or undefined. */
  refusal(method: keyof CsiMethods, request: object): string | undefined;
}

/** The codecs' type parameters are lost where the table is walked; each entry's own types are restored by {@link CsiCalls}. */
type AnyMethod = UnaryMethod<object, object>;

interface Call {
  readonly key: keyof CsiMethods;
  readonly method: AnyMethod;
  readonly request: object;
  readonly subject: string | undefined;
}

/** Here ABORTED says that the page does not exist: it will not come to exist. */
const PAGED: ReadonlySet<keyof CsiMethods> = new Set(["listVolumes", "listSnapshots"]);

const isWorthRepeating = (key: keyof CsiMethods, error: CsiError): boolean =>
  error.code === "unavailable" || (error.code === "aborted" && !PAGED.has(key));

const withAttempts = (error: CsiError, attempts: number): CsiError =>
  new CsiError({ code: error.code, message: error.message, details: { ...error.details, attempts } });

/** Sends until the driver gives an answer that is not "again". The signal carries the deadline of all attempts. */
const sendWithRetries = async (
  context: CallContext,
  call: Call,
  limit: { readonly endMs: number; readonly signal: AbortSignal | undefined },
): Promise<object> => {
  const { channel, clock, random, retry } = context;
  const { initialMs, maxMs } = retry;
  let before: CsiError | undefined;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const answer = await sendOnce({ ...call, channel, clock, signal: limit.signal, timeoutMs: limit.endMs - clock.monotonicMs() });
      const lie = findLie(call.key, answer, call.request);
      if (lie === undefined) return answer;
      throw new CsiError({
        code: "bad-answer",
        message: `${describeCall(call)} on ${channel.path} was answered with what cannot be: ${lie}`,
        details: { method: call.method.name, endpoint: channel.path, ...(call.subject === undefined ? {} : { subject: call.subject }) },
      });
    } catch (error) {
      if (!isCsiError(error)) throw error;
      // Closed between two attempts: what the first one did is as uncertain as it was.
      if (error.code === "closed" && before !== undefined) throw withAttempts(before, attempt - 1);
      const waitMs = computeBackoffMs({ attempt: attempt - 1, initialMs, maxMs, jitter: 0.2, random });
      // The driver's own word is worth more than "no time left".
      const isLast = attempt >= retry.maxAttempts || clock.monotonicMs() + waitMs >= limit.endMs;
      if (isLast || !isWorthRepeating(call.key, error)) throw withAttempts(error, attempt);
      before = error;
      await clock.sleep(waitMs, { signal: limit.signal });
    }
  }
};

/** Waits for the calls before it of the same volume, then sends. The wait counts against the deadline. */
const takeTurn = async (context: CallContext, call: Call, options: CallOptions): Promise<object> => {
  const { clock, lanes } = context;
  const timeoutMs = options.timeoutMs ?? context.timeoutMs;
  const limit = { endMs: clock.monotonicMs() + timeoutMs, signal: options.signal };
  const lane = laneOf(call.key, call.request);
  const details = { method: call.method.name, endpoint: context.channel.path };
  if (lane === undefined) return sendWithRetries(context, call, limit);
  using turn = withDeadline({ timeoutMs, clock, ...(options.signal === undefined ? {} : { signal: options.signal }) });
  try {
    return await lanes.run(lane, () => sendWithRetries(context, call, limit), { signal: turn.signal });
  } catch (error) {
    // The caller's own reason may be a deadline as well.
    options.signal?.throwIfAborted();
    if (isDeadlineError(error)) {
      const message = `${describeCall(call)} did not begin within ${String(timeoutMs)} ms: calls before it are still under way`;
      throw new CsiError({ code: "deadline-exceeded", message, details });
    }
    if (isStdxError(error) && error.code === "queue-full") {
      throw new CsiError({
        code: "queue-full",
        message: `${describeCall(call)} cannot wait for its turn: too many calls do already`,
        details,
      });
    }
    throw error;
  }
};

const createCall =
  (context: CallContext, key: keyof CsiMethods, method: AnyMethod) =>
  (partial: object = {}, options: CallOptions = {}): Promise<object> => {
    const { channel, observers } = context;
    const subject = subjectOf(partial);
    return observeCall(observers, { method: method.name, path: method.path, subject }, async () => {
      options.signal?.throwIfAborted();
      const request = method.request.fromPartial(partial);
      const call = { key, method, request, subject };
      const refusal = context.refusal(key, request);
      if (refusal === undefined) return takeTurn(context, call, options);
      const details = { method: method.name, endpoint: channel.path, ...(subject === undefined ? {} : { subject }) };
      throw new CsiError({ code: "unsupported", message: `${describeCall(call)} was not sent: ${refusal}`, details });
    });
  };

/** The functions of {@link CsiCalls} over one channel. */
export const createCalls = (context: CallContext): CsiCalls =>
  Object.fromEntries(
    Object.entries(CSI_METHODS as unknown as { readonly [key: string]: AnyMethod }).map(([key, method]) => [
      key,
      createCall(context, key as keyof CsiMethods, method),
    ]),
  ) as unknown as CsiCalls;
