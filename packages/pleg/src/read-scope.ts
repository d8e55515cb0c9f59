import type { PodUid, RuntimePodStatus } from "@nk/pod-model";
import type { PodStatusRequest, RuntimeView } from "./ports.ts";

/**
 * What came into being in a pod since its last good read, told by a caller who is sure that nothing else did because everything in the
 * pod is made by itself: then the runtime is asked for the state of what is known, and not for a list.
 */
export interface PodGrowth {
  readonly name: string;
  readonly namespace: string;
  readonly sandboxId?: string;
  readonly containerId?: string;
}

/** What the next read of a pod is asked for by those who wait for it; a list as soon as one of them needs one. */
interface Wish {
  needsList: boolean;
  readonly growths: PodGrowth[];
}

/** What a read asks for: the pod's objects as known, or undefined: whatever the runtime lists. */
export type ReadScope = PodStatusRequest | undefined;

const listPod = async (runtime: RuntimeView, uid: PodUid, signal: AbortSignal): Promise<PodStatusRequest | undefined> => {
  const listed = (await runtime.listPods({ signal, uid })).find((pod) => pod.uid === uid);
  if (listed === undefined) return undefined;
  return {
    uid,
    name: listed.name,
    namespace: listed.namespace,
    sandboxIds: listed.sandboxes.map((sandbox) => sandbox.id),
    containerIds: listed.containers.map((container) => container.id),
  };
};

/** One read: a list filtered to the pod, unless it is known what the pod has, then the status of that. */
export const readPod = async (
  runtime: RuntimeView,
  uid: PodUid,
  options: { readonly scope: ReadScope; readonly signal: AbortSignal },
): Promise<RuntimePodStatus | undefined> => {
  const { scope, signal } = options;
  const request = scope ?? (await listPod(runtime, uid, signal));
  if (request === undefined) return undefined;
  const status = await runtime.getPodStatus(request, { signal });
  // Everything that was known has vanished.
  return scope !== undefined && status.sandboxes.length === 0 && status.containers.length === 0 ? undefined : status;
};

/** Ids newest first, each once. */
const joinIds = (newIds: readonly string[], known: readonly string[]): readonly string[] => [...new Set([...newIds, ...known])];

const computeScope = (uid: PodUid, status: RuntimePodStatus | undefined, growths: readonly PodGrowth[]): ReadScope => {
  const [first] = growths;
  if (first === undefined) return undefined;
  const newest = growths.toReversed();
  const sandboxIds = joinIds(
    newest.flatMap(({ sandboxId }) => sandboxId ?? []),
    status?.sandboxes.map(({ id }) => id) ?? [],
  );
  const containerIds = joinIds(
    newest.flatMap(({ containerId }) => containerId ?? []),
    status?.containers.map(({ id }) => id) ?? [],
  );
  // Nothing known and nothing new: only a list can tell.
  return sandboxIds.length + containerIds.length === 0
    ? undefined
    : { uid, name: first.name, namespace: first.namespace, sandboxIds, containerIds };
};

/** What the next read of each pod is to ask for. */
export interface Wishes {
  /** One more waits for the next read; without growth it needs a list. */
  add(uid: PodUid, growth: PodGrowth | undefined): void;
  /** What the read that begins now asks for. `status` is the last good read; undefined when that is not known to be whole. */
  take(uid: PodUid, known: { readonly isWhole: boolean; readonly status: RuntimePodStatus | undefined }): ReadScope;
}

/** No wishes yet. */
export const createWishes = (): Wishes => {
  const wishes = new Map<PodUid, Wish>();
  return {
    add(uid, growth) {
      const wanted = wishes.get(uid) ?? { needsList: false, growths: [] };
      wishes.set(uid, wanted);
      if (growth === undefined) wanted.needsList = true;
      else wanted.growths.push(growth);
    },
    take(uid, { isWhole, status }) {
      const wanted = wishes.get(uid);
      wishes.delete(uid);
      return wanted === undefined || wanted.needsList || !isWhole ? undefined : computeScope(uid, status, wanted.growths);
    },
  };
};
