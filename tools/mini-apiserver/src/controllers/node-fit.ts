import type { Node, NodeSelectorRequirement, NodeSelectorTerm, Pod, ResourceAmounts, Taint, Toleration } from "@nk/pod-model";
import { addQuantities, compareQuantities, computePodRequests, parseResources, quantityOf } from "@nk/pod-model";

/** A node and what runs on it. */
export interface Candidate {
  readonly node: Node;
  /** Pods bound to it that have not ended. */
  readonly pods: readonly Pod[];
}

const isTolerated = (taint: Taint, tolerations: readonly Toleration[]): boolean =>
  tolerations.some(({ key = "", operator = "Equal", value = "", effect = "" }) => {
    if (effect !== "" && effect !== taint.effect) return false;
    if (key === "") return operator === "Exists";
    return key === taint.key && (operator === "Exists" || (operator === "Equal" && value === (taint.value ?? "")));
  });

const isMet = ({ operator, values = [] }: NodeSelectorRequirement, value: string | undefined): boolean => {
  const [first = ""] = values;
  switch (operator) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    case "Gt":
      return value !== undefined && Number(value) > Number(first);
    case "Lt":
      return value !== undefined && Number(value) < Number(first);
    default:
      return false;
  }
};

const matchesTerm = ({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: Node): boolean =>
  // A term that asks nothing matches nothing.
  matchExpressions.length + matchFields.length > 0 &&
  matchExpressions.every((requirement) => isMet(requirement, node.metadata?.labels?.[requirement.key])) &&
  matchFields.every((requirement) => isMet(requirement, requirement.key === "metadata.name" ? node.metadata?.name : undefined));

const matchesAffinity = ({ spec }: Pod, node: Node): boolean => {
  const isSelected = Object.entries(spec?.nodeSelector ?? {}).every(([key, value]) => node.metadata?.labels?.[key] === value);
  const terms = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return isSelected && (terms === undefined || terms.some((term) => matchesTerm(term, node)));
};

const hostPorts = (pod: Pod): readonly string[] =>
  (pod.spec?.containers ?? []).flatMap((container) =>
    (container.ports ?? []).flatMap(({ hostPort = 0, protocol = "TCP" }) => (hostPort > 0 ? [`${protocol}/${hostPort}`] : [])),
  );

const ZERO = quantityOf(0n);

const lackingResources = (pod: Pod, { node, pods }: Candidate): readonly string[] => {
  const allocatable: ResourceAmounts = parseResources(node.status?.allocatable);
  const reasons: string[] = [];
  const podLimit = allocatable["pods"];
  if (podLimit !== undefined && compareQuantities(quantityOf(BigInt(pods.length + 1)), podLimit) > 0) reasons.push("Too many pods");
  for (const [name, wanted] of Object.entries(computePodRequests(pod))) {
    if (compareQuantities(wanted, ZERO) <= 0) continue;
    const used = pods.reduce((sum, other) => addQuantities(sum, computePodRequests(other)[name] ?? ZERO), ZERO);
    if (compareQuantities(addQuantities(used, wanted), allocatable[name] ?? ZERO) > 0) reasons.push(`Insufficient ${name}`);
  }
  return reasons;
};

const UNSCHEDULABLE = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };

/**
 * Why the pod cannot run on the node, in the words of the reference's scheduler; empty when it can. Looked at: readiness, `unschedulable`,
 * taints, node selector and required node affinity, host ports, resources. Not looked at: volumes, pod affinity, topology spread, devices.
 */
export const computeMisfits = (pod: Pod, candidate: Candidate): readonly string[] => {
  const { node, pods } = candidate;
  const tolerations = pod.spec?.tolerations ?? [];
  if (node.spec?.unschedulable === true && !isTolerated(UNSCHEDULABLE, tolerations)) return ["node(s) were unschedulable"];
  const repelling = (node.spec?.taints ?? []).filter(({ effect }) => effect === "NoSchedule" || effect === "NoExecute");
  const isReady = node.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
  const toleratesUnready = isTolerated({ key: "node.kubernetes.io/not-ready", effect: "NoSchedule" }, tolerations);
  if (repelling.some((taint) => !isTolerated(taint, tolerations)) || (!isReady && !toleratesUnready)) {
    return ["node(s) had untolerated taint(s)"];
  }
  if (!matchesAffinity(pod, node)) return ["node(s) didn't match Pod's node affinity/selector"];
  const taken = new Set(pods.flatMap(hostPorts));
  if (hostPorts(pod).some((port) => taken.has(port))) return ["node(s) didn't have free ports for the requested pod ports"];
  return lackingResources(pod, candidate);
};
