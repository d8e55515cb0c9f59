import { formatTimestamp } from "@nk/pod-model";
import type { ApiObject } from "../../contracts.ts";
import { CLAIM_TABLE, VOLUME_TABLE } from "../../tables/core-tables.ts";
import { required } from "../field-error.ts";
import type { FieldError } from "../field-error.ts";
import type { KindDefinition } from "../kind-definition.ts";
import { listAt, mapAt, textAt, valueAt } from "../read-path.ts";
import { statusSubresource } from "../status.ts";

const withVolumeMode = (object: ApiObject, more: { readonly [field: string]: unknown } = {}): ApiObject => {
  const spec = mapAt(object, "spec");
  return { ...object, spec: { ...more, ...spec, volumeMode: spec["volumeMode"] ?? "Filesystem" } };
};

const withHostPathType = (object: ApiObject): ApiObject => {
  const spec = mapAt(object, "spec");
  return spec["hostPath"] === undefined ? object : { ...object, spec: { ...spec, hostPath: { type: "", ...mapAt(spec, "hostPath") } } };
};

const withPhase = (object: ApiObject): ApiObject => ({
  ...object,
  status: { ...mapAt(object, "status"), phase: textAt(object, "status.phase", "Pending") },
});

const validateModes = (object: ApiObject): readonly FieldError[] =>
  listAt(object, "spec.accessModes").length === 0 ? [required("spec.accessModes", "at least 1 access mode is required")] : [];

/** core/v1 PersistentVolume. Nothing binds it. */
export const PERSISTENT_VOLUME: KindDefinition = {
  group: "",
  version: "v1",
  resource: "persistentvolumes",
  singular: "persistentvolume",
  kind: "PersistentVolume",
  type: "core.PersistentVolume",
  namespaced: false,
  shortNames: ["pv"],
  table: VOLUME_TABLE,
  selectableFields: { name: (object) => object.metadata?.name ?? "" },
  strategy: {
    returnsDeleted: true,
    applyDefaults: (object) => withPhase(withVolumeMode(withHostPathType(object), { persistentVolumeReclaimPolicy: "Retain" })),
    prepareCreate: (object, { clock }) => ({
      ...object,
      status: { phase: "Pending", lastPhaseTransitionTime: formatTimestamp(clock.nowMs()) },
    }),
    validateCreate: (object) => [
      ...validateModes(object),
      ...(textAt(object, "spec.capacity.storage") === "" ? [required("spec.capacity")] : []),
    ],
  },
  subresources: [statusSubresource()],
};

/** core/v1 PersistentVolumeClaim. Nothing binds it. */
export const PERSISTENT_VOLUME_CLAIM: KindDefinition = {
  group: "",
  version: "v1",
  resource: "persistentvolumeclaims",
  singular: "persistentvolumeclaim",
  kind: "PersistentVolumeClaim",
  type: "core.PersistentVolumeClaim",
  namespaced: true,
  shortNames: ["pvc"],
  table: CLAIM_TABLE,
  selectableFields: { name: (object) => object.metadata?.name ?? "" },
  strategy: {
    returnsDeleted: true,
    applyDefaults: (object) => withPhase(withVolumeMode(object)),
    prepareCreate: (object) => ({ ...object, status: { phase: "Pending" } }),
    validateCreate: (object) => [
      ...validateModes(object),
      ...(valueAt(object, "spec.resources.requests.storage") === undefined ? [required("spec.resources[storage]")] : []),
    ],
  },
  subresources: [statusSubresource()],
};
