import { formatResources, parseResources, quantityOf } from "@nk/pod-model";
import type { NodeSystemInfo, ResourceAmounts } from "@nk/pod-model";
import type { MachineFacts } from "../facts.ts";
import { NODE_EVENTS } from "../node-events.ts";
import type { ResolvedSettings } from "../settings.ts";
import { nodeInfoOf } from "./node-info.ts";
import { computeAllocatable, computeReservation, machineCapacity, readResources, reservableCapacity } from "./resources.ts";
import type { Setter, SetterOutput } from "./setter.ts";

const ZERO = quantityOf(0n);

const computePods = ({ maxPods, podsPerCore }: ResolvedSettings, cpus: number): number =>
  podsPerCore > 0 ? Math.min(cpus * podsPerCore, maxPods) : maxPods;

const computeInfo = (info: NodeSystemInfo, { machineId, systemUuid, bootId, swapBytes }: MachineFacts): NodeSystemInfo => {
  const { swap: _, ...rest } = info;
  return {
    ...rest,
    machineID: machineId,
    systemUUID: systemUuid,
    bootID: bootId,
    ...(swapBytes === 0n ? {} : { swap: { capacity: Number(swapBytes) } }),
  };
};

/**
 * Capacity, allocatable, and what identifies the machine. Resources somebody else has put into the capacity stay. A boot id that differs
 * from the last status is a reboot. Reference: pkg/kubelet/nodestatus, MachineInfo.
 */
export const setMachineInfo: Setter = ({ facts, settings, node }): SetterOutput => {
  const { machine, devices } = facts;
  const previous = readResources(node.status?.capacity);
  const previousAllocatable = readResources(node.status?.allocatable);
  if (machine === undefined) {
    const none: ResourceAmounts = { ...previous, cpu: ZERO, memory: ZERO, pods: quantityOf(BigInt(settings.maxPods)) };
    return {
      status: {
        capacity: formatResources(none),
        allocatable: formatResources(computeAllocatable(none, {}, previousAllocatable)),
      },
      problem: "the machine's facts can't be read",
    };
  }
  const own = settings.localStorage ? reservableCapacity(machine, settings) : machineCapacity(machine);
  const capacity: ResourceAmounts = {
    ...previous,
    ...own,
    pods: quantityOf(BigInt(computePods(settings, machine.cpus))),
    ...parseResources(devices?.capacity),
    ...Object.fromEntries((devices?.removed ?? []).map((name) => [name, ZERO])),
  };
  const allocatable = {
    ...computeAllocatable(capacity, computeReservation(machine, settings), previousAllocatable),
    ...parseResources(devices?.allocatable),
  };
  const info = nodeInfoOf(node);
  const isReboot = info.bootID !== "" && info.bootID !== machine.bootId;
  return {
    status: {
      capacity: formatResources(capacity),
      allocatable: formatResources(allocatable),
      nodeInfo: computeInfo(info, machine),
    },
    ...(isReboot ? { events: [{ topic: "Rebooted", event: NODE_EVENTS.rebooted(settings.nodeName, machine.bootId) }] } : {}),
  };
};
