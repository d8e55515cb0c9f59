import type { Node } from "@nk/pod-model";
import { computeBackoffMs, createRateLimiter } from "@nk/stdx";
import { isNodeReady } from "./context.ts";
import type { Context } from "./context.ts";
import type { LeaseHeartbeat } from "./lease.ts";
import { createOwnership } from "./ownership.ts";
import type { Ownership } from "./ownership.ts";
import { createPodCidrOffer } from "./pod-cidr.ts";
import { createReportSchedule, report } from "./report.ts";
import type { ReportSchedule } from "./report.ts";
import { createWakeup } from "./wakeup.ts";

/** The loop that registers the node and reports its status. */
export interface StatusDriver {
  run(signal: AbortSignal): Promise<void>;
  observe(node: Node | undefined): void;
  wake(): void;
  readonly isRegistered: boolean;
}

const UPDATE_JITTER = 0.04;
const RETRY_JITTER = 0.2;
/** Doubling stops to matter long before; the exponent must not run away in an outage of days. */
const MAX_EXPONENT = 30;
/** Registering, reporting, and, when the node turns out to be gone, both again. */
const MAX_ROUNDS = 2;

/** How long to wait before the next look. */
const createTiming = (context: Context) => {
  const { ports, options } = context;
  const { clock, random, statusUpdateMs, runtimeDownAfterMs } = options;
  return {
    /** Until the regular update, or the moment a silent runtime is called down. */
    nextLookMs: (): number => {
      const updateMs = statusUpdateMs * (1 + UPDATE_JITTER * random());
      const health = ports.facts.current()?.runtime.health;
      if (health?.kind !== "answered" || health.outOfSyncSinceMs === undefined) return updateMs;
      const downInMs = health.outOfSyncSinceMs + runtimeDownAfterMs - clock.nowMs();
      return downInMs > 0 ? Math.min(updateMs, downInMs) : updateMs;
    },
    retryMs: (failures: number, isRegistered: boolean): number =>
      computeBackoffMs({
        attempt: Math.min(failures - 1, MAX_EXPONENT),
        initialMs: options.retryInitialMs,
        maxMs: isRegistered ? options.retryMaxMs : options.registerRetryMaxMs,
        jitter: RETRY_JITTER,
        random,
      }),
  };
};

/** The parts of a pass. */
interface PassParts {
  readonly ownership: Ownership;
  readonly schedule: ReportSchedule;
  readonly lease: LeaseHeartbeat;
}

/** One look at the facts. Resolves with whether the server was called; rejects when it could not be served. */
const runPass = async (context: Context, parts: PassParts, signal: AbortSignal): Promise<boolean> => {
  const { ports, options } = context;
  const { ownership, schedule, lease } = parts;
  const facts = ports.facts.current();
  if (facts === undefined || context.network() === undefined) return false;
  let hasCalled = false;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const claim = await ownership.claim(facts, signal);
    if (claim === "waiting") return hasCalled;
    if (claim === "claimed") {
      hasCalled = true;
      lease.nudge();
    }
    const outcome = await report(context, { facts, schedule, signal });
    if (outcome !== "gone") return hasCalled || outcome === "sent";
    ownership.lose();
    if (!options.registerNode) return true;
    options.logger.warn("the node object is gone", { node: options.settings.nodeName, reRegister: options.reRegister });
    hasCalled = true;
  }
  return hasCalled;
};

/** The driver of one node; one pass at a time, so at most one write of the status is under way. */
export const createStatusDriver = (context: Context, lease: LeaseHeartbeat): StatusDriver => {
  const { ports, options, cache } = context;
  const { clock, random, logger, settings } = options;
  const wakeup = createWakeup(clock);
  const schedule = createReportSchedule({ statusReportMs: options.statusReportMs, random });
  const ownership = createOwnership(context, schedule);
  const podCidr = createPodCidrOffer(context);
  const timing = createTiming(context);
  const limiter = createRateLimiter({ perSecond: options.patchesPerSecond, burst: options.patchBurst, clock });
  let failures = 0;

  const fail = (error: unknown): number => {
    failures += 1;
    if (failures === 1) logger.warn("the node's status was not sent, trying again", { node: settings.nodeName, error });
    if (failures === 2) ports.listener?.onRepeatedFailure?.();
    return timing.retryMs(failures, ownership.isOurs);
  };
  const look = async (signal: AbortSignal): Promise<{ readonly waitMs: number; readonly hasCalled: boolean }> => {
    const wasReady = isNodeReady(cache.node);
    try {
      const hasCalled = await runPass(context, { ownership, schedule, lease }, signal);
      if (failures > 0) lease.nudge();
      failures = 0;
      if (cache.node !== undefined) podCidr.offer(cache.node, signal);
      if (isNodeReady(cache.node) !== wasReady) logger.info("the node's readiness has changed", { isReady: !wasReady });
      return { waitMs: timing.nextLookMs(), hasCalled };
    } catch (error) {
      signal.throwIfAborted();
      return { waitMs: fail(error), hasCalled: true };
    }
  };

  return {
    wake: () => wakeup.wake(),
    get isRegistered() {
      return ownership.isOurs;
    },
    observe(node) {
      lease.nudge();
      if (ownership.observe(node)) wakeup.wake();
    },
    async run(signal) {
      try {
        for (;;) {
          const { waitMs, hasCalled } = await look(signal);
          // Passes that call the server have a rate, whoever wakes them: a fact that flaps, or a controller that writes what we write back.
          if (hasCalled) await limiter.acquire({ signal });
          await wakeup.wait({ timeoutMs: waitMs, signal });
        }
      } finally {
        await podCidr.settled();
      }
    },
  };
};
