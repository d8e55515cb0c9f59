import type { PersistentVolume, PersistentVolumeClaim, Pod, VolumeAttachment } from "@nk/pod-model";
import { isMirrorPod } from "@nk/pod-model";
import type { Store } from "../contracts.ts";
import { KIND, typed, typedOrAbsent } from "../stored-kinds.ts";
import { listPodReferences, listVolumeSecrets } from "./pod-references.ts";
import type { PodReferences } from "./pod-references.ts";

/** An object that a node may want. */
export interface RelatedObject {
  readonly namespace: string;
  readonly name: string;
}

/** Which objects belong to a node because of the pods on it: node <- pod <- claim <- volume <- secret. */
export interface NodeRelations {
  readonly hasPod: (nodeName: string, pod: RelatedObject) => boolean;
  readonly hasServiceAccount: (nodeName: string, account: RelatedObject) => boolean;
  readonly hasSecret: (nodeName: string, secret: RelatedObject) => boolean;
  readonly hasConfigMap: (nodeName: string, configMap: RelatedObject) => boolean;
  readonly hasClaim: (nodeName: string, claim: RelatedObject) => boolean;
  readonly hasResourceClaim: (nodeName: string, claim: RelatedObject) => boolean;
  readonly hasVolume: (nodeName: string, name: string) => boolean;
  readonly hasVolumeAttachment: (nodeName: string, name: string) => boolean;
  readonly hasResourceSlice: (nodeName: string, name: string) => boolean;
}

/** Of a pod that names none (plugin/pkg/admission/serviceaccount). */
const ACCOUNT_DEFAULT = "default";

/** Asks the store anew each time: a node has some hundred pods at most, and a pod that is gone counts no more at once. */
export const createNodeRelations = (store: Store): NodeRelations => {
  const podsOf = (nodeName: string, namespace?: string): readonly Pod[] =>
    store
      .list(KIND.pods, namespace === undefined ? undefined : { namespace })
      .items.map((item) => typed<Pod>(item))
      .filter((pod) => pod.spec?.nodeName === nodeName);
  // A mirror pod was made by the node itself: what it names, the node could name itself into.
  const ownPods = (nodeName: string, namespace?: string): readonly Pod[] => podsOf(nodeName, namespace).filter((pod) => !isMirrorPod(pod));
  const refers = (nodeName: string, object: RelatedObject, list: keyof PodReferences): boolean =>
    ownPods(nodeName, object.namespace).some((pod) => listPodReferences(pod)[list].has(object.name));
  const volumesOf = (nodeName: string): readonly { readonly name: string; readonly namespace: string }[] =>
    ownPods(nodeName).flatMap((pod) => {
      const namespace = pod.metadata?.namespace ?? "";
      return [...listPodReferences(pod).claims].flatMap((name) => {
        const claim = typedOrAbsent<PersistentVolumeClaim>(store.get(KIND.persistentVolumeClaims, { namespace, name }));
        const volumeName = claim?.spec?.volumeName ?? "";
        return volumeName === "" ? [] : [{ name: volumeName, namespace }];
      });
    });
  const isVolumeSecret = (nodeName: string, secret: RelatedObject): boolean =>
    volumesOf(nodeName).some(({ name, namespace }) => {
      const volume = typedOrAbsent<PersistentVolume>(store.get(KIND.persistentVolumes, { name }));
      const secrets = volume === undefined ? [] : listVolumeSecrets(volume, namespace);
      return secrets.some((candidate) => candidate.name === secret.name && candidate.namespace === secret.namespace);
    });
  return {
    hasPod: (nodeName, { namespace, name }) => typedOrAbsent<Pod>(store.get(KIND.pods, { namespace, name }))?.spec?.nodeName === nodeName,
    hasServiceAccount: (nodeName, { namespace, name }) =>
      ownPods(nodeName, namespace).some((pod) => (pod.spec?.serviceAccountName ?? ACCOUNT_DEFAULT) === name),
    hasSecret: (nodeName, secret) => refers(nodeName, secret, "secrets") || isVolumeSecret(nodeName, secret),
    hasConfigMap: (nodeName, configMap) => refers(nodeName, configMap, "configMaps"),
    hasClaim: (nodeName, claim) => refers(nodeName, claim, "claims"),
    hasResourceClaim: (nodeName, claim) => refers(nodeName, claim, "resourceClaims"),
    hasVolume: (nodeName, name) => volumesOf(nodeName).some((volume) => volume.name === name),
    hasVolumeAttachment: (nodeName, name) =>
      typedOrAbsent<VolumeAttachment>(store.get(KIND.volumeAttachments, { name }))?.spec?.nodeName === nodeName,
    hasResourceSlice: (nodeName, name) =>
      typedOrAbsent<{ spec?: { nodeName?: string } }>(store.get(KIND.resourceSlices, { name }))?.spec?.nodeName === nodeName,
  };
};
