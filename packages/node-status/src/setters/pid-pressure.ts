import { pressureSetter } from "./pressure-condition.ts";
import type { Setter } from "./setter.ts";

/** Condition PIDPressure, from the eviction manager's view. */
export const setPidPressure: Setter = pressureSetter({
  type: "PIDPressure",
  signal: "pid",
  under: {
    reason: "KubeletHasInsufficientPID",
    message: "kubelet has insufficient PID available",
    eventReason: "NodeHasInsufficientPID",
  },
  free: { reason: "KubeletHasSufficientPID", message: "kubelet has sufficient PID available", eventReason: "NodeHasSufficientPID" },
});
