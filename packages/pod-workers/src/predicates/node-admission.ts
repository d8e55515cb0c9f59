import { ADMITTED, ADMIT_REASONS, isStaticPod } from "@nk/pod-model";
import type { AdmitResult, Node, Pod } from "@nk/pod-model";
import { findAppArmorProblem } from "./app-armor.ts";
import { hasPortConflict } from "./host-ports.ts";
import { matchesNodeAffinity } from "./node-affinity.ts";
import { computeShortages } from "./resource-fit.ts";
import type { Shortage } from "./resource-fit.ts";
import { findForbiddenSysctl } from "./sysctls.ts";
import { hasUntoleratedTaint } from "./tolerations.ts";

/** What a pod is judged by. */
export interface NodeAdmissionInput {
  readonly pod: Pod;
  /** The pods that hold resources beside it. */
  readonly others: readonly Pod[];
  /** The node as the API shows it, or as it would be registered. */
  readonly node: Node;
  /** Sysctls that may be set though they are not safe; a trailing `*` is a prefix. */
  readonly allowedUnsafeSysctls: readonly string[];
  /** Whether the kernel of this host enforces AppArmor. Default false. */
  readonly isAppArmorEnabled?: boolean;
}

const OS_LABEL = "kubernetes.io/os";

const reject = (reason: string, message: string): AdmitResult => ({ admit: false, reason, message });

const rejectPredicate = (name: string, why: string): AdmitResult => reject(name, `Predicate ${name} failed: ${why}`);

const rejectShortage = ({ resource, requested, used, capacity }: Shortage): AdmitResult =>
  reject(
    `OutOf${resource}`,
    `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
  );

/** What no other pod's end would change. */
const checkFeatures = ({ pod, node, allowedUnsafeSysctls }: NodeAdmissionInput): AdmitResult => {
  const sysctl = findForbiddenSysctl(pod, allowedUnsafeSysctls);
  if (sysctl !== undefined) return reject(ADMIT_REASONS.SysctlForbidden, sysctl);
  const wantedOs = pod.metadata?.labels?.[OS_LABEL];
  if (wantedOs !== undefined && wantedOs !== "linux")
    return reject(
      ADMIT_REASONS.PodOSSelectorNodeLabelDoesNotMatch,
      `Failed to admit pod as the \`${OS_LABEL}\` label doesn't match node label`,
    );
  if (pod.spec?.os !== undefined && pod.spec.os.name !== "linux")
    return reject(ADMIT_REASONS.PodOSNotSupported, "Failed to admit pod as the OS field doesn't match node OS");
  if (pod.spec?.securityContext?.supplementalGroupsPolicy === "Strict" && node.status?.features?.supplementalGroupsPolicy !== true)
    return reject(ADMIT_REASONS.SupplementalGroupsPolicyNotSupported, "SupplementalGroupsPolicy=Strict is not supported in this node");
  return ADMITTED;
};

/**
 * Whether the pod may run on the node, by the reference's admission handlers and in their order: sysctls, operating system, groups policy,
 * resources, node selector and affinity, node name, host ports, taints that evict (pkg/kubelet/lifecycle/predicate.go), AppArmor. The first
 * refusal is the answer; its reason and message are the reference's.
 * @throws PodModelError `invalid-quantity`
 */
export const computeNodeAdmission = (input: NodeAdmissionInput): AdmitResult => {
  const { pod, others, node } = input;
  const features = checkFeatures(input);
  if (!features.admit) return features;
  const [shortage] = computeShortages(pod, others, node.status?.allocatable ?? node.status?.capacity ?? {});
  if (shortage !== undefined) return rejectShortage(shortage);
  if (!matchesNodeAffinity(pod, node)) return rejectPredicate("NodeAffinity", "node(s) didn't match Pod's node affinity/selector");
  if (pod.spec?.nodeName !== undefined && pod.spec.nodeName !== "" && pod.spec.nodeName !== node.metadata?.name)
    return rejectPredicate("NodeName", "node(s) didn't match the requested node name");
  if (hasPortConflict(pod, others)) return rejectPredicate("NodePorts", "node(s) didn't have free ports for the requested pod ports");
  if (!isStaticPod(pod) && hasUntoleratedTaint(pod, node.spec?.taints ?? [], "NoExecute"))
    return rejectPredicate("TaintToleration", "node(s) had taints that the pod didn't tolerate");
  const appArmor = findAppArmorProblem(pod, input.isAppArmorEnabled === true);
  if (appArmor !== undefined) return reject(ADMIT_REASONS.AppArmor, appArmor);
  return ADMITTED;
};
