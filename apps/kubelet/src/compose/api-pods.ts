import { kinds } from "@nk/kube-client";
import type { KubeletSettings } from "@nk/kubelet-config";
import { isStaticPod, podFullName, podRef } from "@nk/pod-model";
import type { SourceSnapshot } from "@nk/pod-model";
import { createMirrorPods } from "@nk/static-pods";
import type { MirrorPods } from "@nk/static-pods";
import type { PodWorkers } from "@nk/pod-workers";
import { podReferences } from "@nk/volumes";
import type { ObjectChange } from "@nk/volumes";
import { createApiSource } from "../adapters/api-source.ts";
import { mirrorApi } from "../adapters/pod-api.ts";
import type { Engines } from "./engines.ts";
import type { Membership } from "./node.ts";
import type { PodLoop } from "./pods.ts";
import type { Telemetry } from "./telemetry.ts";

/** The pods of the API on their way to the workers, and static pods on their way to the API. */
export interface ApiPods {
  readonly mirrors: MirrorPods;
  readonly tasks: { readonly [name: string]: (signal: AbortSignal) => Promise<void> };
}

/** A container may wait for an object that was missing when its environment was made. */
const wakeReferrers = (workers: PodWorkers, { kind, namespace, name }: ObjectChange): void => {
  for (const pod of workers.desiredPods()) {
    const ref = podRef(pod);
    if (ref.namespace !== namespace) continue;
    const isReferred = podReferences(pod).some((reference) => reference.kind === kind && reference.name === name);
    if (isReferred) workers.wake(ref.uid, `${kind} ${name} changed`);
  }
};

/** Creates both; nothing is asked of the API before the tasks run. */
export const createApiPods = (
  settings: KubeletSettings,
  telemetry: Telemetry,
  parts: {
    readonly membership: Membership;
    readonly pods: Pick<PodLoop, "workers" | "subscribeForgotten">;
    readonly engines: Pick<Engines, "volumes" | "objects">;
    readonly stack: AsyncDisposableStack;
  },
): ApiPods => {
  const { pods, engines, stack } = parts;
  const { workers } = pods;
  const { cluster, writer, latency } = parts.membership;
  const { clock, logger } = telemetry;
  const mirrors = createMirrorPods(
    {
      api: mirrorApi(cluster.client),
      work: {
        isTerminating: (name) =>
          workers.list().some(({ ref, isStatic, state }) => isStatic && podFullName(ref) === name && state === "terminating"),
      },
    },
    { clock, logger: logger.child({ part: "mirror-pods" }) },
  );
  stack.use(
    cluster.nodes.subscribe(() => {
      const node = cluster.nodes.get(settings.nodeName);
      const { uid, deletionTimestamp } = node?.metadata ?? {};
      mirrors.setNode(uid === undefined ? undefined : { name: settings.nodeName, uid, isDeleting: deletionTimestamp !== undefined });
    }),
  );
  stack.use(
    cluster.client.onReachable(() => {
      writer.apiReachable();
      mirrors.apiReachable();
    }),
  );
  stack.use(pods.subscribeForgotten((ref) => mirrors.stopped(podFullName(ref))));
  if (engines.objects !== undefined) stack.use(engines.objects.subscribe((change) => wakeReferrers(workers, change)));
  const run = createApiSource(
    {
      watch: ({ signal }) => cluster.client.watch(kinds.pods, { fieldSelector: `spec.nodeName=${settings.nodeName}` }, { signal }),
      ready: Promise.all([cluster.nodes.synced, cluster.services.synced, cluster.runtimeClasses.synced]),
    },
    {
      appeared: ({ uid }) => void cluster.newPods.add(uid),
      shown: (pod) => {
        const { uid } = podRef(pod);
        const version = pod.metadata?.resourceVersion;
        if (version !== undefined) cluster.podVersions.set(uid, version);
        writer.observed(pod);
        latency.observed(pod);
        mirrors.observed(pod);
        engines.volumes.podUpdated(pod);
      },
      gone: (ref) => {
        cluster.podVersions.delete(ref.uid);
        cluster.newPods.delete(ref.uid);
        writer.gone(ref);
        mirrors.gone(ref);
      },
      applySnapshot: (snapshot) => workers.applySnapshot(snapshot),
      applyUpdate: (update, source) => workers.applyUpdate(update, source),
    },
  );
  return {
    mirrors,
    tasks: { apiSource: run, mirrorPods: (signal) => mirrors.run(signal) },
  };
};

/** Takes a snapshot of a file or URL: the workers run it, the API shows it. */
export const takeSnapshot = (workers: PodWorkers, mirrors: MirrorPods | undefined, snapshot: SourceSnapshot): void => {
  workers.applySnapshot(snapshot);
  mirrors?.setStaticPods(workers.desiredPods().filter(isStaticPod));
};
