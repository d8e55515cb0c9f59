import type { PodUid } from "@nk/pod-model";

/** Pods that somebody changes; holds of one pod may be nested. */
export interface Holds {
  hold(uid: PodUid): Disposable;
  isHeld(uid: PodUid): boolean;
}

/** No holds yet; `onReleased` is called for each hold that ends. */
export const createHolds = (onReleased: (uid: PodUid) => void): Holds => {
  const holds = new Map<PodUid, number>();
  return {
    isHeld: (uid) => holds.has(uid),
    hold: (uid) => {
      holds.set(uid, (holds.get(uid) ?? 0) + 1);
      let isHeld = true;
      return {
        [Symbol.dispose]: () => {
          if (!isHeld) return;
          isHeld = false;
          const left = (holds.get(uid) ?? 1) - 1;
          if (left > 0) holds.set(uid, left);
          else holds.delete(uid);
          onReleased(uid);
        },
      };
    },
  };
};
