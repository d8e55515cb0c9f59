import { pressureSetter } from "./pressure-condition.ts";
import type { Setter } from "./setter.ts";

/** Condition MemoryPressure, from the eviction manager's view. */
export const setMemoryPressure: Setter = pressureSetter({
  type: "MemoryPressure",
  signal: "memory",
  under: {
    reason: "KubeletHasInsufficientMemory",
    message: "kubelet has insufficient memory available",
    eventReason: "NodeHasInsufficientMemory",
  },
  free: {
    reason: "KubeletHasSufficientMemory",
    message: "kubelet has sufficient memory available",
    eventReason: "NodeHasSufficientMemory",
  },
});
