import { nearestName } from "@nk/stdx";
import { EvictionError } from "./errors.ts";

/**
 * What a threshold can be put on, in the order in which shortages are met: memory first, as in the reference (pkg/kubelet/eviction,
 * byEvictionPriority), then in this fixed order, where the reference's is that of a Go map.
 */
export const SIGNALS = [
  "memory.available",
  "allocatableMemory.available",
  "nodefs.available",
  "nodefs.inodesFree",
  "imagefs.available",
  "imagefs.inodesFree",
  "containerfs.available",
  "containerfs.inodesFree",
  "pid.available",
] as const;

/** An eviction signal, as users write it. */
export type Signal = (typeof SIGNALS)[number];

/** What runs short, as it stands in messages, events and annotations. */
export type StarvedResource = "memory" | "ephemeral-storage" | "inodes" | "pids";

/** The node conditions that a shortage sets, in the order in which this package lists them. */
export const PRESSURE_CONDITIONS = ["MemoryPressure", "DiskPressure", "PIDPressure"] as const;

export type PressureCondition = (typeof PRESSURE_CONDITIONS)[number];

interface SignalFacts {
  readonly resource: StarvedResource;
  readonly condition: PressureCondition;
}

const MEMORY: SignalFacts = { resource: "memory", condition: "MemoryPressure" };
const DISK: SignalFacts = { resource: "ephemeral-storage", condition: "DiskPressure" };
const INODES: SignalFacts = { resource: "inodes", condition: "DiskPressure" };

const FACTS: { readonly [signal in Signal]: SignalFacts } = {
  "memory.available": MEMORY,
  "allocatableMemory.available": MEMORY,
  "nodefs.available": DISK,
  "nodefs.inodesFree": INODES,
  "imagefs.available": DISK,
  "imagefs.inodesFree": INODES,
  "containerfs.available": DISK,
  "containerfs.inodesFree": INODES,
  "pid.available": { resource: "pids", condition: "PIDPressure" },
};

/** What runs short when the signal is low. */
export const resourceOf = (signal: Signal): StarvedResource => FACTS[signal].resource;

/** The node condition that the signal sets. */
export const conditionOf = (signal: Signal): PressureCondition => FACTS[signal].condition;

/** Whether the text names a signal. */
export const isSignal = (text: string): text is Signal => Object.hasOwn(FACTS, text);

/** Reads a signal's name. Throws `unknown-signal`, with the name that was probably meant. */
export const parseSignal = (text: string, where: string): Signal => {
  if (isSignal(text)) return text;
  const meant = nearestName(text, SIGNALS);
  throw new EvictionError(
    "unknown-signal",
    `read ${where}: there is no eviction signal ${JSON.stringify(text.slice(0, 100))}${meant === undefined ? `; there are: ${SIGNALS.join(", ")}` : `, did you mean "${meant}"`}`,
    { where, text },
  );
};
