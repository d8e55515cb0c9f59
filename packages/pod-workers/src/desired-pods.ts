import { CONFIG_ANNOTATIONS, formatPod, podFullName, podRef } from "@nk/pod-model";
import type { Pod, PodFullName, PodRef, PodSource, PodUid, PodUpdate, SourceSnapshot } from "@nk/pod-model";
import { PodWorkersError } from "./errors.ts";
import { annotateSource, computeMerge, computeUpdate } from "./merge.ts";
import type { Settings } from "./options.ts";
import type { EventPort } from "./ports.ts";

/** What all sources together want. */
export interface DesiredPods {
  /** Takes a source's full set; returns the differences in the order of delivery. */
  merge(snapshot: SourceSnapshot): readonly PodUpdate[];
  /** Takes one difference; returns what it really changes, judged anew. */
  apply(update: PodUpdate, source: PodSource): PodUpdate | undefined;
  isReady(): boolean;
  get(uid: PodUid): Pod | undefined;
  /** Mirror pods excluded. */
  list(): readonly Pod[];
  mirrors(): readonly Pod[];
  mirrorOf(name: PodFullName): Pod | undefined;
}

/** A pod in the API that only shows a static pod; it is never run. */
export const isMirrorPod = (pod: Pod): boolean => pod.metadata?.annotations?.[CONFIG_ANNOTATIONS.mirror] !== undefined;

/** A pod that comes from this node's own files or URL. */
export const isStaticPod = (pod: Pod): boolean => {
  const source = pod.metadata?.annotations?.[CONFIG_ANNOTATIONS.source];
  return source !== undefined && source !== "api";
};

/** They come with updates of the pod. */
const countEphemeral = (pod: Pod): number => pod.spec?.ephemeralContainers?.length ?? 0;

const measurePods = (metrics: Settings["metrics"], pods: readonly Pod[]): void => {
  const staticCount = pods.filter(isStaticPod).length;
  metrics.desiredPods.set(staticCount, { static: "true" });
  metrics.desiredPods.set(pods.length - staticCount, { static: "" });
  metrics.ephemeralContainers.set(pods.reduce((sum, pod) => sum + countEphemeral(pod), 0));
};

/** Creates it with no source having reported. */
export const createDesiredPods = (settings: Settings, events: EventPort | undefined): DesiredPods => {
  const { clock, logger, metrics } = settings;
  const bySource = new Map<PodSource, Map<PodUid, Pod>>(settings.sources.map((source) => [source, new Map<PodUid, Pod>()]));
  const reported = new Set<PodSource>();

  const podsOf = (source: PodSource): Map<PodUid, Pod> => {
    const pods = bySource.get(source);
    if (pods === undefined)
      throw new PodWorkersError("unknown-source", `merge pods of source ${source}: it is not configured`, { details: { source } });
    return pods;
  };
  const all = (): readonly Pod[] => [...bySource.values()].flatMap((pods) => [...pods.values()]);
  const list = (): readonly Pod[] => all().filter((pod) => !isMirrorPod(pod));
  const get = (uid: PodUid): Pod | undefined => {
    for (const pods of bySource.values()) {
      const pod = pods.get(uid);
      if (pod !== undefined) return pod;
    }
    return undefined;
  };
  const mirrors = (): readonly Pod[] => all().filter(isMirrorPod);
  const measure = (): void => {
    measurePods(metrics, list());
    metrics.mirrorPods.set(mirrors().length);
  };
  const reportDuplicate = (ref: PodRef, source: PodSource): void => {
    logger.warn("pod is left out because another of its source has the same name", { podUid: ref.uid, source });
    events?.record({
      ref,
      type: "Warning",
      reason: "FailedValidation",
      message: `Error validating pod ${formatPod(ref)} from ${source} due to duplicate pod name "${ref.name}", ignoring`,
    });
  };
  /** A pod that one source gives up but another still wants stays. */
  const survives = (update: PodUpdate): boolean => update.type === "remove" && get(podRef(update.pod).uid) !== undefined;

  return {
    merge({ source, pods }) {
      const mark = { source, seen: new Date(clock.nowMs()).toISOString() };
      const result = computeMerge(podsOf(source), pods, mark);
      bySource.set(source, new Map(result.pods));
      reported.add(source);
      for (const pod of result.duplicates) reportDuplicate(podRef(pod), source);
      measure();
      return result.updates.filter((update) => !survives(update));
    },
    apply(given, source) {
      const pods = podsOf(source);
      const { uid } = podRef(given.pod);
      const known = pods.get(uid);
      if (given.type === "remove") {
        if (known === undefined) return undefined;
        pods.delete(uid);
        measure();
        const removal: PodUpdate = { type: "remove", pod: known };
        return survives(removal) ? undefined : removal;
      }
      const marked = annotateSource(given.pod, { source, seen: new Date(clock.nowMs()).toISOString(), known });
      pods.set(uid, marked);
      if (known === undefined || countEphemeral(known) !== countEphemeral(marked)) measure();
      return computeUpdate(known, marked);
    },
    isReady: () => reported.size === bySource.size,
    get,
    list,
    mirrors,
    mirrorOf: (name) => mirrors().find((pod) => podFullName(podRef(pod)) === name),
  };
};
