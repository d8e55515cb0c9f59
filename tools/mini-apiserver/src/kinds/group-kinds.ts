import type { ApiObject } from "../contracts.ts";
import {
  ATTACHMENT_TABLE,
  BUDGET_TABLE,
  CSI_DRIVER_TABLE,
  CSI_NODE_TABLE,
  ENDPOINT_SLICE_TABLE,
  LEASE_TABLE,
  PRIORITY_CLASS_TABLE,
  ROLE_BINDING_TABLE,
  RUNTIME_CLASS_TABLE,
  STORAGE_CLASS_TABLE,
} from "../tables/group-tables.ts";
import { forbidden } from "../api-error.ts";
import { invalid, notSupported, required } from "./field-error.ts";
import type { FieldError } from "./field-error.ts";
import type { KindDefinition } from "./kind-definition.ts";
import { checkLabel, checkPathSegment } from "./names.ts";
import { listAt, mapAt, numberAt, textAt, valueAt } from "./read-path.ts";
import { statusSubresource } from "./status.ts";

const validateLease = (lease: ApiObject): readonly FieldError[] => {
  const seconds = valueAt(lease, "spec.leaseDurationSeconds");
  const transitions = numberAt(lease, "spec.leaseTransitions");
  return [
    ...(typeof seconds === "number" && seconds <= 0 ? [invalid("spec.leaseDurationSeconds", seconds, "must be greater than 0")] : []),
    ...(transitions < 0 ? [invalid("spec.leaseTransitions", transitions, "must be greater than or equal to 0")] : []),
  ];
};

const LEASE: KindDefinition = {
  group: "coordination.k8s.io",
  version: "v1",
  resource: "leases",
  singular: "lease",
  kind: "Lease",
  type: "coordination.Lease",
  namespaced: true,
  table: LEASE_TABLE,
  strategy: { createsOnUpdate: true, allowsUnconditionalUpdate: false, validateCreate: validateLease, validateUpdate: validateLease },
};

const RUNTIME_CLASS: KindDefinition = {
  group: "node.k8s.io",
  version: "v1",
  resource: "runtimeclasses",
  singular: "runtimeclass",
  kind: "RuntimeClass",
  type: "node.RuntimeClass",
  namespaced: false,
  table: RUNTIME_CLASS_TABLE,
  strategy: {
    createsOnUpdate: true,
    allowsUnconditionalUpdate: false,
    validateCreate: (object) => {
      const handler = textAt(object, "handler");
      return handler === "" ? [required("handler")] : checkLabel(handler).map((text) => invalid("handler", handler, text));
    },
    validateUpdate: (next, current) =>
      next["handler"] === current["handler"] ? [] : [invalid("handler", next["handler"], "field is immutable")],
  },
};

const STORAGE = { group: "storage.k8s.io", version: "v1", namespaced: false } as const;

const validateCsiNode = (object: ApiObject): readonly FieldError[] =>
  listAt(object, "spec.drivers").flatMap((driver, index) => [
    ...(textAt(driver, "name") === "" ? [required(`spec.drivers[${index}].name`)] : []),
    ...(textAt(driver, "nodeID") === "" ? [required(`spec.drivers[${index}].nodeID`)] : []),
  ]);

const STORAGE_KINDS: readonly KindDefinition[] = [
  {
    ...STORAGE,
    resource: "csidrivers",
    singular: "csidriver",
    kind: "CSIDriver",
    type: "storage.CSIDriver",
    table: CSI_DRIVER_TABLE,
    strategy: {
      keepsGeneration: false,
      returnsDeleted: true,
      allowsUnconditionalUpdate: false,
      applyDefaults: (object) => ({
        ...object,
        spec: {
          attachRequired: true,
          podInfoOnMount: false,
          volumeLifecycleModes: ["Persistent"],
          storageCapacity: false,
          fsGroupPolicy: "ReadWriteOnceWithFSType",
          requiresRepublish: false,
          seLinuxMount: false,
          ...mapAt(object, "spec"),
        },
      }),
    },
  },
  {
    ...STORAGE,
    resource: "csinodes",
    singular: "csinode",
    kind: "CSINode",
    type: "storage.CSINode",
    table: CSI_NODE_TABLE,
    strategy: { returnsDeleted: true, allowsUnconditionalUpdate: false, validateCreate: validateCsiNode, validateUpdate: validateCsiNode },
  },
  {
    ...STORAGE,
    resource: "volumeattachments",
    singular: "volumeattachment",
    kind: "VolumeAttachment",
    type: "storage.VolumeAttachment",
    table: ATTACHMENT_TABLE,
    strategy: {
      returnsDeleted: true,
      allowsUnconditionalUpdate: false,
      prepareCreate: (object) => ({ ...object, status: { attached: false } }),
      validateCreate: (object) =>
        ["attacher", "nodeName"].filter((name) => textAt(object, `spec.${name}`) === "").map((name) => required(`spec.${name}`)),
    },
    subresources: [statusSubresource()],
  },
  {
    ...STORAGE,
    resource: "storageclasses",
    singular: "storageclass",
    kind: "StorageClass",
    type: "storage.StorageClass",
    shortNames: ["sc"],
    table: STORAGE_CLASS_TABLE,
    strategy: {
      returnsDeleted: true,
      applyDefaults: (object) => ({
        ...object,
        reclaimPolicy: textAt(object, "reclaimPolicy", "Delete"),
        volumeBindingMode: textAt(object, "volumeBindingMode", "Immediate"),
      }),
      validateCreate: (object) => (textAt(object, "provisioner") === "" ? [required("provisioner")] : []),
    },
  },
];

const BUDGET: KindDefinition = {
  group: "policy",
  version: "v1",
  resource: "poddisruptionbudgets",
  singular: "poddisruptionbudget",
  kind: "PodDisruptionBudget",
  type: "policy.PodDisruptionBudget",
  namespaced: true,
  shortNames: ["pdb"],
  table: BUDGET_TABLE,
  strategy: {
    keepsGeneration: true,
    allowsUnconditionalUpdate: false,
    prepareCreate: (object) => ({ ...object, status: { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 } }),
    validateCreate: (object) =>
      valueAt(object, "spec.minAvailable") !== undefined && valueAt(object, "spec.maxUnavailable") !== undefined
        ? [invalid("spec", mapAt(object, "spec"), "minAvailable and maxUnavailable cannot be both set")]
        : [],
  },
  subresources: [statusSubresource()],
};

const RBAC = { group: "rbac.authorization.k8s.io", version: "v1" } as const;

const validateRole = (object: ApiObject): readonly FieldError[] =>
  listAt(object, "rules").flatMap((rule, index) => [
    ...(listAt(rule, "verbs").length === 0 ? [required(`rules[${index}].verbs`, "verbs must contain at least one value")] : []),
    ...(listAt(rule, "nonResourceURLs").length === 0 && listAt(rule, "resources").length === 0
      ? [required(`rules[${index}].resources`, "resource rules must supply at least one resource")]
      : []),
  ]);

const withRoleDefaults = (object: ApiObject): ApiObject => ({
  ...object,
  roleRef: { ...mapAt(object, "roleRef"), apiGroup: textAt(object, "roleRef.apiGroup", RBAC.group) },
  ...(object["subjects"] === undefined
    ? {}
    : {
        subjects: listAt(object, "subjects").map((subject) => {
          const isAccount = textAt(subject, "kind") === "ServiceAccount";
          return isAccount || textAt(subject, "apiGroup") !== "" ? subject : { ...(subject as object), apiGroup: RBAC.group };
        }),
      }),
});

const ROLE_KINDS: readonly string[] = ["ClusterRole", "Role"];

const validateBinding = (object: ApiObject): readonly FieldError[] => [
  ...(ROLE_KINDS.includes(textAt(object, "roleRef.kind"))
    ? []
    : [notSupported("roleRef.kind", textAt(object, "roleRef.kind"), ROLE_KINDS)]),
  ...(textAt(object, "roleRef.name") === "" ? [required("roleRef.name")] : []),
];

const validateBindingUpdate = (next: ApiObject, current: ApiObject): readonly FieldError[] => [
  ...validateBinding(next),
  ...(JSON.stringify(next["roleRef"]) === JSON.stringify(current["roleRef"])
    ? []
    : [invalid("roleRef", next["roleRef"], "cannot change roleRef")]),
];

const roleKind = (resource: string, kind: string, namespaced: boolean): KindDefinition => ({
  ...RBAC,
  resource,
  singular: kind.toLowerCase(),
  kind,
  type: `rbac.${kind}`,
  namespaced,
  strategy: { validateName: checkPathSegment, createsOnUpdate: true, validateCreate: validateRole, validateUpdate: validateRole },
});

const bindingKind = (resource: string, kind: string, namespaced: boolean): KindDefinition => ({
  ...RBAC,
  resource,
  singular: kind.toLowerCase(),
  kind,
  type: `rbac.${kind}`,
  namespaced,
  table: ROLE_BINDING_TABLE,
  strategy: {
    validateName: checkPathSegment,
    createsOnUpdate: true,
    applyDefaults: withRoleDefaults,
    validateCreate: validateBinding,
    validateUpdate: validateBindingUpdate,
  },
});

const HIGHEST_USER_PRIORITY = 1_000_000_000;
const SYSTEM_PREFIX = "system-";

const PRIORITY_CLASS: KindDefinition = {
  group: "scheduling.k8s.io",
  version: "v1",
  resource: "priorityclasses",
  singular: "priorityclass",
  kind: "PriorityClass",
  type: "scheduling.PriorityClass",
  namespaced: false,
  shortNames: ["pc"],
  table: PRIORITY_CLASS_TABLE,
  strategy: {
    keepsGeneration: true,
    applyDefaults: (object) => ({ ...object, preemptionPolicy: textAt(object, "preemptionPolicy", "PreemptLowerPriority") }),
    validateCreate: (object) => {
      const name = object.metadata?.name ?? "";
      if (name.startsWith(SYSTEM_PREFIX))
        return [
          {
            field: "metadata.name",
            reason: "FieldValueForbidden",
            message: `Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: ${name} is not a known system priority class`,
          },
        ];
      const value = numberAt(object, "value");
      return value > HIGHEST_USER_PRIORITY
        ? [
            {
              field: "value",
              reason: "FieldValueForbidden",
              message: "Forbidden: maximum allowed value of a user defined priority is 1000000000",
            },
          ]
        : [];
    },
    validateUpdate: (next, current) =>
      numberAt(next, "value") === numberAt(current, "value") ? [] : [invalid("value", next["value"], "field is immutable")],
    checkDelete: (object) => {
      const name = object.metadata?.name ?? "";
      if (name.startsWith(SYSTEM_PREFIX))
        throw forbidden({ group: "scheduling.k8s.io", resource: "priorityclasses" }, name, {
          text: "this is a system priority class and cannot be deleted",
        });
    },
  },
};

const ENDPOINT_SLICE: KindDefinition = {
  group: "discovery.k8s.io",
  version: "v1",
  resource: "endpointslices",
  singular: "endpointslice",
  kind: "EndpointSlice",
  type: "discovery.EndpointSlice",
  namespaced: true,
  table: ENDPOINT_SLICE_TABLE,
  strategy: {
    keepsGeneration: true,
    applyDefaults: (object) => {
      const ports = listAt(object, "ports");
      return ports.length === 0 ? object : { ...object, ports: ports.map((port) => ({ name: "", protocol: "TCP", ...(port as object) })) };
    },
    validateCreate: (object) => (textAt(object, "addressType") === "" ? [required("addressType")] : []),
  },
};

/** Kinds of the smaller groups. */
export const GROUP_KINDS: readonly KindDefinition[] = [
  LEASE,
  ENDPOINT_SLICE,
  RUNTIME_CLASS,
  BUDGET,
  bindingKind("clusterrolebindings", "ClusterRoleBinding", false),
  roleKind("clusterroles", "ClusterRole", false),
  bindingKind("rolebindings", "RoleBinding", true),
  roleKind("roles", "Role", true),
  PRIORITY_CLASS,
  ...STORAGE_KINDS,
];
