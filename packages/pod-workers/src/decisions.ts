import type { PodUid } from "@nk/pod-model";
import type { Clock } from "@nk/stdx";

/** Something a worker decided, for people who ask why. */
export interface Decision {
  readonly atMs: number;
  /** A short sentence, e.g. `syncing -> terminating: killed (Evicted)`. */
  readonly text: string;
}

/** The last decisions of each pod. */
export interface DecisionLog {
  add(uid: PodUid, text: string): void;
  /** Oldest first. */
  list(uid: PodUid): readonly Decision[];
  forget(uid: PodUid): void;
}

/** Creates an empty log that keeps `limit` decisions per pod. */
export const createDecisionLog = (clock: Clock, limit: number): DecisionLog => {
  const byUid = new Map<PodUid, Decision[]>();
  return {
    add(uid, text) {
      const decisions = byUid.get(uid) ?? [];
      decisions.push({ atMs: clock.nowMs(), text });
      if (decisions.length > limit) decisions.shift();
      byUid.set(uid, decisions);
    },
    list: (uid) => [...(byUid.get(uid) ?? [])],
    forget: (uid) => void byUid.delete(uid),
  };
};
