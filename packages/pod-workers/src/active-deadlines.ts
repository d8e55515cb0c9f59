import { podRef } from "@nk/pod-model";
import type { Pod, PodUid } from "@nk/pod-model";
import { createDelayQueue } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import type { KillRequest } from "./pod-work.ts";
import type { EventPort } from "./ports.ts";

/** Stops pods that have been active for longer than their activeDeadlineSeconds allow. */
export interface ActiveDeadlines extends Disposable {
  /**
   * The pod as it is wanted now, and when it was started by its status (epoch ms); a changed deadline counts at once. Undefined for one that
   * was not started yet, and for one that has ended.
   */
  observe(pod: Pod, startedAtMs: number | undefined): void;
  forget(uid: PodUid): void;
}

export interface ActiveDeadlinesOptions {
  readonly clock: Clock;
  readonly events?: EventPort;
  /** Asks for the pod to be stopped; must not throw. */
  readonly kill: (uid: PodUid, request: KillRequest) => void;
}

const REASON = "DeadlineExceeded";
const MESSAGE = "Pod was active on the node longer than the specified deadline";

/**
 * The deadline counts from the pod's start time, so that a kubelet which starts anew keeps it. The reference looks once a second and records
 * its event each time until the pod has ended (pkg/kubelet/active_deadline.go); here it is due at its instant, once.
 */
export const createActiveDeadlines = (options: ActiveDeadlinesOptions): ActiveDeadlines => {
  const pods = new Map<PodUid, Pod>();
  const exceeded = new Set<PodUid>();
  const queue = createDelayQueue<PodUid>({
    clock: options.clock,
    onDue: (uid) => {
      const pod = pods.get(uid);
      if (pod === undefined || exceeded.has(uid)) return;
      exceeded.add(uid);
      options.events?.record({ ref: podRef(pod), type: "Normal", reason: REASON, message: MESSAGE });
      options.kill(uid, { reason: REASON, message: MESSAGE });
    },
  });
  return {
    observe(pod, startedAtMs) {
      const { uid } = podRef(pod);
      const seconds = pod.spec?.activeDeadlineSeconds;
      if (seconds === undefined || startedAtMs === undefined) {
        queue.cancel(uid);
        pods.delete(uid);
        return;
      }
      pods.set(uid, pod);
      if (!exceeded.has(uid)) queue.schedule(uid, startedAtMs + seconds * 1000);
    },
    forget(uid) {
      queue.cancel(uid);
      pods.delete(uid);
      exceeded.delete(uid);
    },
    [Symbol.dispose]: () => queue[Symbol.dispose](),
  };
};
