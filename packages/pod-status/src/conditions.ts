import { isSidecar } from "@nk/pod-model";
import { formatTimestamp } from "@nk/pod-model";
import type { ContainerStatus, Pod, PodCondition } from "@nk/pod-model";
import type { PodStatusInput } from "./input.ts";
import { isKubeletCondition, isSharedCondition, KUBELET_CONDITIONS } from "./owned-conditions.ts";
import { isFinal } from "./phase.ts";
import { computeResizeConditions } from "./resize-conditions.ts";
import { ALL_CONTAINERS_RESTARTING, isRestartingAll, mayRestartAll } from "./restart-all.ts";
import type { PodPhase } from "./phase.ts";

type KubeletCondition = (typeof KUBELET_CONDITIONS)[number];

interface Verdict {
  readonly status: "True" | "False";
  readonly reason?: string;
  readonly message?: string;
}

type ConditionsInput = Pick<PodStatusInput, "pod" | "observed" | "previous" | "override" | "nowMs" | "resize">;

interface Facts {
  readonly input: ConditionsInput;
  readonly phase: PodPhase;
  readonly initContainers: readonly ContainerStatus[];
  readonly containers: readonly ContainerStatus[];
}

const namesWhere = (pod: Pod, facts: Facts, wanted: "incomplete" | "unready"): string[] => {
  const statuses = new Map([...facts.initContainers, ...facts.containers].map((status) => [status.name, status]));
  const names: string[] = [];
  for (const container of pod.spec?.initContainers ?? []) {
    const status = statuses.get(container.name);
    if (
      wanted === "incomplete"
        ? !(isSidecar(container) ? status?.started === true : status?.ready === true)
        : isSidecar(container) && status?.ready !== true
    ) {
      names.push(container.name);
    }
  }
  if (wanted === "incomplete") return names;
  for (const container of pod.spec?.containers ?? []) if (statuses.get(container.name)?.ready !== true) names.push(container.name);
  return names;
};

/** An app container that has started in this pod proves that initialisation ended, even where init containers have been pruned. */
const hasInitialised = (facts: Facts): boolean =>
  facts.containers.some(
    (status) => status.state?.running !== undefined || status.state?.terminated !== undefined || status.lastState?.terminated !== undefined,
  );

const initialisedVerdict = (facts: Facts): Verdict => {
  const incomplete = namesWhere(facts.input.pod, facts, "incomplete");
  // Once a pod is initialised it stays so, also while its init containers run again in a new sandbox or in place.
  const wasInitialised = facts.input.previous?.conditions?.some(({ type, status }) => type === "Initialized" && status === "True") === true;
  if (incomplete.length === 0 || hasInitialised(facts) || wasInitialised)
    return { status: "True", ...(facts.phase === "Succeeded" ? { reason: "PodCompleted" } : {}) };
  return { status: "False", reason: "ContainersNotInitialized", message: `containers with incomplete status: [${incomplete.join(" ")}]` };
};

const containersReadyVerdict = (facts: Facts): Verdict => {
  if (facts.phase === "Succeeded") return { status: "False", reason: "PodCompleted" };
  if (facts.phase === "Failed") return { status: "False", reason: "PodFailed" };
  const unready = namesWhere(facts.input.pod, facts, "unready");
  if (unready.length === 0) return { status: "True" };
  return { status: "False", reason: "ContainersNotReady", message: `containers with unready status: [${unready.join(" ")}]` };
};

/** What the kubelet itself tells with an override, e.g. of a disruption: true since it was told first. */
const toldConditions = ({ pod, previous, override, nowMs }: ConditionsInput): readonly PodCondition[] =>
  (override?.conditions ?? [])
    .filter(({ type }) => isSharedCondition(type))
    .map((told) => {
      const before = previous?.conditions?.find(({ type }) => type === told.type);
      const generation = told.observedGeneration ?? pod.metadata?.generation;
      const since = before?.status === told.status ? before.lastTransitionTime : undefined;
      return {
        ...told,
        ...(generation === undefined ? {} : { observedGeneration: generation }),
        lastTransitionTime: since ?? formatTimestamp(nowMs),
      };
    });

/** Conditions that others wrote, as the API shows them now, and those that the kubelet tells besides its own. */
const foreignConditions = (input: ConditionsInput): readonly PodCondition[] => {
  const { pod, previous } = input;
  const told = toldConditions(input);
  const shown = (pod.status?.conditions ?? previous?.conditions ?? []).filter(({ type }) => !isKubeletCondition(type));
  return [
    ...shown.map((condition) => told.find(({ type }) => type === condition.type) ?? condition),
    ...told.filter(({ type }) => shown.every((condition) => condition.type !== type)),
  ];
};

const readyVerdict = (facts: Facts, containersReady: Verdict): Verdict => {
  if (containersReady.status === "False") return containersReady;
  const present = foreignConditions(facts.input);
  const problems = (facts.input.pod.spec?.readinessGates ?? []).flatMap(({ conditionType }) => {
    const condition = present.find((one) => one.type === conditionType);
    if (condition === undefined) return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`];
    return condition.status === "True"
      ? []
      : [`the status of pod readiness gate "${conditionType}" is not "True", but ${condition.status}`];
  });
  return problems.length === 0 ? { status: "True" } : { status: "False", reason: "ReadinessGatesNotReady", message: problems.join(", ") };
};

/** True once the newest sandbox is ready and, off the host network, has an address. */
const sandboxVerdict = (facts: Facts): Verdict => {
  const newest = facts.input.observed?.sandboxes[0];
  const ready = newest?.state === "ready" && (newest.network === "node" || newest.ips.length > 0);
  return { status: ready ? "True" : "False" };
};

/** Whether all containers are about to be removed and started again; said only of pods whose rules may ask for it. */
const restartingVerdict = ({ phase, input }: Facts): Verdict => {
  if (phase === "Succeeded") return { status: "False", reason: "PodCompleted" };
  if (phase === "Failed") return { status: "False", reason: "PodFailed" };
  if (!isRestartingAll(input.pod, input.observed)) return { status: "False" };
  return { status: "True", reason: "RestartAllContainersStarted", message: "container exited with restart policy rule" };
};

const toCondition = (type: KubeletCondition | typeof ALL_CONTAINERS_RESTARTING, verdict: Verdict, input: ConditionsInput): PodCondition => {
  const before = input.previous?.conditions?.find((condition) => condition.type === type);
  // The reference tells of which version of the pod a condition is, but for this one.
  const generation = type === ALL_CONTAINERS_RESTARTING ? undefined : input.pod.metadata?.generation;
  const lastTransitionTime =
    before?.status === verdict.status && before.lastTransitionTime !== undefined ? before.lastTransitionTime : formatTimestamp(input.nowMs);
  return {
    type,
    ...(generation === undefined ? {} : { observedGeneration: generation }),
    status: verdict.status,
    lastTransitionTime,
    ...(verdict.reason === undefined ? {} : { reason: verdict.reason }),
    ...(verdict.message === undefined ? {} : { message: verdict.message }),
  };
};

/** The whole condition list: foreign conditions first, kept as they are, then the kubelet's own. */
export const computeConditions = (facts: Facts): readonly PodCondition[] => {
  const { input } = facts;
  const containersReady = containersReadyVerdict(facts);
  const verdicts: { readonly [type in KubeletCondition]: Verdict } = {
    PodReadyToStartContainers: sandboxVerdict(facts),
    Initialized: initialisedVerdict(facts),
    Ready: readyVerdict(facts, containersReady),
    ContainersReady: containersReady,
    PodScheduled: { status: "True" },
  };
  const resize = isFinal(facts.phase) ? [] : computeResizeConditions(input.resize);
  return [
    ...foreignConditions(input),
    ...resize,
    ...KUBELET_CONDITIONS.map((type) => toCondition(type, verdicts[type], input)),
    ...(mayRestartAll(input.pod) ? [toCondition(ALL_CONTAINERS_RESTARTING, restartingVerdict(facts), input)] : []),
  ];
};

/**
 * Whether the Ready condition that the API shows contradicts its readiness gates: somebody opened or closed one, and only a pass of the pod
 * tells so. Of pods without gates never (NeedToReconcilePodReadiness, pkg/kubelet/status).
 */
export const needsReadinessPass = (pod: Pod): boolean => {
  const shown = pod.status?.conditions?.find(({ type }) => type === "Ready");
  if (shown === undefined || (pod.spec?.readinessGates ?? []).length === 0) return false;
  const phase = pod.status?.phase;
  const facts: Facts = {
    input: { pod, observed: undefined, previous: pod.status, nowMs: 0 },
    phase: phase === "Running" || isFinal(phase) ? phase : "Pending",
    initContainers: pod.status?.initContainerStatuses ?? [],
    containers: pod.status?.containerStatuses ?? [],
  };
  const ready = readyVerdict(facts, containersReadyVerdict(facts));
  return shown.status !== ready.status || (shown.message ?? "") !== (ready.message ?? "");
};
