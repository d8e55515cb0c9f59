import type { NodeEvent } from "./ports.ts";

/** Events about the node that others than the status have reason to tell; texts as the reference's. */
export const NODE_EVENTS = {
  /** The kubelet has started. */
  starting: (): NodeEvent => ({ type: "Normal", reason: "Starting", message: "Starting kubelet." }),
  /** The limits of the pods' cgroup are in force. */
  allocatableEnforced: (): NodeEvent => ({
    type: "Normal",
    reason: "NodeAllocatableEnforced",
    message: "Updated Node Allocatable limit across pods",
  }),
  /** They are not. */
  allocatableNotEnforced: (cgroup: string, why: string): NodeEvent => ({
    type: "Warning",
    reason: "FailedNodeAllocatableEnforcement",
    message: `Failed to update Node Allocatable Limits ${JSON.stringify(cgroup)}: ${why}`,
  }),
  /** The image filesystem has no size, so images can't be collected. */
  invalidDiskCapacity: (): NodeEvent => ({
    type: "Warning",
    reason: "InvalidDiskCapacity",
    message: "invalid capacity 0 on image filesystem",
  }),
  /** The machine runs with cgroup v1. */
  cgroupV1: (): NodeEvent => ({
    type: "Warning",
    reason: "CgroupV1",
    message:
      "cgroup v1 detected. cgroup v1 support is deprecated and will be removed in a future release. Please migrate to cgroup v2. " +
      "More information at https://git.k8s.io/enhancements/keps/sig-node/5573-remove-cgroup-v1",
  }),
  /** The kernel has killed a process outside every pod. */
  systemOom: (processName: string, pid: number): NodeEvent => ({
    type: "Warning",
    reason: "SystemOOM",
    message: `System OOM encountered, victim process: ${processName}, pid: ${pid}`,
  }),
  /** A condition of the node has turned, e.g. `NodeReady`. */
  statusIsNow: (nodeName: string, reason: string): NodeEvent => ({
    type: "Normal",
    reason,
    message: `Node ${nodeName} status is now: ${reason}`,
  }),
  /** The boot id has changed since the last status. */
  rebooted: (nodeName: string, bootId: string): NodeEvent => ({
    type: "Warning",
    reason: "Rebooted",
    message: `Node ${nodeName} has been rebooted, boot id: ${bootId}`,
  }),
} as const;
