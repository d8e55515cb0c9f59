import { isDeepStrictEqual } from "node:util";
import { CONFIG_ANNOTATIONS, podFullName, podRef } from "@nk/pod-model";
import type { Pod, PodSource, PodUid, PodUpdate } from "@nk/pod-model";

type Annotations = { readonly [key: string]: string };

/** Written by the kubelet itself, hence no difference between two versions of a pod. */
const LOCAL_ANNOTATIONS: ReadonlySet<string> = new Set(Object.values(CONFIG_ANNOTATIONS));

const foreignAnnotations = (pod: Pod): Annotations =>
  Object.fromEntries(Object.entries(pod.metadata?.annotations ?? {}).filter(([key]) => !LOCAL_ANNOTATIONS.has(key)));

/** Whether two versions differ in what the node acts on; the reference's podsDifferSemantically (pkg/kubelet/config/config.go). */
const differsSemantically = (a: Pod, b: Pod): boolean =>
  !(
    isDeepStrictEqual(a.spec, b.spec) &&
    isDeepStrictEqual(a.metadata?.labels ?? {}, b.metadata?.labels ?? {}) &&
    isDeepStrictEqual(a.metadata?.deletionTimestamp, b.metadata?.deletionTimestamp) &&
    a.metadata?.deletionGracePeriodSeconds === b.metadata?.deletionGracePeriodSeconds &&
    isDeepStrictEqual(foreignAnnotations(a), foreignAnnotations(b))
  );

/** The difference between the version that is known and the one a source now shows; undefined when there is none that matters. */
export const computeUpdate = (known: Pod | undefined, next: Pod): PodUpdate | undefined => {
  if (known === undefined) return { type: "add", pod: next };
  if (known === next) return undefined;
  // One version of one API object is one content; static pods have no version and are compared.
  const version = next.metadata?.resourceVersion;
  if (version !== undefined && version !== "" && version === known.metadata?.resourceVersion) return undefined;
  if (differsSemantically(known, next)) return { type: next.metadata?.deletionTimestamp === undefined ? "update" : "delete", pod: next };
  return isDeepStrictEqual(known.status, next.status) ? undefined : { type: "reconcile", pod: next };
};

/** Marks where the pod comes from and when it was first seen, as the reference does for every source. */
export const annotateSource = (
  pod: Pod,
  { source, seen, known }: { readonly source: PodSource; readonly seen: string; readonly known: Pod | undefined },
): Pod => {
  const firstSeen = known?.metadata?.annotations?.[CONFIG_ANNOTATIONS.seen] ?? pod.metadata?.annotations?.[CONFIG_ANNOTATIONS.seen] ?? seen;
  const local = { [CONFIG_ANNOTATIONS.source]: source, [CONFIG_ANNOTATIONS.seen]: firstSeen };
  return { ...pod, metadata: { ...pod.metadata, annotations: { ...pod.metadata?.annotations, ...local } } };
};

const ORDER = { remove: 0, add: 1, update: 2, delete: 3, reconcile: 4 } as const;

/** When the pod was made; one that was never made in the API, a static pod, comes before all others. */
const creationOf = ({ pod }: PodUpdate): string => pod.metadata?.creationTimestamp ?? "";

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Pods that leave make room first: removes, adds, updates, deletes, reconciles. Adds by the time of creation, so that after a restart of the
 * kubelet an older pod is admitted before a newer one that counts on the same resources (HandlePodAdditions in the reference); all else in
 * the order given.
 */
export const orderUpdates = (updates: readonly PodUpdate[]): readonly PodUpdate[] =>
  updates.toSorted(
    (a, b) => ORDER[a.type] - ORDER[b.type] || (a.type === "add" && b.type === "add" ? compareText(creationOf(a), creationOf(b)) : 0),
  );

export interface MergeResult {
  readonly pods: ReadonlyMap<PodUid, Pod>;
  /** In the order of delivery. */
  readonly updates: readonly PodUpdate[];
  /** Left out because an earlier pod of the snapshot has the same full name or UID. */
  readonly duplicates: readonly Pod[];
}

/** Compares the full set that a source shows with what it showed before. */
export const computeMerge = (
  known: ReadonlyMap<PodUid, Pod>,
  next: readonly Pod[],
  mark: { readonly source: PodSource; readonly seen: string },
): MergeResult => {
  const pods = new Map<PodUid, Pod>();
  const fullNames = new Set<string>();
  const updates: PodUpdate[] = [];
  const duplicates: Pod[] = [];
  for (const pod of next) {
    const ref = podRef(pod);
    if (fullNames.has(podFullName(ref)) || pods.has(ref.uid)) {
      duplicates.push(pod);
      continue;
    }
    fullNames.add(podFullName(ref));
    const before = known.get(ref.uid);
    const marked = annotateSource(pod, { ...mark, known: before });
    const update = computeUpdate(before, marked);
    if (update !== undefined) updates.push(update);
    pods.set(ref.uid, marked);
  }
  for (const [uid, pod] of known) if (!pods.has(uid)) updates.push({ type: "remove", pod });
  return { pods, updates: orderUpdates(updates), duplicates };
};
