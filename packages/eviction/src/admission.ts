import { ADMITTED, computeQosClass, isCriticalPod } from "@nk/pod-model";
import type { AdmitResult, Pod, QosClass, Toleration } from "@nk/pod-model";
import type { PressureCondition } from "./signals.ts";
import { EVICTION_REASON } from "./victim.ts";

const MEMORY_PRESSURE_TAINT = "node.kubernetes.io/memory-pressure";

/** Whether the toleration covers the taint `node.kubernetes.io/memory-pressure:NoSchedule`, which has no value. */
const toleratesMemoryPressure = ({ key = "", effect = "", operator = "", value = "" }: Toleration): boolean =>
  (key === "" || key === MEMORY_PRESSURE_TAINT) &&
  (effect === "" || effect === "NoSchedule") &&
  (operator === "Exists" || ((operator === "" || operator === "Equal") && value === ""));

/** A pod whose amounts cannot be read has at least tried to ask for some; others refuse it. */
const qosClassOf = (pod: Pod): QosClass => {
  try {
    return computeQosClass(pod);
  } catch {
    return "Burstable";
  }
};

/**
 * Whether a pod may start on a node with these conditions (Admit of the reference's eviction manager): critical pods always; under memory
 * pressure alone, pods that are not BestEffort and those that tolerate the memory pressure taint; else none.
 */
export const computePressureAdmission = (pod: Pod, conditions: readonly PressureCondition[]): AdmitResult => {
  if (conditions.length === 0 || isCriticalPod(pod)) return ADMITTED;
  if (conditions.every((condition) => condition === "MemoryPressure")) {
    if (qosClassOf(pod) !== "BestEffort") return ADMITTED;
    if ((pod.spec?.tolerations ?? []).some(toleratesMemoryPressure)) return ADMITTED;
  }
  return { admit: false, reason: EVICTION_REASON, message: `The node had condition: [${conditions.join(" ")}]. ` };
};
