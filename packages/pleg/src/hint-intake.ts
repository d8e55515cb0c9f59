import type { PodUid } from "@nk/pod-model";
import type { Clock } from "@nk/stdx";
import type { DirtyPods } from "./dirty-pods.ts";
import { isAboutKnown, isObserved } from "./hint.ts";
import type { PlegMetrics } from "./metrics.ts";
import { createParkedEvents } from "./parked-events.ts";
import type { PodEvent } from "./parked-events.ts";
import type { RuntimeEvent } from "./ports.ts";
import { hintUnreadable } from "./relist.ts";
import type { PodStatusCache } from "./status-cache.ts";
import type { Wakeup } from "./wakeup.ts";

/** What happens to one pod while it is being changed is little. */
const MAX_PARKED_EVENTS = 32;

/** Finds the pod of an event that does not name it, from what was observed. */
const findUid = (cache: PodStatusCache, event: PodEvent): PodUid | undefined =>
  event.uid ??
  cache.knownUids().find((uid) => {
    const status = cache.get(uid);
    const hasContainer = status?.containers.some(({ id }) => id === event.containerId) ?? false;
    return hasContainer || (status?.sandboxes.some(({ id }) => id === event.sandboxId) ?? false);
  });

/** What the intake works with. */
export interface HintIntakeOptions {
  readonly cache: PodStatusCache;
  readonly clock: Clock;
  readonly metrics: PlegMetrics;
  /** Of the loop that lists. */
  readonly wakeup: Wakeup;
  /** How long an event about a pod that is being changed waits for the end of that. */
  readonly eventPatienceMs: number;
}

/** Turns what the runtime says into reads of pods: none for what is known already, one of what is known, or one with a list. */
export interface HintIntake {
  /** Has the pod read with a list; does nothing unless open. */
  readonly hint: (uid: PodUid) => void;
  readonly onItem: (item: RuntimeEvent) => void;
  /** Reads one pod that is due; never rejects. */
  readonly read: (uid: PodUid, signal: AbortSignal) => Promise<void>;
  /** From now on hints go to `pods`; dispose it to hear no more of settled pods. */
  open(pods: DirtyPods): Disposable;
  /** Drops what waits. */
  close(): void;
}

/** A closed intake. */
export const createHintIntake = ({ cache, clock, metrics, wakeup, eventPatienceMs }: HintIntakeOptions): HintIntake => {
  let dirty: DirtyPods | undefined;
  // Of pods that wait to be read: where it is not enough to look at what is known again.
  const needsList = new Set<PodUid>();

  const markDirty = (uid: PodUid): void => {
    if (dirty === undefined || dirty.add(uid)) return;
    needsList.delete(uid);
    metrics.discardEvents.inc();
    wakeup.wake();
  };
  const hint = (uid: PodUid): void => {
    if (dirty === undefined) return;
    needsList.add(uid);
    markDirty(uid);
  };
  const consider = (uid: PodUid, event: PodEvent): void => {
    const status = cache.get(uid);
    if (isObserved(status, event)) return;
    if (isAboutKnown(status, event)) markDirty(uid);
    else hint(uid);
  };
  const parked = createParkedEvents({
    clock,
    patienceMs: eventPatienceMs,
    maxPerPod: MAX_PARKED_EVENTS,
    onReleased: (uid, events) => {
      for (const event of events) consider(uid, event);
    },
    onImpatient: hint,
  });
  return {
    hint,
    onItem(item) {
      if (item.type === "gap") {
        // The stream opened anew without its end having been seen here: an outage that fell between two lists shows in nothing else.
        hintUnreadable(cache, hint);
        return wakeup.wake();
      }
      const uid = findUid(cache, item);
      if (uid === undefined) return wakeup.wake();
      // While the pod is being changed or read, the end of that most likely shows what the event tells.
      if (cache.isSettled(uid)) consider(uid, item);
      else parked.add(uid, item);
    },
    async read(uid, signal) {
      const known = needsList.delete(uid) ? undefined : cache.get(uid);
      const growth = known === undefined ? {} : { growth: { name: known.name, namespace: known.namespace } };
      // A failed read is in the pod's health, which has it read again.
      await cache.refresh(uid, { signal, ...growth }).catch(() => undefined);
    },
    open(pods) {
      dirty = pods;
      return cache.subscribeSettled((uid) => parked.release(uid));
    },
    close() {
      dirty = undefined;
      parked[Symbol.dispose]();
      needsList.clear();
    },
  };
};
