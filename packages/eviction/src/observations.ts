import { parseTimestamp, quantityOf } from "@nk/pod-model";
import type { Quantity, QuantityFormat } from "@nk/pod-model";
import type { Signal } from "./signals.ts";
import type { Amount, FsStats, MemoryStats, Summary } from "./summary.ts";

/** How much of what a signal is about there is, and how much of it is free. */
export interface Observation {
  readonly available: Quantity;
  readonly capacity: Quantity;
  /** When it was measured, epoch milliseconds. One without a time counts as new each time. */
  readonly atMs?: number;
}

/** A signal that could not be observed is absent; its thresholds are then not met. */
export type Observations = { readonly [signal in Signal]?: Observation };

/** A whole amount, or undefined for what is none. */
export const amountOf = (amount: Amount | undefined): bigint | undefined => {
  if (typeof amount === "bigint") return amount < 0n ? undefined : amount;
  return typeof amount === "number" && Number.isFinite(amount) && amount >= 0 ? BigInt(Math.trunc(amount)) : undefined;
};

const timeOf = (text: string | undefined): { readonly atMs?: number } => {
  if (text === undefined) return {};
  try {
    return { atMs: parseTimestamp(text) };
  } catch {
    // A time that cannot be read is no reason to overlook a shortage.
    return {};
  }
};

interface Measured {
  readonly available: bigint | undefined;
  readonly capacity: bigint | undefined;
  readonly time: string | undefined;
  readonly format: QuantityFormat;
}

const observe = (signal: Signal, { available, capacity, time, format }: Measured): Observations =>
  available === undefined || capacity === undefined
    ? {}
    : { [signal]: { available: quantityOf(available, format), capacity: quantityOf(capacity, format), ...timeOf(time) } };

const observeMemory = (signal: Signal, memory: MemoryStats | null | undefined): Observations => {
  const available = amountOf(memory?.availableBytes);
  const workingSet = amountOf(memory?.workingSetBytes);
  const capacity = available === undefined || workingSet === undefined ? undefined : available + workingSet;
  return observe(signal, { available, capacity, time: memory?.time, format: "BinarySI" });
};

const observeFs = (disk: "nodefs" | "imagefs" | "containerfs", fs: FsStats | null | undefined): Observations => {
  const time = fs?.time;
  return {
    ...observe(`${disk}.available`, {
      available: amountOf(fs?.availableBytes),
      capacity: amountOf(fs?.capacityBytes),
      time,
      format: "BinarySI",
    }),
    ...observe(`${disk}.inodesFree`, { available: amountOf(fs?.inodesFree), capacity: amountOf(fs?.inodes), time, format: "DecimalSI" }),
  };
};

/** The system container whose memory is that of all pods together. */
const PODS_CONTAINER = "pods";

/** What a summary says about each signal (makeSignalObservations in the reference). What it does not state is absent from the result. */
export const computeObservations = ({ node }: Summary): Observations => {
  const { memory, fs, runtime, rlimit, systemContainers } = node;
  const capacity = amountOf(rlimit?.maxpid);
  const running = amountOf(rlimit?.curproc);
  return {
    ...observeMemory("memory.available", memory),
    ...observeMemory("allocatableMemory.available", systemContainers?.find(({ name }) => name === PODS_CONTAINER)?.memory),
    ...observeFs("nodefs", fs),
    ...observeFs("imagefs", runtime?.imageFs),
    ...observeFs("containerfs", runtime?.containerFs),
    ...observe("pid.available", {
      // More processes than the limit leave less than none.
      available: capacity === undefined || running === undefined ? undefined : capacity - running,
      capacity,
      time: rlimit?.time,
      format: "DecimalSI",
    }),
  };
};
