import type { PodUid, RuntimePodStatus } from "@nk/pod-model";

/** Where pods are read; `PodStatusCache` of pleg fits. */
export interface ReadablePods {
  get(uid: PodUid): RuntimePodStatus | undefined;
  refresh(uid: PodUid): Promise<RuntimePodStatus | undefined>;
}

/** Sees to it that nothing is said of a pod that ran before this kubelet until it has been read. */
export interface FirstObservation {
  /** These pods were in the runtime when the kubelet started. */
  expect(uids: readonly PodUid[]): void;
  /** Resolves once the pod was read, at once for one that was not there. Rejects when it cannot be read: nothing may be said of it then. */
  settled(uid: PodUid): Promise<void>;
}

/** Nobody is expected at first. */
export const createFirstObservation = (pods: ReadablePods): FirstObservation => {
  const unread = new Set<PodUid>();
  return {
    expect: (uids) => {
      for (const uid of uids) unread.add(uid);
    },
    settled: async (uid) => {
      if (!unread.has(uid)) return;
      if (pods.get(uid) === undefined) await pods.refresh(uid);
      unread.delete(uid);
    },
  };
};
