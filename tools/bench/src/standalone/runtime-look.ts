import { isCriError } from "@nk/cri-client";
import type { CriClient } from "@nk/cri-client";
import { ContainerState } from "@nk/cri-api";
import type { ContainerStatus } from "@nk/cri-api";
import { systemClock } from "@nk/stdx";

/** Between two looks. The figures come from the runtime's own times where it has them, so looking adds nothing to those. */
const LOOK_MS = 5;
const TIMEOUT_MS = 30_000;
const NANOS_PER_MS = 1_000_000;

/** Looks until something is found; rejects after 30 s. */
export const untilFound = async <T>(
  look: () => Promise<T | undefined>,
  options: { readonly what: string; readonly signal: AbortSignal; readonly lookMs?: number },
): Promise<T> => {
  const deadline = systemClock.monotonicMs() + TIMEOUT_MS;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (systemClock.monotonicMs() > deadline) throw new Error(`waited ${TIMEOUT_MS / 1000} s for ${options.what}`);
    await systemClock.sleep(options.lookMs ?? LOOK_MS, { signal: options.signal });
  }
};

/** A container that runs or ran. Times are the runtime's, wall clock, milliseconds. */
export interface StartedContainer {
  readonly id: string;
  readonly startedMs: number;
}

/** What the bench wants to know of the runtime, asked of it directly and not of the kubelet. */
export interface RuntimeLook {
  /** Waits for a running container of the pod other than `exceptId`. */
  untilStarted(podName: string, exceptId?: string): Promise<StartedContainer>;
  /** Waits for the container's end; resolves with its time. */
  untilFinished(containerId: string): Promise<number>;
  /** Waits until the runtime has neither sandbox nor container of the pod; resolves with the time of the look that showed it. */
  untilGone(podName: string): Promise<number>;
}

const POD_NAME_LABEL = "io.kubernetes.pod.name";

/** Over a client of the bench's own. */
export const createRuntimeLook = (cri: CriClient, signal: AbortSignal): RuntimeLook => {
  const readStatus = async (containerId: string): Promise<ContainerStatus | undefined> => {
    try {
      return (await cri.containerStatus({ containerId }, { signal })).status;
    } catch (error) {
      if (isCriError(error, "not-found")) return undefined;
      throw error;
    }
  };
  const filterOf = (podName: string) => ({ filter: { labelSelector: { [POD_NAME_LABEL]: podName } } });
  return {
    untilStarted: (podName, exceptId) =>
      untilFound(
        async () => {
          const { containers } = await cri.listContainers(filterOf(podName), { signal });
          const running = containers.find(({ id, state }) => state === ContainerState.CONTAINER_RUNNING && id !== exceptId);
          const status = running === undefined ? undefined : await readStatus(running.id);
          return status === undefined ? undefined : { id: status.id, startedMs: Number(status.startedAt) / NANOS_PER_MS };
        },
        { what: `a running container of ${podName}`, signal },
      ),
    untilFinished: async (containerId) => {
      let lastRunningMs = systemClock.nowMs();
      return untilFound(
        async () => {
          const lookedMs = systemClock.nowMs();
          const status = await readStatus(containerId);
          // Removed between two looks: the last time it was seen to run makes the figure larger, never smaller.
          if (status === undefined) return lastRunningMs;
          if (status.finishedAt !== 0n) return Number(status.finishedAt) / NANOS_PER_MS;
          lastRunningMs = lookedMs;
          return undefined;
        },
        { what: `the end of container ${containerId}`, signal },
      );
    },
    untilGone: (podName) =>
      untilFound(
        async () => {
          const [{ items }, { containers }] = await Promise.all([
            cri.listPodSandbox(filterOf(podName), { signal }),
            cri.listContainers(filterOf(podName), { signal }),
          ]);
          return items.length === 0 && containers.length === 0 ? systemClock.nowMs() : undefined;
        },
        { what: `${podName} to be gone`, signal },
      ),
  };
};
