import { createSemaphore } from "@nk/stdx";
import type { ClusterRig } from "../cluster-rig.ts";

/** The turn of one scenario. */
export interface Turn {
  /** Waits for the kubelet's restart, and lets others play meanwhile. `whileDown` is done when no kubelet runs. */
  restart(whileDown: () => Promise<void>): Promise<void>;
  /** It is at its end, and is not waited for any more. */
  done(): void;
}

/** Lets so many scenarios play at the same time; those that need a kubelet to be restarted share one restart, when all others are done. */
export interface KubeletBarrier {
  enter(): Promise<Turn>;
}

interface Parked {
  readonly whileDown: () => Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** What a barrier is for. */
export interface BarrierOptions {
  readonly scenarioCount: number;
  readonly maxAtOnce: number;
}

/** A barrier of which every scenario is a part. */
export const createKubeletBarrier = (
  rig: Pick<ClusterRig, "kubelet" | "startKubelet" | "untilReady">,
  { scenarioCount, maxAtOnce }: BarrierOptions,
): KubeletBarrier => {
  const slots = createSemaphore(maxAtOnce);
  let active = scenarioCount;
  let parked: Parked[] = [];
  const restartAll = async (waiting: readonly Parked[]): Promise<void> => {
    try {
      await rig.kubelet.stop();
      await Promise.all(waiting.map(({ whileDown }) => whileDown()));
      await rig.startKubelet();
      await rig.untilReady();
      for (const { resolve } of waiting) resolve();
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  };
  const look = (): void => {
    if (active > 0 || parked.length === 0) return;
    const waiting = parked;
    parked = [];
    active = waiting.length;
    void restartAll(waiting);
  };
  const leave = (): void => {
    active -= 1;
    look();
  };
  return {
    enter: async () => {
      let slot = await slots.acquire();
      return {
        restart: async (whileDown) => {
          slot[Symbol.dispose]();
          const { promise, resolve, reject } = Promise.withResolvers<void>();
          parked.push({ whileDown, resolve, reject });
          leave();
          await promise;
          slot = await slots.acquire();
        },
        done: () => {
          slot[Symbol.dispose]();
          leave();
        },
      };
    },
  };
};
