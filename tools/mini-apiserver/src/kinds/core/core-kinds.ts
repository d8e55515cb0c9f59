import type { ApiObject } from "../../contracts.ts";
import { ENDPOINTS_TABLE, NAME_AND_AGE_TABLE, QUOTA_TABLE } from "../../tables/core-tables.ts";
import { REPLICATION_CONTROLLER_TABLE } from "../../tables/group-tables.ts";
import type { KindDefinition } from "../kind-definition.ts";
import { withTemplateDefaults } from "../pod-template.ts";
import { listAt, mapAt, numberAt } from "../read-path.ts";
import { SCALE } from "../scale.ts";
import { statusSubresource } from "../status.ts";
import { CONFIG_MAP, SECRET } from "./config.ts";
import { EVENT } from "./event.ts";
import { NAMESPACE } from "./namespace.ts";
import { NODE } from "./node.ts";
import { POD } from "./pod/pod.ts";
import { SERVICE } from "./service.ts";
import { PERSISTENT_VOLUME, PERSISTENT_VOLUME_CLAIM } from "./storage-kinds.ts";

const CORE = { group: "", version: "v1", namespaced: true } as const;

const SERVICE_ACCOUNT: KindDefinition = {
  ...CORE,
  resource: "serviceaccounts",
  singular: "serviceaccount",
  kind: "ServiceAccount",
  type: "core.ServiceAccount",
  shortNames: ["sa"],
  table: NAME_AND_AGE_TABLE,
  strategy: { returnsDeleted: true },
};

const withProtocols = (object: ApiObject): ApiObject => ({
  ...object,
  ...(object["subsets"] === undefined
    ? {}
    : {
        subsets: listAt(object, "subsets").map((subset) => ({
          ...(subset as object),
          ports: listAt(subset, "ports").map((port) => ({ protocol: "TCP", ...(port as object) })),
        })),
      }),
});

const ENDPOINTS: KindDefinition = {
  ...CORE,
  resource: "endpoints",
  singular: "endpoints",
  kind: "Endpoints",
  type: "core.Endpoints",
  shortNames: ["ep"],
  table: ENDPOINTS_TABLE,
  strategy: { createsOnUpdate: true, applyDefaults: withProtocols },
  deprecation: "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
};

/** It is labelled, and selects, as its template is unless it says otherwise. */
const withTemplateLabels = (object: ApiObject): ApiObject => {
  const labels = mapAt(object, "spec.template.metadata.labels") as { readonly [key: string]: string };
  const own = object.metadata?.labels ?? {};
  const isLabelled = Object.keys(own).length > 0 || Object.keys(labels).length === 0;
  return {
    ...object,
    ...(isLabelled ? {} : { metadata: { ...object.metadata, labels } }),
    spec: withTemplateDefaults({ replicas: 1, selector: labels, ...mapAt(object, "spec") }),
  };
};

const REPLICATION_CONTROLLER: KindDefinition = {
  ...CORE,
  resource: "replicationcontrollers",
  singular: "replicationcontroller",
  kind: "ReplicationController",
  type: "core.ReplicationController",
  shortNames: ["rc"],
  categories: ["all"],
  table: REPLICATION_CONTROLLER_TABLE,
  selectableFields: { "status.replicas": (object) => `${numberAt(object, "status.replicas")}` },
  strategy: {
    keepsGeneration: true,
    applyDefaults: withTemplateLabels,
    prepareCreate: (object) => ({ ...object, status: { replicas: 0 } }),
  },
  subresources: [statusSubresource(), SCALE],
};

const LIMIT_RANGE: KindDefinition = {
  ...CORE,
  resource: "limitranges",
  singular: "limitrange",
  kind: "LimitRange",
  type: "core.LimitRange",
  shortNames: ["limits"],
  strategy: { createsOnUpdate: true },
};

const RESOURCE_QUOTA: KindDefinition = {
  ...CORE,
  resource: "resourcequotas",
  singular: "resourcequota",
  kind: "ResourceQuota",
  type: "core.ResourceQuota",
  shortNames: ["quota"],
  table: QUOTA_TABLE,
  strategy: { returnsDeleted: true, prepareCreate: (object) => ({ ...object, status: {} }) },
  subresources: [statusSubresource()],
};

const POD_TEMPLATE: KindDefinition = {
  ...CORE,
  resource: "podtemplates",
  singular: "podtemplate",
  kind: "PodTemplate",
  type: "core.PodTemplate",
  strategy: { returnsDeleted: true },
};

/** Kinds of core/v1. Limits and quotas are stored, not enforced. */
export const CORE_KINDS: readonly KindDefinition[] = [
  CONFIG_MAP,
  ENDPOINTS,
  EVENT,
  LIMIT_RANGE,
  NAMESPACE,
  NODE,
  PERSISTENT_VOLUME_CLAIM,
  PERSISTENT_VOLUME,
  POD,
  POD_TEMPLATE,
  REPLICATION_CONTROLLER,
  RESOURCE_QUOTA,
  SECRET,
  SERVICE_ACCOUNT,
  SERVICE,
];
