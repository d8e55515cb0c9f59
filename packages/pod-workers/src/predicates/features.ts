import { ADMITTED, ADMIT_REASONS, hasPodLevelResources } from "@nk/pod-model";
import type { AdmitResult, Pod } from "@nk/pod-model";

/** Features that a pod can need of its node, and how one sees it (component-helpers/nodedeclaredfeatures, v1.36). Sorted by name. */
const NEEDED: readonly { readonly name: string; readonly isNeeded: (pod: Pod) => boolean }[] = [
  {
    name: "RestartAllContainersOnContainerExits",
    isNeeded: ({ spec }) =>
      [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].some(({ restartPolicyRules = [] }) =>
        restartPolicyRules.some(({ action }) => action === "RestartAllContainers"),
      ),
  },
  { name: "UserNamespacesHostNetworkSupport", isNeeded: ({ spec }) => spec?.hostNetwork === true && spec.hostUsers === false },
];

/**
 * Whether the node has the features that the pod needs; `isOn` tells of a feature gate of the node. As the reference's handlers for pod
 * features and for declared features, in this order.
 */
export const checkPodFeatures = (pod: Pod, isOn: (gate: string) => boolean): AdmitResult => {
  if (hasPodLevelResources(pod) && !isOn("PodLevelResources"))
    return { admit: false, reason: ADMIT_REASONS.PodLevelResourcesNotSupported, message: "PodLevelResources feature gate is disabled" };
  if (!isOn("NodeDeclaredFeatures")) return ADMITTED;
  const lacking = NEEDED.filter(({ name, isNeeded }) => isNeeded(pod) && !isOn(name)).map(({ name }) => name);
  if (lacking.length === 0) return ADMITTED;
  const message = `Pod requires node features that are not available: ${lacking.join(", ")}`;
  return { admit: false, reason: ADMIT_REASONS.PodFeatureUnsupported, message };
};
