import { addQuantities, formatQuantity, podRef } from "@nk/pod-model";
import type { AdmitResult, Pod, Quantity } from "@nk/pod-model";
import { computePressureAdmission } from "../admission.ts";
import { computeEviction } from "../compute-eviction.ts";
import type { EvictionAction, EvictionDecision } from "../compute-eviction.ts";
import { computeThresholds, guessFilesystemLayout } from "../filesystem-layout.ts";
import type { FilesystemLayout, ReclaimStep } from "../filesystem-layout.ts";
import { computeObservations } from "../observations.ts";
import type { Observations } from "../observations.ts";
import type { RankedPod } from "../rank.ts";
import { EMPTY_STATE } from "../shortage.ts";
import type { Shortage } from "../shortage.ts";
import type { PressureCondition, Signal } from "../signals.ts";
import type { Summary } from "../summary.ts";
import { resolveThresholdValue } from "../threshold-value.ts";
import { thresholdId } from "../thresholds.ts";
import type { Threshold } from "../thresholds.ts";
import { indexStats } from "../usage.ts";
import { nameOf } from "../victim.ts";
import type { Victim } from "../victim.ts";

/** A node as it was seen once, and what it is measured against. */
export interface PlanInput {
  readonly thresholds: readonly Threshold[];
  /** Those that have ended, and those of another node than the summary's, are left out. */
  readonly pods: readonly Pod[];
  readonly summary: Summary;
  /** Default: what `guessFilesystemLayout` makes of the summary. */
  readonly layout?: FilesystemLayout;
  /** How long the node has been as it was seen, for the grace periods of soft thresholds. Default 0. */
  readonly heldMs?: number;
  /** Default 0. */
  readonly maxPodGracePeriodSeconds?: number;
}

/** Amounts are spelt as quantities. */
export interface PlannedThreshold {
  readonly signal: Signal;
  readonly kind: Threshold["kind"];
  readonly gracePeriodMs: number;
  /** Undefined: the summary says nothing about the signal, which therefore never acts. */
  readonly observed?: { readonly threshold: string; readonly available: string; readonly capacity: string };
  readonly isCrossed: boolean;
  readonly graceLeftMs: number;
}

export interface PlannedPod {
  readonly pod: string;
  readonly uid: string;
  readonly priority: number;
  /** Of what is short; undefined when the summary does not know the pod, or for a pod over its own limit. */
  readonly usage?: string;
  readonly request?: string;
  readonly exceedsRequest?: boolean;
  /** Undefined for a pod that stays. */
  readonly message?: string;
  readonly gracePeriodSeconds?: number;
}

/** What a kubelet would do. Plain data, fit for JSON. */
export interface EvictionPlan {
  readonly node?: string;
  readonly layout: FilesystemLayout;
  readonly thresholds: readonly PlannedThreshold[];
  readonly conditions: readonly PressureCondition[];
  readonly action: EvictionAction["kind"];
  readonly signal?: Signal;
  readonly steps: readonly ReclaimStep[];
  /** In the order in which they go; all of them at once when the action is `evict-all`. */
  readonly victims: readonly PlannedPod[];
  /** Critical pods that the ranking names, and that stay. */
  readonly spared: readonly PlannedPod[];
  /** How many victims it takes if each gives back what it uses, minimum reclaim included; undefined when all of them are not enough. */
  readonly evictionsNeeded?: number;
  /** What a new pod is told. */
  readonly admission: { readonly bestEffort: AdmitResult; readonly others: AdmitResult };
  readonly warnings: readonly string[];
}

const isOfNode = (pod: Pod, nodeName: string | undefined): boolean => {
  const phase = pod.status?.phase;
  const isElsewhere = nodeName !== undefined && pod.spec?.nodeName !== undefined && pod.spec.nodeName !== nodeName;
  return !isElsewhere && phase !== "Succeeded" && phase !== "Failed";
};

const describeThreshold = (threshold: Threshold, observations: Observations, shortages: readonly Shortage[]): PlannedThreshold => {
  const { signal, kind, gracePeriodMs, value } = threshold;
  const observed = observations[signal];
  const shortage = shortages.find((one) => thresholdId(one.threshold) === thresholdId(threshold));
  return {
    signal,
    kind,
    gracePeriodMs,
    ...(observed === undefined
      ? {}
      : {
          observed: {
            threshold: formatQuantity(resolveThresholdValue(value, observed.capacity)),
            available: formatQuantity(observed.available),
            capacity: formatQuantity(observed.capacity),
          },
        }),
    isCrossed: shortage !== undefined,
    graceLeftMs: shortage?.graceLeftMs ?? gracePeriodMs,
  };
};

const describePod = ({ pod, priority, usage, request, exceedsRequest }: RankedPod): PlannedPod => ({
  pod: nameOf(pod),
  uid: podRef(pod).uid,
  priority,
  ...(usage === undefined ? {} : { usage: formatQuantity(usage) }),
  request: formatQuantity(request),
  exceedsRequest,
});

const describeVictim = ({ pod, message, gracePeriodSeconds }: Victim): PlannedPod => ({
  pod: nameOf(pod),
  uid: podRef(pod).uid,
  priority: pod.spec?.priority ?? 0,
  message,
  gracePeriodSeconds,
});

const wantedOf = ({ threshold, quantity }: Shortage, capacity: Quantity): Quantity =>
  threshold.minReclaim === undefined ? quantity : addQuantities(quantity, resolveThresholdValue(threshold.minReclaim, capacity));

const countNeeded = (action: EvictionAction, observations: Observations): { readonly evictionsNeeded?: number } => {
  if (action.kind === "none") return { evictionsNeeded: 0 };
  if (action.kind === "evict-all") return { evictionsNeeded: action.victims.length };
  const { shortage, victims } = action;
  const capacity = observations[shortage.threshold.signal]?.capacity ?? shortage.quantity;
  let missing = wantedOf(shortage, capacity).nanos - shortage.available.nanos;
  for (const [index, { usage }] of victims.entries()) {
    missing -= usage?.nanos ?? 0n;
    if (missing <= 0n) return { evictionsNeeded: index + 1 };
  }
  return {};
};

const describeAction = (action: EvictionAction): Pick<EvictionPlan, "action" | "signal" | "steps" | "victims" | "spared"> => {
  if (action.kind === "none") return { action: "none", steps: [], victims: [], spared: [] };
  if (action.kind === "evict-all") return { action: "evict-all", steps: [], victims: action.victims.map(describeVictim), spared: [] };
  return {
    action: action.kind,
    signal: action.shortage.threshold.signal,
    steps: action.kind === "reclaim" ? action.steps : [],
    victims: action.victims.map((victim) => ({ ...describePod(victim), ...describeVictim(victim) })),
    spared: action.spared.map(describePod),
  };
};

const computeWarnings = (input: PlanInput, thresholds: readonly Threshold[], pods: readonly Pod[]): readonly string[] => {
  const observations = computeObservations(input.summary);
  const known = new Set((input.summary.pods ?? []).map(({ podRef }) => podRef.uid));
  const strangers = pods.filter((pod) => !known.has(podRef(pod).uid)).map(nameOf);
  const silent = new Set(thresholds.map(({ signal }) => signal).filter((signal) => observations[signal] === undefined));
  const absurd = thresholds.filter(({ signal, value }) => {
    const capacity = observations[signal]?.capacity;
    return capacity !== undefined && resolveThresholdValue(value, capacity).nanos > capacity.nanos;
  });
  return [
    ...(silent.size === 0 ? [] : [`the stats say nothing about ${[...silent].join(", ")}: no threshold on it can act`]),
    ...absurd.map(({ signal, kind }) => `the ${kind} threshold on ${signal} is more than the capacity: it is always crossed`),
    ...(strangers.length === 0 ? [] : [`the stats do not know ${strangers.join(", ")}: ranked first among their equals`]),
  ];
};

const SKETCH: Pod = { metadata: { name: "new" }, spec: { containers: [{ name: "main" }] } };
const BURSTABLE: Pod = { ...SKETCH, spec: { containers: [{ name: "main", resources: { requests: { memory: "1Mi" } } }] } };

/** What a kubelet with these thresholds would do with the node as the summary shows it. Pure; nothing is touched. */
export const computePlan = (input: PlanInput): EvictionPlan => {
  const { summary, heldMs = 0, maxPodGracePeriodSeconds = 0 } = input;
  const { nodeName } = summary.node;
  const layout = input.layout ?? guessFilesystemLayout(summary.node);
  const thresholds = computeThresholds(input.thresholds, layout);
  const pods = input.pods.filter((pod) => isOfNode(pod, nodeName));
  const observations = computeObservations(summary);
  const look = (state: EvictionDecision["state"], nowMs: number): EvictionDecision =>
    computeEviction(
      { state, observations, pods, stats: indexStats(summary.pods), nowMs },
      { thresholds, layout, maxPodGracePeriodSeconds },
    );
  const first = look(EMPTY_STATE, 0);
  // The same figures again, as if they had been measured anew after that time.
  const { shortages, conditions, action } = heldMs === 0 ? first : look({ ...first.state, observedAtMs: {} }, heldMs);
  return {
    ...(nodeName === undefined ? {} : { node: nodeName }),
    layout,
    thresholds: thresholds.map((threshold) => describeThreshold(threshold, observations, shortages)),
    conditions,
    ...describeAction(action),
    ...countNeeded(action, observations),
    admission: {
      bestEffort: computePressureAdmission(SKETCH, conditions),
      others: computePressureAdmission(BURSTABLE, conditions),
    },
    warnings: computeWarnings(input, thresholds, pods),
  };
};
