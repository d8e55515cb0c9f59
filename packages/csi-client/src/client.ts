import { createKeyedExecutor, noopLogger, noopMetrics, noopTracer, systemClock, systemRandom } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import { createCalls } from "./calls.ts";
import type { CallContext, CsiCalls } from "./calls.ts";
import { createChannel } from "./channel.ts";
import type { Channel } from "./channel.ts";
import { parseEndpoint } from "./endpoint.ts";
import { CsiError } from "./errors.ts";
import { createCsiMetrics } from "./metrics.ts";
import { awaitReady, readDriverFacts } from "./open.ts";
import type { CsiDriverFacts, OpenInput } from "./open.ts";
import type { CsiCallsOptions, CsiClientOptions } from "./options.ts";
import { computeRefusal } from "./requirements.ts";
import type { CsiSupports } from "./supports.ts";

/** A client of one driver that is ready and has said what it can do. Connected until closed; reconnects by itself. */
export interface CsiClient extends CsiCalls, AsyncDisposable {
  /** Path of the driver's socket. */
  readonly endpoint: string;
  readonly driver: CsiDriverFacts;
  /** The same as `driver.supports`. */
  readonly supports: CsiSupports;
  /** Asks the driver again who it is and what it can do, for one that was upgraded. Calls under way are not concerned. */
  refresh(options?: { readonly signal?: AbortSignal }): Promise<CsiDriverFacts>;
  /** Closes the channel. Calls under way fail with `cancelled`, those that wait for their turn with `closed`. */
  close(): void;
}

/** Calls over one channel without any look at capabilities: for the opening, for tools, and for tests that mean to misbehave. */
export interface UncheckedCsiCalls extends CsiCalls, AsyncDisposable {
  readonly endpoint: string;
  close(): void;
}

const atLeast = (name: string, value: number, least: number): number => {
  if (value >= least) return value;
  throw new CsiError({ code: "invalid-option", message: `${name} is ${String(value)}, it must be at least ${String(least)}` });
};

interface Parts {
  /** Sent as they are. */
  readonly unchecked: CsiCalls;
  /** Refused when the driver cannot. */
  readonly checked: CsiCalls;
  readonly channel: Channel;
  readonly clock: Clock;
}

const assemble = (options: CsiCallsOptions, facts: () => CsiDriverFacts | undefined): Parts => {
  const { clock = systemClock, random = systemRandom, logger = noopLogger, metrics = noopMetrics, tracer = noopTracer } = options;
  const { maxAttempts = 5, initialMs = 100, maxMs = 2_000 } = options.retry ?? {};
  const { maxMessageBytes = 16 * 1024 * 1024, reconnectMaxMs = 500, maxQueuedCalls = 10_000 } = options;
  const channel = createChannel({
    path: parseEndpoint(options.endpoint),
    maxMessageBytes,
    reconnectMaxMs: atLeast("reconnectMaxMs", reconnectMaxMs, 1),
  });
  const context: CallContext = {
    channel,
    clock,
    random,
    timeoutMs: atLeast("timeoutMs", options.timeoutMs ?? 120_000, 1),
    retry: {
      maxAttempts: atLeast("retry.maxAttempts", maxAttempts, 1),
      initialMs: atLeast("retry.initialMs", initialMs, 0),
      maxMs: atLeast("retry.maxMs", maxMs, 0),
    },
    lanes: createKeyedExecutor({ maxQueued: maxQueuedCalls }),
    observers: { clock, logger, tracer, metrics: createCsiMetrics(metrics), driverName: () => facts()?.name ?? "unknown-driver" },
    refusal: () => undefined,
  };
  const refusal: CallContext["refusal"] = (method, request) => {
    const driver = facts();
    return driver === undefined ? undefined : computeRefusal(method, request, driver);
  };
  return { unchecked: createCalls(context), checked: createCalls({ ...context, refusal }), channel, clock };
};

/** Makes calls that are sent whatever the driver says it can do. Nothing is opened before the first; throws `invalid-endpoint`. */
export const createUncheckedCsiCalls = (options: CsiCallsOptions): UncheckedCsiCalls => {
  const { unchecked, channel } = assemble(options, () => undefined);
  const close = (): void => channel[Symbol.dispose]();
  return { ...unchecked, endpoint: channel.path, close, [Symbol.asyncDispose]: async () => close() };
};

/**
 * Opens a client: waits until the driver listens and says that it is ready, and reads its capabilities, once. Throws `CsiError`
 * `invalid-endpoint` (no socket there, or no permission), `not-ready` (time is up), or what the driver answered.
 */
export const openCsiClient = async (options: CsiClientOptions): Promise<CsiClient> => {
  let driver: CsiDriverFacts | undefined;
  const { unchecked, checked, channel, clock } = assemble(options, () => driver);
  const close = (): void => channel[Symbol.dispose]();
  const timeoutMs = atLeast("openTimeoutMs", options.openTimeoutMs ?? 30_000, 1);
  const read = async (signal: AbortSignal | undefined): Promise<CsiDriverFacts> => {
    const input: OpenInput = { calls: unchecked, path: channel.path, clock, timeoutMs, endMs: clock.monotonicMs() + timeoutMs, signal };
    await awaitReady(input);
    driver = await readDriverFacts(input);
    return driver;
  };
  try {
    let known = await read(options.signal);
    return {
      ...checked,
      endpoint: channel.path,
      get driver() {
        return known;
      },
      get supports() {
        return known.supports;
      },
      refresh: async ({ signal } = {}) => {
        known = await read(signal);
        return known;
      },
      close,
      [Symbol.asyncDispose]: async () => close(),
    };
  } catch (error) {
    close();
    throw error;
  }
};
