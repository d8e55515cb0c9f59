import { CONFIG_ANNOTATIONS } from "@nk/pod-model";
import type { ObjectMeta, Pod } from "@nk/pod-model";
import type { Field } from "../field.ts";
import { whyNotDnsLabel, whyNotDnsSubdomain, whyNotLabelValue, whyNotQualifiedName, whyNotUid } from "./names.ts";

const MAX_ANNOTATIONS_BYTES = 256 * 1024;

const checkLabels = (labels: ObjectMeta["labels"], field: Field): void => {
  for (const [key, value] of Object.entries(labels ?? {})) {
    const whyKey = whyNotQualifiedName(key);
    if (whyKey !== undefined) field.at(key).invalid(key, whyKey);
    const whyValue = whyNotLabelValue(value);
    if (whyValue !== undefined) field.at(key).invalid(value, whyValue);
  }
};

const checkAnnotations = (annotations: ObjectMeta["annotations"], field: Field): void => {
  let bytes = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    bytes += key.length + value.length;
    const why = whyNotQualifiedName(key.toLowerCase());
    if (why !== undefined) field.at(key).invalid(key, why);
  }
  if (bytes > MAX_ANNOTATIONS_BYTES) field.report(`Too long: may not be more than ${MAX_ANNOTATIONS_BYTES} bytes`);
  if (annotations?.[CONFIG_ANNOTATIONS.mirror] !== undefined) {
    field.at(CONFIG_ANNOTATIONS.mirror).forbidden("only the kubelet makes mirror pods");
  }
};

/** Checks what was written, and the name the pod gets on this node. */
export const validateMetadata = (written: Pod, pod: Pod, root: Field): void => {
  const metadata = root.at("metadata");
  const name = pod.metadata?.name ?? "";
  if (!written.metadata?.name) metadata.at("name").required("a static pod needs a name; generateName is not enough");
  else {
    const why = whyNotDnsSubdomain(name);
    if (why !== undefined) metadata.at("name").invalid(name, why);
  }
  const namespace = pod.metadata?.namespace ?? "";
  const whyNamespace = whyNotDnsLabel(namespace);
  if (whyNamespace !== undefined) metadata.at("namespace").invalid(namespace, whyNamespace);
  const uid = pod.metadata?.uid ?? "";
  const whyUid = whyNotUid(uid);
  if (whyUid !== undefined) metadata.at("uid").invalid(uid, whyUid);
  checkLabels(written.metadata?.labels, metadata.at("labels"));
  checkAnnotations(written.metadata?.annotations, metadata.at("annotations"));
  // It would be stopped before it starts.
  if (written.metadata?.deletionTimestamp !== undefined) metadata.at("deletionTimestamp").forbidden("remove the manifest instead");
};
