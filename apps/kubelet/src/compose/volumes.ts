import type { KubeletSettings } from "@nk/kubelet-config";
import type { Mounts } from "@nk/mounts";
import { createPodObjects, createPodTokens, createVolumes } from "@nk/volumes";
import type { PodObjects, Volumes } from "@nk/volumes";
import { configMapSource, secretSource, tokenSource, trustBundles } from "../adapters/cluster-objects.ts";
import type { EventLog } from "../adapters/event-log.ts";
import type { NodeView } from "../adapters/node-view.ts";
import { fieldValues } from "../adapters/pod-volumes.ts";
import type { Cluster } from "./cluster.ts";
import type { Telemetry } from "./telemetry.ts";

/** How long a fetched object is good for, as the control plane asks by an annotation of the node. */
const TTL_ANNOTATION = "node.alpha.kubernetes.io/ttl";

/** The Secrets and ConfigMaps of this node's pods; undefined without an API server. */
export const createObjects = (
  settings: KubeletSettings,
  telemetry: Telemetry,
  parts: { readonly cluster: Cluster | undefined; readonly view: NodeView; readonly stack: AsyncDisposableStack },
): PodObjects | undefined => {
  const { cluster, view, stack } = parts;
  if (cluster === undefined) return undefined;
  const ttlMs = (): number | undefined => {
    const seconds = view.node().metadata?.annotations?.[TTL_ANNOTATION];
    return seconds !== undefined && /^\d+$/.test(seconds) ? Number(seconds) * 1000 : undefined;
  };
  return stack.use(
    createPodObjects(
      { secrets: secretSource(cluster.client), configMaps: configMapSource(cluster.client) },
      { strategy: settings.api.changeDetection, ttlMs, clock: telemetry.clock, logger: telemetry.logger.child({ part: "objects" }) },
    ),
  );
};

/** What pods' volumes are made with. */
export interface VolumeParts {
  readonly cluster: Cluster | undefined;
  readonly objects: PodObjects | undefined;
  readonly mounts: Mounts;
  readonly events: EventLog;
  readonly view: NodeView;
  readonly stack: AsyncDisposableStack;
}

/** The volumes of this node's pods; those that need an API server are refused where there is none. */
export const createPodVolumes = (settings: KubeletSettings, telemetry: Telemetry, parts: VolumeParts): Volumes => {
  const { cluster, objects, mounts, events, view, stack } = parts;
  const { clock, metrics } = telemetry;
  const logger = telemetry.logger.child({ part: "volumes" });
  return stack.use(
    createVolumes(
      { rootDir: settings.rootDir, onEvent: (event) => events.record(event), clock, logger, metrics },
      {
        mounts,
        fields: fieldValues(view),
        node: { allocatable: () => Promise.resolve(view.allocatable()) },
        ...(objects === undefined ? {} : { objects }),
        ...(cluster === undefined
          ? {}
          : { tokens: createPodTokens(tokenSource(cluster.client), { clock, logger }), trustBundles: trustBundles(cluster.client) }),
      },
    ),
  );
};
