import { isStaticPod } from "@nk/pod-model";
import type { Node, Pod } from "@nk/pod-model";
import { hasPortConflict } from "./host-ports.ts";
import { matchesNodeAffinity } from "./node-affinity.ts";
import { computeShortages } from "./resource-fit.ts";
import type { Shortage } from "./resource-fit.ts";
import { hasUntoleratedTaint } from "./tolerations.ts";

/** A predicate that does not hold; `name` becomes the reason. */
export interface FailedPredicate {
  readonly name: "NodeAffinity" | "NodeName" | "NodePorts" | "TaintToleration";
  readonly why: string;
}

/** Why a pod does not fit, each list in the order of the reference. A shortage comes before any predicate. */
export interface Misfit {
  readonly shortages: readonly Shortage[];
  readonly predicates: readonly FailedPredicate[];
}

/**
 * All that keeps the pod off the node beside `others` (AdmissionCheck and generalFilter in the reference).
 * @throws PodModelError `invalid-quantity`
 */
export const computeMisfit = (pod: Pod, others: readonly Pod[], node: Node): Misfit => {
  const predicates: FailedPredicate[] = [];
  if (!matchesNodeAffinity(pod, node)) predicates.push({ name: "NodeAffinity", why: "node(s) didn't match Pod's node affinity/selector" });
  const { nodeName = "" } = pod.spec ?? {};
  if (nodeName !== "" && nodeName !== node.metadata?.name)
    predicates.push({ name: "NodeName", why: "node(s) didn't match the requested node name" });
  if (hasPortConflict(pod, others))
    predicates.push({ name: "NodePorts", why: "node(s) didn't have free ports for the requested pod ports" });
  if (!isStaticPod(pod) && hasUntoleratedTaint(pod, node.spec?.taints ?? [], "NoExecute"))
    predicates.push({ name: "TaintToleration", why: "node(s) had taints that the pod didn't tolerate" });
  return { shortages: computeShortages(pod, others, node.status?.allocatable ?? node.status?.capacity ?? {}), predicates };
};

export const fits = ({ shortages, predicates }: Misfit): boolean => shortages.length === 0 && predicates.length === 0;

/** Whether only other pods stand in the way. */
export const isForLackOfRoom = ({ predicates }: Misfit): boolean => predicates.every(({ name }) => name === "NodePorts");

/** Whether the node's labels alone stand in the way: those that are known may be old. */
export const isForLabelsAlone = ({ shortages, predicates }: Misfit): boolean =>
  shortages.length === 0 && predicates.length > 0 && predicates.every(({ name }) => name === "NodeAffinity");
