import type { PersistentVolume, Pod, Volume } from "@nk/pod-model";
import { listContainers } from "@nk/pod-model";

/** Names of what a pod needs from its namespace. */
export interface PodReferences {
  readonly secrets: ReadonlySet<string>;
  readonly configMaps: ReadonlySet<string>;
  readonly claims: ReadonlySet<string>;
  readonly resourceClaims: ReadonlySet<string>;
}

const isPresent = <T>(value: T | undefined): value is T => value !== undefined;

/** Every volume source that takes a secret calls it `secretRef`, `nodePublishSecretRef` or so. */
const secretRefsOf = (source: unknown): readonly { readonly name?: string; readonly namespace?: string }[] => {
  if (typeof source !== "object" || source === null) return [];
  return Object.entries(source).flatMap(([field, value]) =>
    /secretref$/iu.test(field) && typeof value === "object" && value !== null
      ? [value as { readonly name?: string; readonly namespace?: string }]
      : [],
  );
};

const volumeSecrets = (volume: Volume): readonly (string | undefined)[] => [
  volume.secret?.secretName,
  volume.azureFile?.secretName,
  ...(volume.projected?.sources ?? []).map((source) => source.secret?.name),
  ...Object.values(volume).flatMap((source) => secretRefsOf(source).map(({ name }) => name)),
];

const volumeConfigMaps = (volume: Volume): readonly (string | undefined)[] => [
  volume.configMap?.name,
  ...(volume.projected?.sources ?? []).map((source) => source.configMap?.name),
];

/** The claim that an ephemeral volume gets is named after pod and volume. */
const claimOf = (pod: Pod, volume: Volume): string | undefined =>
  volume.ephemeral === undefined ? volume.persistentVolumeClaim?.claimName : `${pod.metadata?.name ?? ""}-${volume.name}`;

/** What the pod's spec names (VisitPodSecretNames and VisitPodConfigmapNames in pkg/api/v1/pod). */
export const listPodReferences = (pod: Pod): PodReferences => {
  const containers = listContainers(pod);
  const volumes = pod.spec?.volumes ?? [];
  const env = containers.flatMap((container) => container.env ?? []).map(({ valueFrom }) => valueFrom);
  const envFrom = containers.flatMap((container) => container.envFrom ?? []);
  const secrets = [
    ...(pod.spec?.imagePullSecrets ?? []).map(({ name }) => name),
    ...env.map((source) => source?.secretKeyRef?.name),
    ...envFrom.map((source) => source.secretRef?.name),
    ...volumes.flatMap(volumeSecrets),
  ];
  const configMaps = [
    ...env.map((source) => source?.configMapKeyRef?.name),
    ...envFrom.map((source) => source.configMapRef?.name),
    ...volumes.flatMap(volumeConfigMaps),
  ];
  const named = (pod.spec?.resourceClaims ?? []).map(({ resourceClaimName }) => resourceClaimName);
  const made = (pod.status?.resourceClaimStatuses ?? []).map(({ resourceClaimName }) => resourceClaimName);
  return {
    secrets: new Set(secrets.filter(isPresent)),
    configMaps: new Set(configMaps.filter(isPresent)),
    claims: new Set(volumes.map((volume) => claimOf(pod, volume)).filter(isPresent)),
    resourceClaims: new Set([...named, ...made].filter(isPresent)),
  };
};

/** The secrets that mounting a volume takes; `claimNamespace` for those without a namespace of their own. */
export const listVolumeSecrets = (
  volume: PersistentVolume,
  claimNamespace: string,
): readonly { readonly namespace: string; readonly name: string }[] =>
  Object.values(volume.spec ?? {}).flatMap((source) =>
    secretRefsOf(source).map(({ namespace, name = "" }) => ({ namespace: namespace ?? claimNamespace, name })),
  );
