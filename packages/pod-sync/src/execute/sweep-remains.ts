import type { PodRef, PodUid } from "@nk/pod-model";
import { errorText } from "../errors.ts";
import type { SyncContext } from "./sync-context.ts";

/** What a sweep is asked. */
export interface SweepOptions {
  readonly signal: AbortSignal;
  /** Whether somebody wants the pod or is busy with it; asked just before each is cleaned up. */
  readonly isKnown: (uid: PodUid) => boolean;
}

/**
 * Cleans up after pods that a kubelet before this one was removing when it died: their folders, logs and cgroups. A pod that cannot be
 * cleaned up is left, and told of; the others are not held up by it.
 */
export const sweepRemains = async (context: SyncContext, options: SweepOptions, cleanUp: (ref: PodRef) => Promise<void>): Promise<void> => {
  const { signal, isKnown } = options;
  const { files, cgroups } = context.ports;
  const unnamed = (await cgroups.listPods?.({ signal })) ?? [];
  const found = new Map<PodUid, PodRef>(unnamed.map((uid) => [uid, { namespace: "unknown", name: "unknown", uid }]));
  for (const ref of await files.listPodRemains()) found.set(ref.uid, ref);
  const { metrics } = context;
  for (const gauge of [metrics.orphanPods, metrics.orphanPodErrors]) gauge.set(0);
  for (const ref of found.values()) {
    signal.throwIfAborted();
    if (isKnown(ref.uid)) continue;
    metrics.orphanPods.add(1);
    try {
      await cleanUp(ref);
      context.logger.info("remains of a pod are cleaned up", { pod: ref });
    } catch (error) {
      signal.throwIfAborted();
      metrics.orphanPodErrors.add(1);
      context.logger.warn("remains of a pod stay", { pod: ref, error: errorText(error) });
    }
  }
};
