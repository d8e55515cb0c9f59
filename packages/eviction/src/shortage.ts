import { addQuantities } from "@nk/pod-model";
import type { Quantity } from "@nk/pod-model";
import type { Observations } from "./observations.ts";
import { conditionOf, PRESSURE_CONDITIONS, SIGNALS } from "./signals.ts";
import type { PressureCondition, Signal } from "./signals.ts";
import { resolveThresholdValue } from "./threshold-value.ts";
import { thresholdId } from "./thresholds.ts";
import type { Threshold, ThresholdId } from "./thresholds.ts";

/**
 * What has to be remembered between two looks at the node. Plain data: it can be written down as JSON. Start with {@link EMPTY_STATE}.
 */
export interface EvictionState {
  /** Since when each crossed threshold has been so without a pause, epoch milliseconds. */
  readonly crossedSinceMs: { readonly [id in ThresholdId]?: number };
  /** Thresholds that were acted upon and hold until the minimum reclaim is free too. */
  readonly unresolved: readonly ThresholdId[];
  /** When each condition was last seen, epoch milliseconds. */
  readonly pressureSeenAtMs: { readonly [condition in PressureCondition]?: number };
  /** When the last observation of each signal was made; null for one without a time. */
  readonly observedAtMs: { readonly [signal in Signal]?: number | null };
}

/** The state of a node of which nothing is known. */
export const EMPTY_STATE: EvictionState = { crossedSinceMs: {}, unresolved: [], pressureSeenAtMs: {}, observedAtMs: {} };

/** A threshold that is crossed. */
export interface Shortage {
  readonly threshold: Threshold;
  /** What the threshold comes to, without the minimum reclaim. */
  readonly quantity: Quantity;
  readonly available: Quantity;
  readonly sinceMs: number;
  /** How much of the grace period is left; 0 when it is over. */
  readonly graceLeftMs: number;
  /** Whether the threshold itself is not crossed any more and only the minimum reclaim is missing. */
  readonly isOnlyMinReclaim: boolean;
}

interface Crossing {
  readonly quantity: Quantity;
  readonly available: Quantity;
}

const findCrossing = (threshold: Threshold, observations: Observations, withMinReclaim: boolean): Crossing | undefined => {
  const observed = observations[threshold.signal];
  if (observed === undefined) return undefined;
  const quantity = resolveThresholdValue(threshold.value, observed.capacity);
  const reclaim = withMinReclaim && threshold.minReclaim !== undefined ? threshold.minReclaim : undefined;
  const wanted = reclaim === undefined ? quantity : addQuantities(quantity, resolveThresholdValue(reclaim, observed.capacity));
  return wanted.nanos > observed.available.nanos ? { quantity, available: observed.available } : undefined;
};

/**
 * Whether node-level reclaim was enough: no threshold is crossed, minimum reclaims included and grace periods not regarded, as in the
 * reference (reclaimNodeLevelResources).
 */
export const isReclaimed = (thresholds: readonly Threshold[], observations: Observations): boolean =>
  thresholds.every((threshold) => findCrossing(threshold, observations, true) === undefined);

/**
 * The thresholds that are crossed, and those that were acted upon and whose minimum reclaim is not free yet, in the order of `thresholds`. A
 * clock that was set back starts grace periods anew.
 */
export const computeShortages = (
  thresholds: readonly Threshold[],
  observations: Observations,
  before: { readonly state: EvictionState; readonly nowMs: number },
): readonly Shortage[] =>
  thresholds.flatMap((threshold): Shortage[] => {
    const id = thresholdId(threshold);
    const plain = findCrossing(threshold, observations, false);
    const crossing = plain ?? (before.state.unresolved.includes(id) ? findCrossing(threshold, observations, true) : undefined);
    if (crossing === undefined) return [];
    const sinceMs = Math.min(before.state.crossedSinceMs[id] ?? before.nowMs, before.nowMs);
    const graceLeftMs = Math.max(0, threshold.gracePeriodMs - (before.nowMs - sinceMs));
    return [{ threshold, ...crossing, sinceMs, graceLeftMs, isOnlyMinReclaim: plain === undefined }];
  });

/** Whether the signal was measured since the last look; acting on the same figures twice would evict two pods for one shortage. */
export const isFresh = (signal: Signal, observations: Observations, state: EvictionState): boolean => {
  const last = state.observedAtMs[signal];
  const atMs = observations[signal]?.atMs;
  return last === undefined || last === null || atMs === undefined || atMs > last;
};

/** What is remembered after a look. */
export const advanceState = (
  state: EvictionState,
  seen: { readonly shortages: readonly Shortage[]; readonly observations: Observations; readonly nowMs: number },
): EvictionState => {
  const { shortages, observations, nowMs } = seen;
  const conditions = new Set(shortages.map(({ threshold }) => conditionOf(threshold.signal)));
  return {
    crossedSinceMs: Object.fromEntries(shortages.map(({ threshold, sinceMs }) => [thresholdId(threshold), sinceMs])),
    unresolved: shortages.filter(({ graceLeftMs }) => graceLeftMs === 0).map(({ threshold }) => thresholdId(threshold)),
    pressureSeenAtMs: Object.fromEntries(
      PRESSURE_CONDITIONS.flatMap((condition) => {
        // A clock that was set back must not keep a condition for as long as it was set back.
        const seenAtMs = conditions.has(condition) ? nowMs : state.pressureSeenAtMs[condition];
        return seenAtMs === undefined ? [] : [[condition, Math.min(seenAtMs, nowMs)]];
      }),
    ),
    observedAtMs: Object.fromEntries(
      SIGNALS.flatMap((signal) => {
        const observed = observations[signal];
        return observed === undefined ? [] : [[signal, observed.atMs ?? null]];
      }),
    ),
  };
};

/**
 * The conditions that hold: those that are seen now, and those that were seen less than the transition period ago, so that a node does not
 * flap between its pods' coming and going.
 */
export const computeConditions = (state: EvictionState, nowMs: number, transitionPeriodMs: number): readonly PressureCondition[] =>
  PRESSURE_CONDITIONS.filter((condition) => {
    const seenAtMs = state.pressureSeenAtMs[condition];
    return seenAtMs !== undefined && (seenAtMs === nowMs || nowMs - seenAtMs < transitionPeriodMs);
  });
