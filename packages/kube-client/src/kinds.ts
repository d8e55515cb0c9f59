import type {
  CertificateSigningRequest,
  ClusterTrustBundle,
  ConfigMap,
  CoreEvent,
  CSIDriver,
  CSINode,
  EventsEvent,
  Lease,
  Namespace,
  Node,
  ObjectMeta,
  PersistentVolume,
  PersistentVolumeClaim,
  Pod,
  RuntimeClass,
  Secret,
  Service,
  ServiceAccount,
  VolumeAttachment,
} from "@nk/pod-model";

/** What every Kubernetes object has. */
export interface KubeObject {
  readonly apiVersion?: string | undefined;
  readonly kind?: string | undefined;
  readonly metadata?: ObjectMeta | undefined;
}

/** Connections are kept apart by lane, so that a stuck list or a busy watch never holds up a lease. */
export const LANES = ["lease", "status", "watch", "events", "main"] as const;

/** See {@link LANES}. */
export type Lane = (typeof LANES)[number];

/** A kind of object as the API serves it. `T` is only a type: the client does not check what the server sends beyond its form. */
export interface ResourceKind<T extends KubeObject = KubeObject> {
  /** "v1" or "group/version". */
  readonly apiVersion: string;
  /** "Pod". */
  readonly kind: string;
  /** The plural in paths: "pods". */
  readonly resource: string;
  readonly namespaced: boolean;
  /** The lane of its requests; default "main" ("status" for the subresource status, "watch" for watches). */
  readonly lane?: Lane | undefined;
  /** Only at compile time. */
  readonly objectType?: T | undefined;
}

/** What {@link defineKind} takes. */
export type KindDefinition = Omit<ResourceKind, "objectType">;

/** Describes a kind that is not in {@link kinds}: `defineKind<MyObject>({ apiVersion: "example.org/v1", kind: "Widget", ... })`. */
export const defineKind = <T extends KubeObject>(definition: KindDefinition): ResourceKind<T> => definition;

/** The kinds an agent on a node reads or writes. */
export interface KnownKinds {
  readonly pods: ResourceKind<Pod>;
  readonly nodes: ResourceKind<Node>;
  readonly namespaces: ResourceKind<Namespace>;
  readonly secrets: ResourceKind<Secret>;
  readonly configMaps: ResourceKind<ConfigMap>;
  readonly services: ResourceKind<Service>;
  readonly serviceAccounts: ResourceKind<ServiceAccount>;
  readonly persistentVolumes: ResourceKind<PersistentVolume>;
  readonly persistentVolumeClaims: ResourceKind<PersistentVolumeClaim>;
  readonly events: ResourceKind<CoreEvent>;
  readonly eventsV1: ResourceKind<EventsEvent>;
  readonly leases: ResourceKind<Lease>;
  readonly runtimeClasses: ResourceKind<RuntimeClass>;
  readonly certificateSigningRequests: ResourceKind<CertificateSigningRequest>;
  readonly csiNodes: ResourceKind<CSINode>;
  readonly csiDrivers: ResourceKind<CSIDriver>;
  readonly volumeAttachments: ResourceKind<VolumeAttachment>;
  readonly clusterTrustBundles: ResourceKind<ClusterTrustBundle>;
}

const core = <T extends KubeObject>(kind: string, resource: string, namespaced: boolean): ResourceKind<T> =>
  defineKind<T>({ apiVersion: "v1", kind, resource, namespaced });

/** The kinds an agent on a node reads or writes, each in the version that v1.36 serves by default. */
export const kinds: KnownKinds = {
  pods: core<Pod>("Pod", "pods", true),
  nodes: core<Node>("Node", "nodes", false),
  namespaces: core<Namespace>("Namespace", "namespaces", false),
  secrets: core<Secret>("Secret", "secrets", true),
  configMaps: core<ConfigMap>("ConfigMap", "configmaps", true),
  services: core<Service>("Service", "services", true),
  serviceAccounts: core<ServiceAccount>("ServiceAccount", "serviceaccounts", true),
  persistentVolumes: core<PersistentVolume>("PersistentVolume", "persistentvolumes", false),
  persistentVolumeClaims: core<PersistentVolumeClaim>("PersistentVolumeClaim", "persistentvolumeclaims", true),
  events: defineKind<CoreEvent>({ apiVersion: "v1", kind: "Event", resource: "events", namespaced: true, lane: "events" }),
  eventsV1: defineKind<EventsEvent>({
    apiVersion: "events.k8s.io/v1",
    kind: "Event",
    resource: "events",
    namespaced: true,
    lane: "events",
  }),
  leases: defineKind<Lease>({ apiVersion: "coordination.k8s.io/v1", kind: "Lease", resource: "leases", namespaced: true, lane: "lease" }),
  runtimeClasses: defineKind<RuntimeClass>({
    apiVersion: "node.k8s.io/v1",
    kind: "RuntimeClass",
    resource: "runtimeclasses",
    namespaced: false,
  }),
  certificateSigningRequests: defineKind<CertificateSigningRequest>({
    apiVersion: "certificates.k8s.io/v1",
    kind: "CertificateSigningRequest",
    resource: "certificatesigningrequests",
    namespaced: false,
  }),
  csiNodes: defineKind<CSINode>({ apiVersion: "storage.k8s.io/v1", kind: "CSINode", resource: "csinodes", namespaced: false }),
  csiDrivers: defineKind<CSIDriver>({ apiVersion: "storage.k8s.io/v1", kind: "CSIDriver", resource: "csidrivers", namespaced: false }),
  volumeAttachments: defineKind<VolumeAttachment>({
    apiVersion: "storage.k8s.io/v1",
    kind: "VolumeAttachment",
    resource: "volumeattachments",
    namespaced: false,
  }),
  clusterTrustBundles: defineKind<ClusterTrustBundle>({
    apiVersion: "certificates.k8s.io/v1beta1",
    kind: "ClusterTrustBundle",
    resource: "clustertrustbundles",
    namespaced: false,
  }),
};
