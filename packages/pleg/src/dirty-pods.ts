import type { PodUid } from "@nk/pod-model";
import { raceSignal } from "@nk/stdx";
import type { Clock } from "@nk/stdx";

/** Pods that something hinted at and that wait to be read. */
export interface DirtyPods {
  /** Asks for a read that starts after this call. False when too many pods wait: then nothing was kept. */
  add(uid: PodUid): boolean;
  readonly size: number;
  /** Whether a read of the pod runs now. */
  isReading(uid: PodUid): boolean;
  /** Resolves when every read that runs has ended. */
  onIdle(): Promise<void>;
}

export interface DirtyPodsOptions {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Reads at the same time. */
  readonly concurrency: number;
  /** A read that takes longer gives its place to the next pod and runs on, so that wedged pods never hold up others. */
  readonly slowReadMs: number;
  readonly maxDirtyPods: number;
  /** Reads one pod; must not reject but when the signal aborts. */
  readonly read: (uid: PodUid, signal: AbortSignal) => Promise<void>;
}

/** A set, so that a flood of hints about one pod is one read; each pod has at most one read running here and one waiting. */
export const createDirtyPods = (options: DirtyPodsOptions): DirtyPods => {
  const { clock, signal, concurrency, slowReadMs, maxDirtyPods } = options;
  const waiting = new Set<PodUid>();
  const reading = new Map<PodUid, Promise<void>>();
  const hintedAgain = new Set<PodUid>();
  let busyPlaces = 0;

  const start = (uid: PodUid): void => {
    busyPlaces += 1;
    let holdsPlace = true;
    const givePlace = (): void => {
      if (!holdsPlace) return;
      holdsPlace = false;
      busyPlaces -= 1;
      pump();
    };
    const slowTimer = clock.schedule(slowReadMs, givePlace);
    const finish = (): void => {
      slowTimer[Symbol.dispose]();
      reading.delete(uid);
      if (hintedAgain.delete(uid)) waiting.add(uid);
      if (holdsPlace) givePlace();
      else pump();
    };
    reading.set(uid, raceSignal(options.read(uid, signal), signal).then(finish, finish));
  };

  const pump = (): void => {
    if (signal.aborted) return;
    for (const uid of waiting) {
      if (busyPlaces >= concurrency) return;
      waiting.delete(uid);
      start(uid);
    }
  };

  return {
    add(uid) {
      if (reading.has(uid)) {
        hintedAgain.add(uid);
        return true;
      }
      if (!waiting.has(uid) && waiting.size >= maxDirtyPods) return false;
      waiting.add(uid);
      pump();
      return true;
    },
    get size() {
      return waiting.size + reading.size;
    },
    isReading: (uid) => reading.has(uid),
    onIdle: async () => void (await Promise.all(reading.values())),
  };
};
