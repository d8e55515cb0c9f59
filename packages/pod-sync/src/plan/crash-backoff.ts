import type { RuntimeContainerStatus } from "@nk/pod-model";

/** Memory of one container's restarts. */
export interface CrashBackoffEntry {
  /** What the wait belongs to: image and resources. A change of either starts afresh, as the reference's back-off key does. */
  readonly specKey: string;
  /** How long after the end of an instance the next one may start, in milliseconds. */
  readonly backoffMs: number;
  /** When the last restart happened, `Clock.nowMs`. */
  readonly lastRestartMs: number;
}

/** The numbers of the back-off. */
export interface CrashBackoffLimits {
  /** Wait after the second crash, milliseconds. */
  readonly initialMs: number;
  readonly maxMs: number;
  /** A container that ran longer than this since its last restart starts afresh, milliseconds. */
  readonly resetAfterMs: number;
}

/** Upstream's numbers (pkg/kubelet/kubelet.go: 10 s doubling to 5 min, forgotten after 10 min). */
export const DEFAULT_CRASH_BACKOFF_LIMITS: CrashBackoffLimits = { initialMs: 10_000, maxMs: 300_000, resetAfterMs: 600_000 };

/** Limits whose longest wait is shorter than the usual first one: then every wait is the longest (newCrashLoopBackOff in the reference). */
export const crashBackoffUpTo = (maxMs: number): CrashBackoffLimits => ({
  ...DEFAULT_CRASH_BACKOFF_LIMITS,
  initialMs: Math.min(DEFAULT_CRASH_BACKOFF_LIMITS.initialMs, maxMs),
  maxMs,
});

/** What {@link decideCrashBackoff} takes. */
export interface CrashBackoffInput {
  /** The newest instance that ended. */
  readonly ended: Pick<RuntimeContainerStatus, "attempt" | "startedAtNanos" | "finishedAtNanos">;
  readonly entry: CrashBackoffEntry | undefined;
  /** The instance was made from another image than the pod now states. */
  readonly isOfOldImage: boolean;
  readonly specKey: string;
  readonly limits: CrashBackoffLimits;
  readonly nowMs: number;
  /** Since when it is known to wait; absent for one that is looked at for the first time. */
  readonly waitsSinceMs?: number;
}

/** Whether an ended container may start now, and what its next crash will cost. */
export type CrashBackoffDecision =
  | { readonly type: "start"; readonly nextBackoffMs: number }
  | { readonly type: "wait"; readonly backoffMs: number; readonly untilMs: number };

/** Nanoseconds of the runtime as milliseconds of the clock, rounded up so that no wait ends early. */
export const nanosToMs = (nanos: bigint): number => Number((nanos + 999_999n) / 1_000_000n);

/**
 * The back-off in force when nothing is remembered. The reference forgets on a restart and starts every crashed container at once; we
 * take the instance's restart count for the number of crashes in a row, unless it ran long enough to be forgiven. That errs towards
 * waiting, by `maxMs` at most. What a kubelet left behind that was killed in the middle of a change is no crash: an instance of the image
 * before, and one whose start was broken off.
 */
const deriveBackoffMs = ({ ended, isOfOldImage, limits }: CrashBackoffInput): number | undefined => {
  if (ended.attempt === 0 || isOfOldImage || ended.startedAtNanos === 0n) return undefined;
  if (nanosToMs(ended.finishedAtNanos - ended.startedAtNanos) > limits.resetAfterMs) return undefined;
  return Math.min(limits.maxMs, limits.initialMs * 2 ** Math.min(30, ended.attempt - 1));
};

const currentBackoffMs = (input: CrashBackoffInput, finishedAtMs: number): number | undefined => {
  const { entry, specKey, limits } = input;
  if (entry === undefined) return deriveBackoffMs(input);
  if (entry.specKey !== specKey) return undefined;
  return finishedAtMs - entry.lastRestartMs > limits.resetAfterMs ? undefined : entry.backoffMs;
};

/**
 * The first restart is immediate, the second waits 10 s, then 20 s and so on to 300 s, counted from the moment the container ended
 * (reference: kuberuntime_manager.go doBackOff). The end of a wait is its real end; no tick is added.
 */
export const decideCrashBackoff = (input: CrashBackoffInput): CrashBackoffDecision => {
  const finishedAtMs = nanosToMs(input.ended.finishedAtNanos);
  const backoffMs = currentBackoffMs(input, finishedAtMs);
  if (backoffMs === undefined) return { type: "start", nextBackoffMs: input.limits.initialMs };
  // A clock that was set back must not turn a wait of seconds into one of hours: an end in the future was when the wait was first seen.
  const untilMs = Math.min(finishedAtMs, input.waitsSinceMs ?? input.nowMs, input.nowMs) + backoffMs;
  if (input.nowMs < untilMs) return { type: "wait", backoffMs, untilMs };
  return { type: "start", nextBackoffMs: Math.min(input.limits.maxMs, backoffMs * 2) };
};
