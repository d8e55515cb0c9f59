import { pressureSetter } from "./pressure-condition.ts";
import type { Setter } from "./setter.ts";

/** Condition DiskPressure, from the eviction manager's view. */
export const setDiskPressure: Setter = pressureSetter({
  type: "DiskPressure",
  signal: "disk",
  under: { reason: "KubeletHasDiskPressure", message: "kubelet has disk pressure", eventReason: "NodeHasDiskPressure" },
  free: { reason: "KubeletHasNoDiskPressure", message: "kubelet has no disk pressure", eventReason: "NodeHasNoDiskPressure" },
});
