import type { PodFullName, PodUid } from "@nk/pod-model";

/** Lets one static pod of a full name run at a time, in order of arrival. */
export interface FullNames {
  /** Queues for the name; true when the pod may start now. */
  join(name: PodFullName, uid: PodUid): boolean;
  /** Takes the name without queueing, for something that already runs. */
  hold(name: PodFullName, uid: PodUid): void;
  /** Who would get the name if its holder gave it back now. */
  nextOf(name: PodFullName): PodUid | undefined;
  /** Gives the name or the place in its queue back; returns the pod that may start now. */
  leave(name: PodFullName, uid: PodUid): PodUid | undefined;
}

/** Creates it with every name free. */
export const createFullNames = (): FullNames => {
  const names = new Map<PodFullName, { readonly holders: Set<PodUid>; readonly queue: PodUid[] }>();

  const entryOf = (name: PodFullName): { readonly holders: Set<PodUid>; readonly queue: PodUid[] } => {
    const entry = names.get(name) ?? { holders: new Set<PodUid>(), queue: [] };
    names.set(name, entry);
    return entry;
  };
  return {
    join(name, uid) {
      const { holders, queue } = entryOf(name);
      if (holders.has(uid)) return true;
      if (holders.size > 0 || queue.length > 0) {
        if (!queue.includes(uid)) queue.push(uid);
        return false;
      }
      holders.add(uid);
      return true;
    },
    hold: (name, uid) => void entryOf(name).holders.add(uid),
    nextOf: (name) => names.get(name)?.queue[0],
    leave(name, uid) {
      const entry = names.get(name);
      if (entry === undefined) return undefined;
      const { holders, queue } = entry;
      holders.delete(uid);
      const place = queue.indexOf(uid);
      if (place >= 0) queue.splice(place, 1);
      if (holders.size > 0) return undefined;
      const next = queue.shift();
      if (next === undefined) names.delete(name);
      else holders.add(next);
      return next;
    },
  };
};
