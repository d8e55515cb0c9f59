import { EVENT_REASONS, podRef } from "@nk/pod-model";
import type { DownwardAPIVolumeFile, Pod, PodRef, PodUid } from "@nk/pod-model";
import { createKeyedExecutor, linkSignals, noopLogger, noopMetrics, systemClock, systemRandom, withDeadline } from "@nk/stdx";
import type { Clock, KeyedExecutor, Logger, MetricRegister, RandomSource } from "@nk/stdx";
import { isVolumesError, VolumesError } from "./errors.ts";
import { createVolumesMetrics } from "./metrics.ts";
import type { VolumesMetrics } from "./metrics.ts";
import { applyVolumeOwnership } from "./ownership.ts";
import { createHostPathLooks } from "./plugins/host-path-looks.ts";
import type { PluginTools, ReadyVolume } from "./plugins/plugin.ts";
import { podPaths } from "./pod-paths.ts";
import type { CallOptions, ObjectChange, VolumeEvent, VolumesPorts } from "./ports.ts";
import { releaseVolumes } from "./release-volumes.ts";
import type { ReleaseTools } from "./release-volumes.ts";
import { createSetUp, laneKey } from "./set-up.ts";
import type { SetUp } from "./set-up.ts";
import { bindSubPath } from "./sub-paths.ts";
import type { SubPathRequest } from "./sub-paths.ts";
import { createVolumeRecords, RefusedVolumeError } from "./volume-records.ts";
import type { VolumeRecord, VolumeRecords } from "./volume-records.ts";

/** What {@link createVolumes} takes. */
export interface VolumesOptions {
  /** The kubelet's root directory; volumes lie in `<rootDir>/pods/<uid>/volumes/<plugin>/<name>`. */
  readonly rootDir: string;
  /** Paths where something is mounted now; asked before anything is removed. Needed only where there is no `mounts` port. */
  readonly listMountPoints?: () => Promise<readonly string[]>;
  /** Told of each failure, for the pod's events. Default: nobody. */
  readonly onEvent?: (event: VolumeEvent) => void;
  /** Milliseconds that `prepare` goes on trying before it rejects with `not-ready`; default 123,000, as the reference. */
  readonly waitMs?: number;
  /** Milliseconds after the first failure of a volume, doubled each time; default 500. */
  readonly retryInitialMs?: number;
  /** Default 122,000. */
  readonly retryMaxMs?: number;
  /** The most bytes of all files of one volume made of Secrets, ConfigMaps and the like; default 32 MiB. */
  readonly maxPayloadBytes?: number;
  readonly clock?: Clock;
  readonly random?: RandomSource;
  readonly logger?: Logger;
  readonly metrics?: MetricRegister;
}

/** The volumes of a node's pods. Dispose it to end timers and subscriptions; volumes stay as they are. */
export interface Volumes extends Disposable {
  /**
   * Makes every volume of the pod that a container mounts ready, all of them at once; by volume name. Idempotent, and cheap when nothing
   * changed. Goes on after failures until `waitMs` is over, and at once when an object that was missing appears. Rejects with a
   * `VolumesError`: at once with `unsupported-source` or `unsafe-path`, in the end with `not-ready`. Calls for one pod must not overlap.
   */
  prepare(pod: Pod, options: CallOptions): Promise<ReadonlyMap<string, ReadyVolume>>;
  /**
   * Unmounts and removes all there is of the pod's volumes; its definition is not needed. Idempotent; host paths are left alone. Rejects
   * with `mounted` while something in use is mounted in one of them.
   */
  release(uid: PodUid, options: CallOptions): Promise<void>;
  /** The host path of a sub-path, proof against links that lead out of the volume. Rejects with `sub-path`. */
  resolveSubPath(request: SubPathRequest, options: CallOptions): Promise<string>;
  /** Whether a volume of the pod is known not to be there now, e.g. a host path that must exist. Makes nothing; takes a look at each. */
  isLacking(pod: Pod): Promise<boolean>;
  /** Looks at the content of the pod's volumes now. Rejects when one could not be brought up to date; the others are. */
  refresh(uid: PodUid, options: CallOptions): Promise<void>;
  /** The pod's labels or annotations may have changed: volumes that show them are brought up to date. Does not wait. */
  podUpdated(pod: Pod): void;
}

const listNames = (names: readonly string[]): string => `[${names.join(" ")}]`;

const unmountedText = (unmounted: readonly string[], unprocessed: readonly string[]): string =>
  `unmounted volumes=${listNames(unmounted)}, unattached volumes=[], failed to process volumes=${listNames(unprocessed)}`;

/** What the methods share. */
interface Engine {
  readonly rootDir: string;
  readonly ports: VolumesPorts;
  readonly records: VolumeRecords;
  readonly lanes: KeyedExecutor;
  readonly setUp: SetUp;
  readonly onEvent: (event: VolumeEvent) => void;
  readonly waitMs: number;
  readonly clock: Clock;
  readonly release: ReleaseTools;
}

/** A volume that cannot be had here is told of in the reference's words for one that cannot be processed. */
const wantVolumes = (engine: Engine, pod: Pod): ReturnType<VolumeRecords["update"]> => {
  try {
    return engine.records.update(pod);
  } catch (error) {
    if (!(error instanceof RefusedVolumeError)) throw error;
    const name = [error.volumeName];
    engine.onEvent({
      ref: podRef(pod),
      type: "Warning",
      reason: EVENT_REASONS.FailedMount,
      message: `Unable to attach or mount volumes: ${unmountedText(name, name)}: ${error.message}`,
    });
    throw error;
  }
};

const notReady = (volumes: readonly VolumeRecord[]): VolumesError => {
  const waiting = volumes.filter(({ state }) => state.type !== "ready");
  const names = waiting.map(({ volume }) => volume.name).toSorted();
  const cause = waiting.flatMap(({ state }) => (state.type === "failed" ? [state.error] : []))[0];
  return new VolumesError("not-ready", `${unmountedText(names, [])}: context deadline exceeded`, { cause });
};

const prepareVolumes = async (engine: Engine, pod: Pod, signal: AbortSignal | undefined): Promise<ReadonlyMap<string, ReadyVolume>> => {
  signal?.throwIfAborted();
  const { volumes } = wantVolumes(engine, pod);
  engine.ports.objects?.register(pod);
  using deadline = withDeadline({ signal, timeoutMs: engine.waitMs, clock: engine.clock, what: "setting up volumes" });
  const failed = new AbortController();
  using either = linkSignals(deadline.signal, failed.signal);
  // All are waited for, also after a failure: nothing goes on behind the caller's back.
  const results = await Promise.allSettled(
    volumes.map(async (record) => {
      try {
        await engine.setUp.ensureReady(record, either.signal);
      } catch (error) {
        failed.abort(error);
        throw error;
      }
    }),
  );
  signal?.throwIfAborted();
  if (results.some(({ status }) => status === "rejected")) {
    if (isVolumesError(failed.signal.reason)) throw failed.signal.reason;
    throw notReady(volumes);
  }
  return new Map(volumes.flatMap(({ volume, state }) => (state.type === "ready" ? [[volume.name, state.outcome.ready]] : [])));
};

const releasePod = async (engine: Engine, uid: PodUid, signal: AbortSignal | undefined): Promise<void> => {
  const paths = podPaths(engine.rootDir, uid);
  const record = engine.records.remove(uid);
  record?.stop.abort(new Error("the pod's volumes are being released"));
  for (const volume of record?.volumes.values() ?? []) engine.setUp.forget(volume);
  // What is under way for a volume ends before the volume does.
  await Promise.all([...(record?.volumes.keys() ?? [])].map((name) => engine.lanes.run(laneKey(uid, name), async () => {}, { signal })));
  await releaseVolumes(paths, engine.release, signal);
  engine.ports.objects?.unregister(uid);
  engine.ports.tokens?.forget(uid);
};

const refreshPod = async (engine: Engine, uid: PodUid, signal: AbortSignal | undefined): Promise<void> => {
  const ready = [...(engine.records.get(uid)?.volumes.values() ?? [])].filter(({ state }) => state.type === "ready");
  const results = await Promise.allSettled(ready.map((record) => engine.setUp.refresh(record, signal)));
  const failed = results.find((result) => result.status === "rejected");
  if (failed !== undefined) throw failed.reason;
};

/** A pod's names are never changed, and they are all that most pods show of themselves: the namespace beside their token. */
const mayChange = ({ fieldRef }: DownwardAPIVolumeFile): boolean =>
  fieldRef === undefined || !["metadata.name", "metadata.namespace", "metadata.uid"].includes(fieldRef.fieldPath);

const showsPod = ({ volume }: VolumeRecord): boolean =>
  [volume.downwardAPI, ...(volume.projected?.sources ?? []).map(({ downwardAPI }) => downwardAPI)].some((shown) =>
    shown?.items?.some(mayChange),
  );

const showsTrustBundle = ({ volume }: VolumeRecord): boolean =>
  (volume.projected?.sources ?? []).some(({ clusterTrustBundle }) => clusterTrustBundle !== undefined);

const takePod = ({ records, setUp }: Engine, pod: Pod): void => {
  const record = records.get(podRef(pod).uid);
  if (record === undefined) return;
  record.pod = pod;
  for (const volume of record.volumes.values()) if (showsPod(volume)) setUp.touch(volume);
};

const followSources = ({ ports, records, setUp }: Engine): readonly Disposable[] => {
  const onObject = (change: ObjectChange): void => {
    for (const record of records.findByObject(change)) setUp.touch(record);
  };
  const onTrustBundles = (): void => {
    for (const record of records.all()) if (showsTrustBundle(record)) setUp.touch(record);
  };
  return [ports.objects?.subscribe(onObject), ports.trustBundles?.subscribe?.(onTrustBundles)].filter((each) => each !== undefined);
};

const createTools = (options: VolumesOptions, ports: VolumesPorts, metrics: VolumesMetrics): PluginTools => {
  const { rootDir, onEvent, maxPayloadBytes = 32 * 1024 * 1024, clock = systemClock, random = systemRandom } = options;
  return {
    rootDir,
    ports,
    hostPaths: createHostPathLooks({ clock }),
    maxPayloadBytes,
    clock,
    random,
    setOwnership: async ({ plugin, ...request }) => {
      const { mounts } = ports;
      if (mounts === undefined) throw new VolumesError("unsupported-source", "fsGroup cannot be applied here: nothing can be mounted");
      const startedMs = clock.monotonicMs();
      let isSuccess = false;
      try {
        await applyVolumeOwnership(request, { mounts, onEvent, clock });
        isSuccess = true;
      } finally {
        const durationMs = clock.monotonicMs() - startedMs;
        metrics.observeOperation({ plugin, name: "volume_apply_access_control", isSuccess, durationMs });
      }
    },
  };
};

const createReleaseTools = (options: VolumesOptions, ports: VolumesPorts, metrics: VolumesMetrics): ReleaseTools => {
  const { listMountPoints, clock = systemClock } = options;
  const { mounts } = ports;
  if (mounts === undefined && listMountPoints === undefined) {
    throw new VolumesError("invalid-option", "volumes need a mounts port or listMountPoints, or they would be removed through mounts");
  }
  return {
    listMounts: async (below, signal) => {
      if (mounts !== undefined) return (await mounts.list({ below, signal })).map(({ mountPoint }) => mountPoint);
      return (await listMountPoints?.()) ?? [];
    },
    unmount: mounts === undefined ? undefined : (path, callOptions) => mounts.unmount(path, callOptions),
    onRemoved: ({ plugin, isSuccess, startedMs }) =>
      metrics.observeOperation({ plugin, name: "volume_unmount", isSuccess, durationMs: clock.monotonicMs() - startedMs }),
    monotonicMs: () => clock.monotonicMs(),
  };
};

/** The kubelet's volumes. Without ports: hostPath with every type check, and emptyDir on disk. Throws `invalid-option`. */
export const createVolumes = (options: VolumesOptions, ports: VolumesPorts = {}): Volumes => {
  const { rootDir, waitMs = 123_000, clock = systemClock, logger = noopLogger } = options;
  const onEvent = options.onEvent ?? ((): void => {});
  const metrics = createVolumesMetrics(options.metrics ?? noopMetrics);
  const records = createVolumeRecords({ ports, metrics, nowMs: () => clock.nowMs() });
  const lanes = createKeyedExecutor();
  const backoff = { initialMs: options.retryInitialMs ?? 500, maxMs: options.retryMaxMs ?? 122_000 };
  const tools = createTools(options, ports, metrics);
  const setUp = createSetUp({ tools, records, lanes, metrics, clock, logger, onEvent, backoff });
  const release = createReleaseTools(options, ports, metrics);
  const engine: Engine = { rootDir, ports, records, lanes, setUp, onEvent, waitMs, clock, release };
  const subscriptions = followSources(engine);
  return {
    prepare: (pod, { signal }) => prepareVolumes(engine, pod, signal),
    release: (uid, { signal }) => releasePod(engine, uid, signal),
    resolveSubPath: (request, { signal }) => {
      const ref: PodRef = podRef(request.pod);
      // Not while its files are being replaced.
      return lanes.run(laneKey(ref.uid, request.volumeName), () => bindSubPath(request, { rootDir, mounts: ports.mounts, signal }), {
        signal,
      });
    },
    isLacking: async (pod) => {
      const looks = (pod.spec?.volumes ?? []).flatMap(({ hostPath }) =>
        hostPath === undefined ? [] : [tools.hostPaths.lacks(hostPath.path, hostPath.type ?? "")],
      );
      return (await Promise.all(looks)).includes(true);
    },
    refresh: (uid, { signal }) => refreshPod(engine, uid, signal),
    podUpdated: (pod) => takePod(engine, pod),
    [Symbol.dispose]: () => {
      for (const subscription of subscriptions) subscription[Symbol.dispose]();
      setUp[Symbol.dispose]();
    },
  };
};
