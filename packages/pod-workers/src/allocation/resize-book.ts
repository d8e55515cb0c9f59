import type { PodUid } from "@nk/pod-model";
import type { Logger } from "@nk/stdx";
import type { Worker } from "../worker.ts";
import type { Allocation, AllocationStore } from "./checkpoint.ts";

/** What is remembered of pods that are or were resized; empty on a node where none is. */
export interface ResizeBook {
  /** What the pod was given, where that is or was another than what it asked for. */
  readonly allocations: Map<PodUid, Allocation>;
  /** Workers whose pod asks for other resources, and for which these may yet be found. */
  readonly pending: Set<Worker>;
  /** Those of them whose resize was admitted and could not be kept: tried again with the pod's next pass. */
  readonly unkept: Set<Worker>;
  /** Why the pending ones are to be tried; undefined when nothing has changed since they were. */
  due: string | undefined;
  /** Writes the allocations; resolves when they, as they were at the call or later, would survive a crash. */
  save(): Promise<void>;
  /** Writes them when there is time; a failure is logged, because whoever must know for sure awaits `save`. */
  saveSoon(): void;
}

/** Opens the book at what an earlier kubelet kept. Writes never overlap; those that wait become one. */
export const createResizeBook = (store: AllocationStore | undefined, logger: Logger): ResizeBook => {
  const allocations = new Map<PodUid, Allocation>(store?.kept);
  let running: Promise<void> | undefined;
  let next: Promise<void> | undefined;

  const write = (): Promise<void> => {
    next = undefined;
    running = (store?.keep(new Map(allocations)) ?? Promise.resolve()).finally(() => {
      running = undefined;
    });
    return running;
  };
  const save = (): Promise<void> => {
    if (running === undefined) return write();
    next ??= running.then(write, write);
    return next;
  };
  return {
    allocations,
    pending: new Set(),
    unkept: new Set(),
    due: undefined,
    save,
    saveSoon: () => {
      save().catch((error: unknown) => logger.error("allocated resources cannot be kept", { error }));
    },
  };
};
