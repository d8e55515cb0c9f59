import { ADMITTED, ADMIT_REASONS } from "@nk/pod-model";
import type { AdmitResult, Node, Pod } from "@nk/pod-model";
import { findAppArmorProblem } from "./app-armor.ts";
import { computeMisfit } from "./fit.ts";
import type { Misfit } from "./fit.ts";
import type { Shortage } from "./resource-fit.ts";
import { findForbiddenSysctl } from "./sysctls.ts";

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

/** The handler of sysctls. */
export const checkSysctls = (pod: Pod, allowedUnsafe: readonly string[]): AdmitResult => {
  const sysctl = findForbiddenSysctl(pod, allowedUnsafe);
  return sysctl === undefined ? ADMITTED : reject(ADMIT_REASONS.SysctlForbidden, sysctl);
};

/** The handler of AppArmor. */
export const checkAppArmor = (pod: Pod, isHostEnabled: boolean): AdmitResult => {
  const problem = findAppArmorProblem(pod, isHostEnabled);
  return problem === undefined ? ADMITTED : reject(ADMIT_REASONS.AppArmor, problem);
};

/** What neither room nor another pod's end would change: looked at before anybody is preempted. */
export const checkPlatform = (pod: Pod, node: Node): AdmitResult => {
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

/** The first of what is in the way, in the reference's words. */
export const explainMisfit = ({ shortages: [shortage], predicates: [predicate] }: Misfit): AdmitResult => {
  if (shortage !== undefined) return rejectShortage(shortage);
  return predicate === undefined ? ADMITTED : rejectPredicate(predicate.name, predicate.why);
};

/**
 * Whether the pod may run on the node, by the reference's admission handlers and in their order: sysctls, operating system, groups policy,
 * resources, node selector and affinity, node name, host ports, taints that evict (pkg/kubelet/lifecycle/predicate.go), AppArmor. The first
 * refusal is the answer; its reason and message are the reference's.
 * @throws PodModelError `invalid-quantity`
 */
export const computeNodeAdmission = (input: NodeAdmissionInput): AdmitResult => {
  const { pod, others, node } = input;
  for (const check of [
    () => checkSysctls(pod, input.allowedUnsafeSysctls),
    () => checkPlatform(pod, node),
    () => explainMisfit(computeMisfit(pod, others, node)),
    () => checkAppArmor(pod, input.isAppArmorEnabled === true),
  ]) {
    const result = check();
    if (!result.admit) return result;
  }
  return ADMITTED;
};
