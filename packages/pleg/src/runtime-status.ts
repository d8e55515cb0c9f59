import { createEmitter, noopLogger, systemClock, withDeadline } from "@nk/stdx";
import type { Clock, Logger } from "@nk/stdx";
import { isDeepStrictEqual } from "node:util";
import { createWakeup } from "./wakeup.ts";

/** One of the conditions a runtime reports about itself: `RuntimeReady` or `NetworkReady`. */
export interface RuntimeCondition {
  readonly type: string;
  readonly status: boolean;
  readonly reason: string;
  readonly message: string;
}

/** What a runtime says about itself. */
export interface RuntimeSelfReport {
  readonly runtime?: RuntimeCondition | undefined;
  readonly network?: RuntimeCondition | undefined;
  /** Directories whose content decides about the network; empty when the runtime does not tell. */
  readonly networkDirs: readonly string[];
}

/** The calls of {@link createRuntimeStatus}. */
export interface RuntimeStatusPort {
  /** Asks the runtime. Rejects soon after its signal aborts. */
  report(options: { readonly signal: AbortSignal }): Promise<RuntimeSelfReport>;
  /** Calls back when something in the directories changed. Absent, or for a directory that cannot be watched: only the clock helps. */
  watchDirs?(paths: readonly string[], onChange: () => void): Disposable;
}

/**
 * `unknown`: it has not answered yet. `answered`: what it said last; `outOfSyncSinceMs` (epoch ms) is there while it does not answer or says
 * that it is not ready itself, and is the last time that it was. A network that is not ready does not count: the runtime is up.
 */
export type RuntimeStatusSnapshot =
  | { readonly kind: "unknown" }
  | {
      readonly kind: "answered";
      readonly runtime?: RuntimeCondition | undefined;
      readonly network?: RuntimeCondition | undefined;
      readonly outOfSyncSinceMs?: number | undefined;
    };

/** Whether runtime and pod network are ready, known as soon as it changes. */
export interface RuntimeStatus {
  current(): RuntimeStatusSnapshot;
  /** Called after each change. */
  subscribe(listener: () => void): Disposable;
  /** Asks anew now: the connection came or went, a list failed. */
  wake(): void;
  run(signal: AbortSignal): Promise<void>;
}

/** Options of {@link createRuntimeStatus}; every one has a default. */
export interface RuntimeStatusOptions {
  /** Time between two questions while all is well: the safety net, and the reference's pace. Default 5000. */
  readonly readyPeriodMs?: number;
  /** The same while it is not. Default 500. */
  readonly unreadyPeriodMs?: number;
  /** After a change of the network's directories the runtime needs a moment to see it too: when it is asked. Default 0, 50, 200, 1000. */
  readonly settleMs?: readonly number[];
  /** Default 2000. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

const isUp = ({ runtime }: Pick<RuntimeSelfReport, "runtime">): boolean => runtime?.status === true;

const withoutDirs = ({ runtime, network }: RuntimeSelfReport): Pick<RuntimeSelfReport, "runtime" | "network"> => ({
  ...(runtime === undefined ? {} : { runtime }),
  ...(network === undefined ? {} : { network }),
});

/**
 * Keeps asking the runtime how it is: at each `wake`, when the directories of its network configuration change, and slowly by the clock.
 * CRI has no notification for it.
 */
export const createRuntimeStatus = (port: RuntimeStatusPort, options: RuntimeStatusOptions = {}): RuntimeStatus => {
  const { readyPeriodMs = 5000, unreadyPeriodMs = 500, settleMs = [0, 50, 200, 1000], timeoutMs = 2000 } = options;
  const { clock = systemClock, logger = noopLogger } = options;
  const changes = createEmitter<undefined>();
  const wakeup = createWakeup(clock);
  let current: RuntimeStatusSnapshot = { kind: "unknown" };
  let lastUpMs = clock.nowMs();
  let pendingAsks: Disposable[] = [];
  let watched: { readonly paths: readonly string[]; readonly watcher: Disposable } | undefined;

  const become = (next: RuntimeStatusSnapshot): void => {
    if (isDeepStrictEqual(current, next)) return;
    current = next;
    changes.emit(undefined);
  };
  const endAsks = (): void => {
    for (const ask of pendingAsks) ask[Symbol.dispose]();
    pendingAsks = [];
  };
  const askWhileSettling = (): void => {
    endAsks();
    pendingAsks = settleMs.map((delayMs) => clock.schedule(delayMs, () => wakeup.wake()));
  };
  const watchDirs = (paths: readonly string[]): void => {
    if (port.watchDirs === undefined || (watched !== undefined && isDeepStrictEqual(watched.paths, paths))) return;
    watched?.watcher[Symbol.dispose]();
    watched = { paths, watcher: port.watchDirs(paths, askWhileSettling) };
  };
  const ask = async (signal: AbortSignal): Promise<void> => {
    using deadline = withDeadline({ signal, timeoutMs, clock, what: "ask the runtime for its status" });
    try {
      const report = await port.report({ signal: deadline.signal });
      if (isUp(report)) lastUpMs = clock.nowMs();
      watchDirs(report.networkDirs);
      become({ kind: "answered", ...withoutDirs(report), ...(isUp(report) ? {} : { outOfSyncSinceMs: lastUpMs }) });
    } catch (error) {
      signal.throwIfAborted();
      logger.warn("runtime does not tell its status", { error });
      if (current.kind === "answered") become({ ...current, outOfSyncSinceMs: lastUpMs });
    }
  };
  const isReady = (): boolean => current.kind === "answered" && current.outOfSyncSinceMs === undefined && current.network?.status === true;

  return {
    current: () => current,
    subscribe: (listener) => changes.subscribe(() => listener()),
    wake: () => wakeup.wake(),
    run: async (signal) => {
      try {
        while (!signal.aborted) {
          await ask(signal);
          await wakeup.wait({ timeoutMs: isReady() ? readyPeriodMs : unreadyPeriodMs, signal });
        }
      } catch (error) {
        if (error !== signal.reason) throw error;
      } finally {
        endAsks();
        watched?.watcher[Symbol.dispose]();
        watched = undefined;
      }
    },
  };
};
