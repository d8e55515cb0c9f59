import type { Container, EphemeralContainer, Pod, Volume } from "@nk/pod-model";
import { allContainers } from "../pod-containers.ts";
import type { ObjectKind } from "../ports.ts";

/** One object that a pod or a volume is made of; its namespace is the pod's. */
export interface ObjectReference {
  readonly kind: ObjectKind;
  readonly name: string;
}

const refer = (kind: ObjectKind, name: string | undefined): readonly ObjectReference[] =>
  name === undefined || name === "" ? [] : [{ kind, name }];

/** The objects whose content a volume shows. */
export const volumeReferences = (volume: Volume): readonly ObjectReference[] => [
  ...refer("Secret", volume.secret?.secretName),
  ...refer("ConfigMap", volume.configMap?.name),
  ...(volume.projected?.sources ?? []).flatMap(({ secret, configMap }) => [
    ...refer("Secret", secret?.name),
    ...refer("ConfigMap", configMap?.name),
  ]),
];

const containerReferences = ({ env = [], envFrom = [] }: Container | EphemeralContainer): readonly ObjectReference[] => [
  ...env.flatMap(({ valueFrom }) => [
    ...refer("Secret", valueFrom?.secretKeyRef?.name),
    ...refer("ConfigMap", valueFrom?.configMapKeyRef?.name),
  ]),
  ...envFrom.flatMap(({ secretRef, configMapRef }) => [...refer("Secret", secretRef?.name), ...refer("ConfigMap", configMapRef?.name)]),
];

/** The names of the pod's volumes that a container mounts, or uses as a device; the others are not set up. */
export const mountedVolumeNames = (pod: Pod): ReadonlySet<string> =>
  new Set(
    allContainers(pod).flatMap(({ volumeMounts = [], volumeDevices = [] }) => [...volumeMounts, ...volumeDevices].map(({ name }) => name)),
  );

/** `Secret/name`: a reference as a key, within one namespace. */
export const referenceKey = ({ kind, name }: ObjectReference): string => `${kind}/${name}`;

/** What a pod refers to, each once, and whether a volume of it shows the object while containers run. */
export interface PodReference extends ObjectReference {
  readonly isMounted: boolean;
}

/**
 * The objects a pod refers to in environments, volumes and pull secrets (podutil.VisitPodSecretNames and VisitPodConfigmapNames, without the
 * secrets of storage drivers that are not supported).
 */
export const podReferences = (pod: Pod): readonly PodReference[] => {
  const mounted = mountedVolumeNames(pod);
  const found = new Map<string, PodReference>();
  const add = (references: readonly ObjectReference[], isMounted: boolean): void => {
    for (const reference of references) {
      const key = referenceKey(reference);
      found.set(key, { ...reference, isMounted: isMounted || found.get(key)?.isMounted === true });
    }
  };
  for (const volume of pod.spec?.volumes ?? []) add(volumeReferences(volume), mounted.has(volume.name));
  for (const container of allContainers(pod)) add(containerReferences(container), false);
  for (const secret of pod.spec?.imagePullSecrets ?? []) add(refer("Secret", secret.name), false);
  return [...found.values()];
};
