import type { ClusterTrustBundleProjection, ServiceAccountTokenProjection, VolumeProjection } from "@nk/pod-model";
import { setUpContentVolume } from "../content/content-volume.ts";
import { gatherDownward } from "../content/downward-files.ts";
import { gatherConfigMap, gatherSecret } from "../content/object-files.ts";
import type { Files } from "../content/object-files.ts";
import type { FileContent } from "../content/payload.ts";
import { joinErrors, toVolumesError, VolumesError } from "../errors.ts";
import { computeFsUser } from "../pod-containers.ts";
import type { TrustBundleQuery, VolumesPorts } from "../ports.ts";
import * as needs from "./content-ports.ts";
import type { PluginTools, Refusal, VolumePlugin, VolumeTask } from "./plugin.ts";

const NAME = "kubernetes.io/projected";
const DEFAULT_TOKEN_SECONDS = 3600;
/** A credential that one user, or one group, is to read. */
const PRIVATE_MODE = 0o600;

/** What all sources of one volume share. */
interface Projection {
  readonly task: VolumeTask;
  readonly tools: PluginTools;
  readonly defaultMode: number;
  /** Owner and mode of credentials: private where a user or a group is known to own them. */
  readonly credential: { readonly mode: number; readonly uid?: number | undefined };
}

interface SourceFiles {
  readonly files: Files;
  readonly refreshAtMs?: number;
}

const gatherToken = async (source: ServiceAccountTokenProjection, { task, tools, credential }: Projection): Promise<SourceFiles> => {
  const { namespace, name, uid } = task.ref;
  const { token, refreshAtMs } = await needs.requireTokens(tools).get(
    {
      namespace,
      serviceAccount: task.pod.spec?.serviceAccountName ?? "",
      audiences: source.audience === undefined || source.audience === "" ? [] : [source.audience],
      expirationSeconds: source.expirationSeconds ?? DEFAULT_TOKEN_SECONDS,
      pod: { name, uid },
    },
    { signal: task.signal },
  );
  return { files: [[source.path, { data: Buffer.from(token, "utf8"), ...credential }]], refreshAtMs };
};

const bundleQuery = ({ name, signerName, labelSelector, optional = false }: ClusterTrustBundleProjection): TrustBundleQuery => {
  if (name !== undefined) return { name, optional };
  if (signerName !== undefined) return { signerName, labelSelector, optional };
  throw new VolumesError("trust-bundle", "ClusterTrustBundle projection requires either name or signerName to be set");
};

const gatherTrustBundle = async (source: ClusterTrustBundleProjection, { task, tools, credential }: Projection): Promise<SourceFiles> => {
  try {
    const pem = await needs.requireTrustBundles(tools).get(bundleQuery(source), { signal: task.signal });
    return { files: [[source.path, { data: Buffer.from(pem, "utf8"), ...credential }]] };
  } catch (error) {
    task.signal.throwIfAborted();
    throw toVolumesError(error, "trust-bundle");
  }
};

const gatherSource = async (source: VolumeProjection, projection: Projection): Promise<SourceFiles> => {
  const { task, tools, defaultMode } = projection;
  const { signal } = task;
  const { namespace } = task.ref;
  if (source.secret !== undefined) {
    const { name = "", items = [], optional = false } = source.secret;
    return { files: await gatherSecret(needs.requireObjects(tools), { namespace, name, items, defaultMode, optional }, { signal }) };
  }
  if (source.configMap !== undefined) {
    const { name = "", items = [], optional = false } = source.configMap;
    return { files: await gatherConfigMap(needs.requireObjects(tools), { namespace, name, items, defaultMode, optional }, { signal }) };
  }
  if (source.downwardAPI !== undefined) {
    const { items = [] } = source.downwardAPI;
    return { files: await gatherDownward(task.pod, { items, defaultMode }, { fields: needs.requireFields(tools), signal }) };
  }
  if (source.serviceAccountToken !== undefined) return gatherToken(source.serviceAccountToken, projection);
  if (source.clusterTrustBundle !== undefined) return gatherTrustBundle(source.clusterTrustBundle, projection);
  return { files: [] };
};

/** All sources at once; of two files with one path the later source's counts. Rejects with all that failed. */
const gatherSources = async (
  sources: readonly VolumeProjection[],
  projection: Projection,
): Promise<{ readonly payload: Map<string, FileContent>; readonly refreshAtMs?: number }> => {
  const results = await Promise.allSettled(sources.map((source) => gatherSource(source, projection)));
  projection.task.signal.throwIfAborted();
  const errors = results.flatMap((result) => (result.status === "rejected" ? [toVolumesError(result.reason, "write-failed")] : []));
  const failure = joinErrors(errors);
  if (failure !== undefined) throw failure;
  const gathered = results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const times = gathered.flatMap(({ refreshAtMs }) => refreshAtMs ?? []);
  return {
    payload: new Map(gathered.flatMap(({ files }) => files)),
    ...(times.length > 0 && { refreshAtMs: Math.min(...times) }),
  };
};

const refuseSource = (source: VolumeProjection, field: string, ports: VolumesPorts): Refusal | undefined => {
  if (source.secret !== undefined) return needs.needObjects(`${field}.secret`, ports);
  if (source.configMap !== undefined) return needs.needObjects(`${field}.configMap`, ports);
  if (source.downwardAPI !== undefined) return needs.needFields(`${field}.downwardAPI`, ports);
  if (source.serviceAccountToken !== undefined) return needs.needTokens(`${field}.serviceAccountToken`, ports);
  if (source.clusterTrustBundle !== undefined) return needs.needTrustBundles(`${field}.clusterTrustBundle`, ports);
  const [kind] = Object.keys(source);
  return kind === undefined ? undefined : { field: `${field}.${kind}`, why: "this source is not supported by nk yet" };
};

/** Files from several sources in one volume, in memory: the volume that holds a pod's API token. */
export const projectedPlugin: VolumePlugin = {
  name: NAME,
  source: "projected",
  hasContent: true,
  refusal: ({ projected }, ports) =>
    needs.needMounts("projected", ports) ??
    (projected?.sources ?? [])
      .map((source, index) => refuseSource(source, `projected.sources[${index}]`, ports))
      .find((refusal) => refusal !== undefined),
  setUp: async (task, tools) => {
    const { sources = [], defaultMode = needs.DEFAULT_FILE_MODE } = task.volume.projected ?? {};
    const uid = computeFsUser(task.pod);
    const isOwned = uid !== undefined || task.pod.spec?.securityContext?.fsGroup !== undefined;
    const credential = { mode: isOwned ? PRIVATE_MODE : defaultMode, uid };
    const content = await gatherSources(sources, { task, tools, defaultMode, credential });
    return setUpContentVolume(task, tools, { plugin: NAME, inMemory: true, content });
  },
};
