import { computeBackoffMs, raceSignal } from "@nk/stdx";
import type { Clock, Logger, RandomSource } from "@nk/stdx";
import type { PlegMetrics } from "./metrics.ts";
import type { RuntimeEvent, RuntimeView } from "./ports.ts";

export interface WatchLoopOptions {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly logger: Logger;
  readonly metrics: PlegMetrics;
  readonly backoffMs: { readonly initial: number; readonly max: number };
  readonly settleMs: number;
  readonly onItem: (item: RuntimeEvent) => void;
  /** The stream stands (true) or is broken (false). */
  readonly onStanding: (isStanding: boolean) => void;
}

type WatchEvents = NonNullable<RuntimeView["watchEvents"]>;

/**
 * Drains one stream until it breaks. Nothing is awaited between two items: containerd's publisher blocks on its slowest reader, so a
 * reader that waits stalls every other client of the runtime.
 */
const drain = async (watchEvents: WatchEvents, signal: AbortSignal, onItem: (item: RuntimeEvent) => void): Promise<void> => {
  const iterator = watchEvents({ signal })[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await raceSignal(iterator.next(), signal);
      if (next.done === true) return;
      onItem(next.value);
    }
  } finally {
    // Not awaited: a broken stream may never answer, and nothing depends on its answer.
    iterator.return?.().catch(() => undefined);
  }
};

/** Watches until the signal aborts, opening the stream again after a growing wait. */
export const runWatchLoop = async (watchEvents: WatchEvents, signal: AbortSignal, options: WatchLoopOptions): Promise<void> => {
  const { clock, logger, metrics } = options;
  let failures = 0;
  for (;;) {
    signal.throwIfAborted();
    const openedMs = clock.monotonicMs();
    let isStanding = false;
    const stand = (): void => {
      if (isStanding) return;
      isStanding = true;
      failures = 0;
      metrics.connectionSuccesses.inc();
      metrics.connectionLatency.observe((clock.monotonicMs() - openedMs) / 1000);
      options.onStanding(true);
    };
    const settle = clock.schedule(options.settleMs, stand);
    try {
      await drain(watchEvents, signal, (item) => {
        stand();
        options.onItem(item);
      });
      logger.info("container event stream ended");
    } catch (error) {
      signal.throwIfAborted();
      // An implementation that has no events fails at every try: one line, then silence until something changes.
      if (failures === 0) logger.warn("container event stream failed", { error });
    } finally {
      settle[Symbol.dispose]();
    }
    metrics.connectionErrors.inc();
    if (isStanding) options.onStanding(false);
    const delayMs = computeBackoffMs({
      attempt: failures,
      initialMs: options.backoffMs.initial,
      maxMs: options.backoffMs.max,
      jitter: 0.2,
      random: options.random,
    });
    failures += 1;
    await clock.sleep(delayMs, { signal });
  }
};
