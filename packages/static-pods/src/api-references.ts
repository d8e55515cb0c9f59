import type { Container, Pod, Volume } from "@nk/pod-model";
import { forEachItem } from "./field.ts";
import type { Field } from "./field.ts";

const refuse = (field: Field, resource: string): void => field.forbidden(`static pods may not reference ${resource}`);

const checkContainer = (container: Container, field: Field): void => {
  forEachItem(container.envFrom, field.at("envFrom"), (from, place) => {
    if (from.configMapRef !== undefined) refuse(place.at("configMapRef"), "configmaps");
    if (from.secretRef !== undefined) refuse(place.at("secretRef"), "secrets");
  });
  forEachItem(container.env, field.at("env"), ({ valueFrom }, place) => {
    if (valueFrom?.configMapKeyRef !== undefined) refuse(place.at("valueFrom", "configMapKeyRef"), "configmaps");
    if (valueFrom?.secretKeyRef !== undefined) refuse(place.at("valueFrom", "secretKeyRef"), "secrets");
  });
  if ((container.resources?.claims ?? []).length > 0) refuse(field.at("resources", "claims"), "resourceclaims");
};

/** Kinds of volume whose content, or whose credentials, the API holds. */
const VOLUME_RESOURCES: { readonly [K in keyof Volume]?: string } = {
  configMap: "configmaps",
  secret: "secrets",
  persistentVolumeClaim: "persistentvolumeclaims",
  ephemeral: "persistentvolumeclaims",
  glusterfs: "endpoints",
};

const checkVolume = (volume: Volume, field: Field): void => {
  for (const [kind, resource] of Object.entries(VOLUME_RESOURCES)) {
    if (Object.hasOwn(volume, kind)) refuse(field.at(kind), resource);
  }
  forEachItem(volume.projected?.sources, field.at("projected", "sources"), (source, place) => {
    if (source.configMap !== undefined) refuse(place.at("configMap"), "configmaps");
    if (source.secret !== undefined) refuse(place.at("secret"), "secrets");
    if (source.serviceAccountToken !== undefined) refuse(place.at("serviceAccountToken"), "serviceaccounts");
    if (source.clusterTrustBundle !== undefined) refuse(place.at("clusterTrustBundle"), "clustertrustbundles");
    if (source.podCertificate !== undefined) refuse(place.at("podCertificate"), "podcertificaterequests");
  });
};

/**
 * A static pod must be able to run without the API, so it may refer to none of its objects (gate PreventStaticPodAPIReferences in the
 * reference, on since 1.34). Where the reference names the kind only, the field is named too.
 */
export const checkApiReferences = (pod: Pod, root: Field): void => {
  const spec = root.at("spec");
  if (pod.spec?.serviceAccountName) refuse(spec.at("serviceAccountName"), "serviceaccounts");
  if (pod.spec?.serviceAccount) refuse(spec.at("serviceAccount"), "serviceaccounts");
  if ((pod.spec?.imagePullSecrets ?? []).length > 0) refuse(spec.at("imagePullSecrets"), "secrets");
  if ((pod.spec?.resourceClaims ?? []).length > 0) refuse(spec.at("resourceClaims"), "resourceclaims");
  forEachItem(pod.spec?.initContainers, spec.at("initContainers"), checkContainer);
  forEachItem(pod.spec?.containers, spec.at("containers"), checkContainer);
  forEachItem(pod.spec?.volumes, spec.at("volumes"), checkVolume);
};
