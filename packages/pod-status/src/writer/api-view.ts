import { CONFIG_ANNOTATIONS, podFullName, podRef } from "@nk/pod-model";
import type { Pod, PodFullName, PodRef, PodStatus } from "@nk/pod-model";

/** What is known of one pod object in the API. */
export interface ApiView {
  readonly ref: PodRef;
  readonly status: PodStatus;
  /** Undefined when the API's version is not a number, or unknown. */
  readonly version: bigint | undefined;
  readonly isDeleting: boolean;
}

const versionOf = (pod: Pod): bigint | undefined => {
  const text = pod.metadata?.resourceVersion ?? "";
  return /^\d{1,20}$/u.test(text) ? BigInt(text) : undefined;
};

/** The view that a pod object of the API gives. */
export const viewOf = (pod: Pod): ApiView => ({
  ref: podRef(pod),
  status: pod.status ?? {},
  version: versionOf(pod),
  isDeleting: pod.metadata?.deletionTimestamp !== undefined,
});

/**
 * Whether `next` was made before what is known already: a watch may tell of an older version after a write was answered. Versions of
 * one kind of object are numbers that grow (KEP-5504); where one is not, the later news counts.
 */
export const isOlder = (next: ApiView, known: ApiView): boolean =>
  next.ref.uid === known.ref.uid && next.version !== undefined && known.version !== undefined && next.version < known.version;

/** The mirror pods that the API shows, by the name they share with their static pod. */
export interface Mirrors {
  /** Takes a newer view; false when it is older than what is known. */
  set(mirror: Pod): boolean;
  update(view: ApiView): void;
  /** Takes a view although it is older than what is known. */
  reset(view: ApiView): void;
  /** Forgets the mirror with this UID. */
  delete(ref: PodRef): void;
  /** The mirror of this very version of a static pod; a mirror of the version before it, or after, is not its own. */
  of(staticPod: Pod): ApiView | undefined;
}

/** Creates it with no mirror known. */
export const createMirrors = (): Mirrors => {
  const byName = new Map<PodFullName, { readonly view: ApiView; readonly hash: string | undefined }>();
  const replace = (view: ApiView): void => {
    const name = podFullName(view.ref);
    const known = byName.get(name);
    if (known?.view.ref.uid === view.ref.uid) byName.set(name, { ...known, view });
  };
  return {
    set(mirror) {
      const view = viewOf(mirror);
      const name = podFullName(view.ref);
      const known = byName.get(name);
      if (known !== undefined && isOlder(view, known.view)) return false;
      byName.set(name, { view, hash: mirror.metadata?.annotations?.[CONFIG_ANNOTATIONS.mirror] });
      return true;
    },
    update(view) {
      const known = byName.get(podFullName(view.ref));
      if (known !== undefined && !isOlder(view, known.view)) replace(view);
    },
    reset: replace,
    delete(ref) {
      const name = podFullName(ref);
      if (byName.get(name)?.view.ref.uid === ref.uid) byName.delete(name);
    },
    of(staticPod) {
      const known = byName.get(podFullName(podRef(staticPod)));
      const hash = staticPod.metadata?.annotations?.[CONFIG_ANNOTATIONS.hash];
      return known !== undefined && known.hash !== undefined && known.hash === hash ? known.view : undefined;
    },
  };
};
