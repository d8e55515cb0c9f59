import type { ConfigMap, LabelSelector, ObjectFieldSelector, Pod, PodRef, PodUid, ResourceFieldSelector, Secret } from "@nk/pod-model";

/** The last argument of every call that can wait. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Mounts on the host, below the kubelet's root directory. `createMounts` of `@nk/mounts` fits. All calls are idempotent. */
export interface MountPort {
  /** What is mounted at or below a directory, in the kernel's order, by real paths; empty when there is no such directory. */
  list(options: CallOptions & { readonly below: string }): Promise<readonly { readonly mountPoint: string; readonly fsType: string }[]>;
  /** Mounts a tmpfs on an existing directory, out of swap where the kernel can, unless one is mounted there. */
  mountTmpfs(request: { readonly target: string; readonly sizeBytes?: bigint | undefined }, options: CallOptions): Promise<void>;
  /**
   * Binds an untrusted relative path below `root` to `target`, which it makes. Directories that are missing are made with the root's
   * mode. Must be proof against links that lead out of the root, also against those that are swapped meanwhile.
   */
  bindSubPath(request: { readonly root: string; readonly subPath: string; readonly target: string }, options: CallOptions): Promise<void>;
  /** Ends what is mounted there; fine when nothing is. `detach`: also what is in use. */
  unmount(path: string, options: CallOptions & { readonly detach?: boolean }): Promise<void>;
  /** Gives a tree to a group (chown, g+rw or g+r, setgid on directories) without following links, the directory itself last. */
  changeGroup(
    request: { readonly path: string; readonly gid: number; readonly readOnly: boolean; readonly onFile?: () => void },
    options: { readonly signal?: AbortSignal },
  ): Promise<void>;
}

/** The kinds of objects that volumes and environments are made of. */
export interface ObjectKinds {
  readonly Secret: Secret;
  readonly ConfigMap: ConfigMap;
}

export type ObjectKind = keyof ObjectKinds;

/** Names one object. */
export interface ObjectRef {
  readonly namespace: string;
  readonly name: string;
}

/** An object that changed, appeared or went. */
export interface ObjectChange extends ObjectRef {
  readonly kind: ObjectKind;
}

/** Secrets and ConfigMaps of pods. `createPodObjects` offers it. */
export interface ObjectPort {
  /** Holds what the pod refers to until `unregister`; replaces what was held for it. Starts reading, does not wait. */
  register(pod: Pod): void;
  unregister(uid: PodUid): void;
  /** The object. Rejects with `object-not-found`, or `object-unavailable` when that is not known. */
  get<K extends ObjectKind>(kind: K, ref: ObjectRef, options: CallOptions): Promise<ObjectKinds[K]>;
  /** Told of each change of an object that pods refer to. Listeners must not throw. */
  subscribe(listener: (change: ObjectChange) => void): Disposable;
}

/** What a token is for. */
export interface TokenRequest {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Empty: the API server's own. */
  readonly audiences: readonly string[];
  readonly expirationSeconds: number;
  /** The pod the token is bound to. */
  readonly pod: { readonly name: string; readonly uid: PodUid };
}

/** Service account tokens. `createPodTokens` offers it. */
export interface TokenPort {
  /** A token that is valid now, and when to ask again (`Clock.nowMs`). Rejects with `token-failed`. */
  get(request: TokenRequest, options: CallOptions): Promise<{ readonly token: string; readonly refreshAtMs: number }>;
  /** The pod is gone. */
  forget(uid: PodUid): void;
}

/** Which trust anchors a pod wants: those of one bundle, or of all of a signer that match. */
export type TrustBundleQuery =
  | { readonly name: string; readonly optional: boolean }
  | { readonly signerName: string; readonly labelSelector?: LabelSelector | undefined; readonly optional: boolean };

/** ClusterTrustBundles. */
export interface TrustBundlePort {
  /** PEM blocks, each once. Empty when there are none and that is fine. Rejects otherwise; the message goes into an event. */
  get(query: TrustBundleQuery, options: CallOptions): Promise<string>;
  /** Told when bundles have changed. */
  subscribe?(listener: () => void): Disposable;
}

/** Values of the downward API. */
export interface FieldPort {
  /** One of `metadata.name`, `.namespace`, `.uid`, `.labels['k']`, `.annotations['k']`. Throws when there is no such field. */
  fieldValue(pod: Pod, selector: ObjectFieldSelector): string;
  /** In units of the divisor. Rejects when there is no such container or resource. */
  resourceFieldValue(pod: Pod, selector: ResourceFieldSelector, options: CallOptions): Promise<string>;
}

/** What the node has. */
export interface NodePort {
  /** Quantities by resource name, for the size of volumes in memory. */
  allocatable(options: CallOptions): Promise<{ readonly [resource: string]: string }>;
}

/** Something the pod's events should tell. */
export interface VolumeEvent {
  readonly ref: PodRef;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

/** What the volumes are made with. One that is absent refuses the volumes that need it, with their name. */
export interface VolumesPorts {
  readonly mounts?: MountPort;
  readonly objects?: ObjectPort;
  readonly tokens?: TokenPort;
  readonly trustBundles?: TrustBundlePort;
  readonly fields?: FieldPort;
  readonly node?: NodePort;
}
