import type { PodUid } from "@nk/pod-model";
import type { Clock } from "@nk/stdx";
import type { RuntimeEvent } from "./ports.ts";

/** An event of one pod. */
export type PodEvent = RuntimeEvent & { readonly type: "event" };

/** Events of pods that are being changed or read, kept until it can be told whether they are news. */
export interface ParkedEvents extends Disposable {
  add(uid: PodUid, event: PodEvent): void;
  /** The pod is settled: its events are handed back, in their order. */
  release(uid: PodUid): void;
}

export interface ParkedEventsOptions {
  readonly clock: Clock;
  /** Safety net: whoever changes the pod may be stuck, and others may wait to see what happened. */
  readonly patienceMs: number;
  /** Beyond it the oldest are dropped: those who look at the pod because of one see what all of them told. */
  readonly maxPerPod: number;
  readonly onReleased: (uid: PodUid, events: readonly PodEvent[]) => void;
  /** The patience with a pod is over. */
  readonly onImpatient: (uid: PodUid) => void;
}

interface Parked {
  readonly events: PodEvent[];
  readonly timer: Disposable;
}

/** Creates it empty. */
export const createParkedEvents = (options: ParkedEventsOptions): ParkedEvents => {
  const { clock, patienceMs, maxPerPod, onReleased, onImpatient } = options;
  const pods = new Map<PodUid, Parked>();
  const take = (uid: PodUid): readonly PodEvent[] => {
    const parked = pods.get(uid);
    parked?.timer[Symbol.dispose]();
    pods.delete(uid);
    return parked?.events ?? [];
  };
  return {
    add: (uid, event) => {
      const known = pods.get(uid);
      if (known !== undefined) {
        known.events.push(event);
        if (known.events.length > maxPerPod) known.events.shift();
        return;
      }
      const timer = clock.schedule(patienceMs, () => {
        take(uid);
        onImpatient(uid);
      });
      pods.set(uid, { events: [event], timer });
    },
    release: (uid) => {
      const events = take(uid);
      if (events.length > 0) onReleased(uid, events);
    },
    [Symbol.dispose]: () => {
      for (const uid of pods.keys()) take(uid);
    },
  };
};
