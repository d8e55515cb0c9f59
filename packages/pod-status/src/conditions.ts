import { isSidecar } from "@nk/pod-model";
import { formatTimestamp } from "@nk/pod-model";
import type { ContainerStatus, Pod, PodCondition } from "@nk/pod-model";
import type { PodStatusInput } from "./input.ts";
import type { PodPhase } from "./phase.ts";

/** The conditions a kubelet owns, in the order in which the reference lists them. */
export const KUBELET_CONDITIONS = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"] as const;

type KubeletCondition = (typeof KUBELET_CONDITIONS)[number];

interface Verdict {
  readonly status: "True" | "False";
  readonly reason?: string;
  readonly message?: string;
}

interface Facts {
  readonly input: PodStatusInput;
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
  if (incomplete.length === 0 || hasInitialised(facts))
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

const readyVerdict = (facts: Facts, containersReady: Verdict): Verdict => {
  if (containersReady.status === "False") return containersReady;
  const present = facts.input.previous?.conditions ?? [];
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

const toCondition = (type: KubeletCondition, verdict: Verdict, input: PodStatusInput): PodCondition => {
  const before = input.previous?.conditions?.find((condition) => condition.type === type);
  const generation = input.pod.metadata?.generation;
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
  const foreign = (input.previous?.conditions ?? []).filter((condition) => !KUBELET_CONDITIONS.some((own) => own === condition.type));
  return [...foreign, ...KUBELET_CONDITIONS.map((type) => toCondition(type, verdicts[type], input))];
};
