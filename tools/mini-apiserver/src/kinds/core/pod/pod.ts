import { applyPodDefaults, computeQosClass } from "@nk/pod-model";
import type { Pod } from "@nk/pod-model";
import type { ApiObject } from "../../../contracts.ts";
import { POD_TABLE } from "../../../tables/pod-table.ts";
import type { DeleteOptions, KindDefinition } from "../../kind-definition.ts";
import { flagAt, textAt } from "../../read-path.ts";
import { admitPod, admitTolerations, initialStatus } from "./admit-pod.ts";
import { EPHEMERAL_CONTAINERS, POD_STATUS, RESIZE } from "./pod-subresources.ts";
import { warningsOfPod } from "./pod-warnings.ts";
import { validateNewPod } from "./validate-pod.ts";
import { specOf, validatePodUpdate } from "./validate-pod-update.ts";

/** `podIP` is the first of `podIPs`; where they differ, as from an old node, the one counts. */
const withSameAddresses = (pod: ApiObject): ApiObject => {
  const { podIP = "", podIPs = [], ...status } = (pod as Pod).status ?? {};
  const addresses = podIP !== "" && podIPs[0]?.ip !== podIP ? [{ ip: podIP }] : podIPs;
  const first = addresses[0]?.ip ?? "";
  if (podIP === first && addresses === podIPs) return pod;
  return { ...pod, status: { ...status, podIP: first, podIPs: addresses } };
};

/** Both names of the service account hold the same. */
const applyDefaults = (object: ApiObject): ApiObject => {
  const { spec } = object as Pod;
  // Go writes a missing list as null.
  const written = { ...object, spec: { ...spec, containers: spec?.containers ?? [] } };
  const pod = applyPodDefaults(written as Pod) as unknown as ApiObject;
  const { serviceAccountName, serviceAccount } = specOf(pod);
  const name = serviceAccountName || serviceAccount;
  const named = name === undefined ? pod : { ...pod, spec: { ...specOf(pod), serviceAccountName: name, serviceAccount: name } };
  return withSameAddresses(named);
};

/** A negative grace counts as one second. */
const withoutNegativeGrace = (pod: ApiObject): ApiObject =>
  (specOf(pod).terminationGracePeriodSeconds ?? 0) < 0 ? { ...pod, spec: { ...specOf(pod), terminationGracePeriodSeconds: 1 } } : pod;

const qosOf = (pod: ApiObject): string => {
  try {
    return computeQosClass(pod as Pod);
  } catch {
    return "BestEffort";
  }
};

/** As the reference's pod strategy: what never ran, or is over, goes at once. */
const gracePeriodOf = (object: ApiObject, options: DeleteOptions): number => {
  const { spec, status } = object as Pod;
  if (!spec?.nodeName || status?.phase === "Failed" || status?.phase === "Succeeded") return 0;
  const seconds = options.gracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? 0;
  return seconds < 0 ? 1 : seconds;
};

/** Priority admission: what was computed once need not be said again. */
const keepPriority = (next: ApiObject, current: ApiObject): ApiObject => {
  const { priority, preemptionPolicy } = specOf(current);
  return {
    ...next,
    spec: {
      ...specOf(next),
      ...(specOf(next).priority === undefined && priority !== undefined ? { priority } : {}),
      ...(specOf(next).preemptionPolicy === undefined && preemptionPolicy !== undefined ? { preemptionPolicy } : {}),
    },
  };
};

/** The gate's condition goes with the last gate. */
const withGateCondition = (next: ApiObject, current: ApiObject): ApiObject => {
  const hadGates = (specOf(current).schedulingGates ?? []).length > 0;
  if (!hadGates || (specOf(next).schedulingGates ?? []).length > 0) return next;
  const status = (next as Pod).status ?? {};
  return { ...next, status: { ...status, conditions: (status.conditions ?? []).filter(({ reason }) => reason !== "SchedulingGated") } };
};

/** core/v1 Pod. */
export const POD: KindDefinition = {
  group: "",
  version: "v1",
  resource: "pods",
  singular: "pod",
  kind: "Pod",
  type: "core.Pod",
  namespaced: true,
  shortNames: ["po"],
  categories: ["all"],
  table: POD_TABLE,
  selectableFields: {
    "spec.nodeName": (pod) => textAt(pod, "spec.nodeName"),
    "spec.restartPolicy": (pod) => textAt(pod, "spec.restartPolicy"),
    "spec.schedulerName": (pod) => textAt(pod, "spec.schedulerName"),
    "spec.serviceAccountName": (pod) => textAt(pod, "spec.serviceAccountName"),
    "spec.hostNetwork": (pod) => `${flagAt(pod, "spec.hostNetwork")}`,
    "status.phase": (pod) => textAt(pod, "status.phase"),
    "status.podIP": (pod) => textAt(pod, "status.podIP"),
    "status.nominatedNodeName": (pod) => textAt(pod, "status.nominatedNodeName"),
  },
  strategy: {
    keepsGeneration: true,
    returnsDeleted: true,
    applyDefaults,
    admitCreate: (pod, context) => {
      const admitted = withoutNegativeGrace(admitPod(pod, context));
      return { ...admitted, status: initialStatus(admitted, { qosClass: qosOf(admitted), nowMs: context.clock.nowMs() }) };
    },
    prepareUpdate: (next, current) => withGateCondition(keepPriority(admitTolerations(next), current), current),
    validateCreate: validateNewPod,
    warnings: warningsOfPod,
    validateUpdate: validatePodUpdate,
    gracePeriod: gracePeriodOf,
  },
  subresources: [POD_STATUS, EPHEMERAL_CONTAINERS, RESIZE],
};
