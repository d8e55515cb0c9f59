import { podRef } from "@nk/pod-model";
import type { Pod } from "@nk/pod-model";
import { computeEvictionWords } from "./eviction-message.ts";
import { reclaimStepsOf } from "./filesystem-layout.ts";
import type { FilesystemLayout, ReclaimStep } from "./filesystem-layout.ts";
import { computeLimitVictims } from "./local-limits.ts";
import type { Observations } from "./observations.ts";
import { rankPods } from "./rank.ts";
import type { RankedPod } from "./rank.ts";
import { advanceState, computeConditions, computeShortages, isFresh } from "./shortage.ts";
import type { EvictionState, Shortage } from "./shortage.ts";
import { resourceOf } from "./signals.ts";
import type { PressureCondition, StarvedResource } from "./signals.ts";
import type { Threshold } from "./thresholds.ts";
import type { StatsByUid } from "./usage.ts";
import { EVICTION_REASON, IMMEDIATE_GRACE_SECONDS, softGraceSeconds } from "./victim.ts";
import type { Victim } from "./victim.ts";

/** How a node is configured; the same for every look. */
export interface EvictionOptions {
  /** From `computeThresholds`, so that containerfs follows from the layout. */
  readonly thresholds: readonly Threshold[];
  readonly layout: FilesystemLayout;
  /** How long a condition stays after it was last seen. Default 300 000 (5 min), as evictionPressureTransitionPeriod. */
  readonly transitionPeriodMs?: number;
  /** What a pod may take at most when a soft threshold evicts it. Default 0, as evictionMaxPodGracePeriod; 1 s is always granted. */
  readonly maxPodGracePeriodSeconds?: number;
  /** Whether pods that exceed their own storage limits are evicted. Default true, as localStorageCapacityIsolation. */
  readonly enforcesLocalLimits?: boolean;
}

/** One look at the node. */
export interface EvictionInput {
  /** What the last look returned; `EMPTY_STATE` the first time. */
  readonly state: EvictionState;
  readonly observations: Observations;
  /** The pods that have anything running. */
  readonly pods: readonly Pod[];
  readonly stats: StatsByUid;
  /** Epoch milliseconds. */
  readonly nowMs: number;
}

/** A victim with its place in the ranking. */
export type RankedVictim = Victim & RankedPod;

/** What is short, and who would have to go for it. */
export interface Starvation {
  readonly shortage: Shortage;
  readonly resource: StarvedResource;
  /** For the node's Warning event. */
  readonly event: { readonly reason: "EvictionThresholdMet"; readonly message: string };
  /** In the order in which they go; one at a time: evict the first that can be, then look again. */
  readonly victims: readonly RankedVictim[];
  /** Critical pods that the ranking would have named; they stay. */
  readonly spared: readonly RankedPod[];
}

/**
 * What is to be done now: nothing; evict all of these, for they exceed their own limits; do these steps, observe again, ask `isReclaimed`, and
 * evict a victim if not; or evict a victim.
 */
export type EvictionAction =
  | { readonly kind: "none" }
  | { readonly kind: "evict-all"; readonly victims: readonly Victim[] }
  | ({ readonly kind: "reclaim"; readonly steps: readonly ReclaimStep[] } & Starvation)
  | ({ readonly kind: "evict" } & Starvation);

export interface EvictionDecision {
  /** For the next look. */
  readonly state: EvictionState;
  /** What the node's status should say. */
  readonly conditions: readonly PressureCondition[];
  /** Every crossed threshold, whether its grace period is over or not. */
  readonly shortages: readonly Shortage[];
  readonly action: EvictionAction;
}

/** How long a condition stays after it was last seen, unless told otherwise. */
export const DEFAULT_TRANSITION_PERIOD_MS = 300_000;

const starve = (shortage: Shortage, input: EvictionInput, options: EvictionOptions): Starvation => {
  const { signal, gracePeriodMs } = shortage.threshold;
  const resource = resourceOf(signal);
  const ranked = rankPods(input.pods, { signal, layout: options.layout, stats: input.stats });
  const crossed = { resource, threshold: shortage.quantity, available: shortage.available };
  const condemn = (place: RankedPod): RankedVictim => {
    const { pod } = place;
    const words = computeEvictionWords(pod, input.stats.get(podRef(pod).uid), crossed);
    return {
      ...place,
      ...words,
      signal,
      reason: EVICTION_REASON,
      gracePeriodSeconds: gracePeriodMs === 0 ? IMMEDIATE_GRACE_SECONDS : softGraceSeconds(pod, options.maxPodGracePeriodSeconds ?? 0),
      condition: { type: "DisruptionTarget", status: "True", reason: "TerminationByKubelet", message: words.message },
    };
  };
  return {
    shortage,
    resource,
    event: { reason: "EvictionThresholdMet", message: `Attempting to reclaim ${resource}` },
    victims: ranked.filter(({ isCritical }) => !isCritical).map(condemn),
    spared: ranked.filter(({ isCritical }) => isCritical),
  };
};

const decideAction = (shortages: readonly Shortage[], input: EvictionInput, options: EvictionOptions): EvictionAction => {
  const { pods, stats, state, observations } = input;
  const overLimits = options.enforcesLocalLimits === false ? [] : computeLimitVictims(pods, { stats, layout: options.layout });
  if (overLimits.length > 0) return { kind: "evict-all", victims: overLimits };
  // They are in the order of the signals, memory first.
  const urgent = shortages.find(({ graceLeftMs, threshold }) => graceLeftMs === 0 && isFresh(threshold.signal, observations, state));
  if (urgent === undefined) return { kind: "none" };
  const starvation = starve(urgent, input, options);
  const steps = reclaimStepsOf(urgent.threshold.signal, options.layout);
  return steps.length > 0 ? { kind: "reclaim", steps, ...starvation } : { kind: "evict", ...starvation };
};

/**
 * One look at the node, after synchronize of the reference's eviction manager: what is short, which conditions follow, and what is to be done.
 * Pure: equal arguments give equal answers, and nothing given is changed. It does not throw, whatever the pods say.
 */
export const computeEviction = (input: EvictionInput, options: EvictionOptions): EvictionDecision => {
  const { state: before, observations, nowMs } = input;
  const shortages = computeShortages(options.thresholds, observations, { state: before, nowMs });
  const state = advanceState(before, { shortages, observations, nowMs });
  return {
    state,
    conditions: computeConditions(state, nowMs, options.transitionPeriodMs ?? DEFAULT_TRANSITION_PERIOD_MS),
    shortages,
    action: decideAction(shortages, input, options),
  };
};
