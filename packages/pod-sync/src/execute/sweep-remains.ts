import { errorText } from "../errors.ts";
import { cleanUpPod } from "./clean-up.ts";
import type { PodPass, SyncContext } from "./sync-context.ts";
import type { Pod, PodRef, PodUid } from "@nk/pod-model";

/** What {@link sweepRemains} is asked. */
export interface SweepOptions {
  readonly signal: AbortSignal;
  /** Whether somebody still wants the pod or is busy with it; asked just before each is cleaned up. */
  readonly isKnown: (uid: PodUid) => boolean;
}

/**
 * Cleans up after pods that a kubelet before this one was removing when it died: their folders, logs and cgroups. A pod that cannot be
 * cleaned up is left, and told of; the others are not held up by it.
 */
export const sweepRemains = async (
  context: SyncContext,
  passOver: (pod: Pod, signal: AbortSignal) => PodPass,
  { signal, isKnown }: SweepOptions,
): Promise<void> => {
  const { files, cgroups } = context.ports;
  const unnamed = (await cgroups.listPods?.({ signal })) ?? [];
  const found = new Map<PodUid, PodRef>(unnamed.map((uid) => [uid, { namespace: "unknown", name: "unknown", uid }]));
  for (const ref of await files.listPodRemains()) found.set(ref.uid, ref);
  for (const ref of found.values()) {
    signal.throwIfAborted();
    if (isKnown(ref.uid)) continue;
    try {
      await cleanUpPod(passOver({ metadata: { ...ref }, spec: { containers: [] } }, signal), { isRemoved: true });
      context.logger.info("remains of a pod are cleaned up", { pod: ref });
    } catch (error) {
      signal.throwIfAborted();
      context.logger.warn("remains of a pod stay", { pod: ref, error: errorText(error) });
    }
    context.memories.forget(ref.uid);
  }
};
