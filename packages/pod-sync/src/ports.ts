import type {
  CreateContainerRequest,
  CreateContainerResponse,
  ExecSyncRequest,
  ExecSyncResponse,
  PodSandboxConfig,
  RemoveContainerRequest,
  RemovePodSandboxRequest,
  RunPodSandboxRequest,
  RunPodSandboxResponse,
  StartContainerRequest,
  StopContainerRequest,
  StopPodSandboxRequest,
} from "@nk/cri-api";
import type { Container, HTTPGetAction, Pod, PodRef, PodUid, RuntimePodStatus } from "@nk/pod-model";
import type { DeviceAllocation } from "./config/container-config.ts";
import type { EnvObjects } from "./config/environment.ts";
import type { UserNamespaceMapping } from "./config/namespaces.ts";
import type { NodeFacts } from "./config/node-facts.ts";
import type { ImageUser } from "./config/run-as-non-root.ts";
import type { PodFiles } from "./files/pod-files.ts";
import type { ProbeResults } from "./plan/plan-input.ts";

/** The last argument of every call that can wait. */
export interface CallOptions {
  readonly signal?: AbortSignal;
}

/**
 * Sandboxes of the runtime, in CRI's messages. Calls for different pods run at once. The calls that stop and remove must be idempotent,
 * as CRI demands; an error whose `code` is `not-found` counts as success. A call is bounded by the provider's own deadline:
 * `runPodSandbox` gets no signal, because an abandoned call may still make a sandbox that nobody would stop.
 */
export interface SandboxPort {
  runPodSandbox(request: RunPodSandboxRequest): Promise<RunPodSandboxResponse>;
  stopPodSandbox(request: StopPodSandboxRequest, options: CallOptions): Promise<unknown>;
  removePodSandbox(request: RemovePodSandboxRequest, options: CallOptions): Promise<unknown>;
}

/** Containers of the runtime, under the same terms as {@link SandboxPort}; create and start get no signal for the same reason. */
export interface ContainerPort {
  createContainer(request: CreateContainerRequest): Promise<CreateContainerResponse>;
  startContainer(request: StartContainerRequest): Promise<unknown>;
  /** `timeout` in seconds. Rejects early when the signal aborts; the container has then been told to stop and is not killed yet. */
  stopContainer(request: StopContainerRequest, options: CallOptions): Promise<unknown>;
  removeContainer(request: RemoveContainerRequest, options: CallOptions): Promise<unknown>;
  /** A `timeout` of 0 is none. */
  execSync(request: ExecSyncRequest, options: CallOptions): Promise<ExecSyncResponse>;
}

/** A wish for the image of one container or image volume. */
export interface ImageWish {
  readonly pod: PodRef;
  /** The container's name, or the volume's. */
  readonly containerName: string;
  /** What events about it point at, e.g. `spec.containers{main}`; absent for the image of a volume: they are about the pod. */
  readonly fieldPath?: string;
  readonly image: string;
  readonly pullPolicy: "Always" | "IfNotPresent" | "Never";
  /** Empty for the runtime's default handler. */
  readonly runtimeHandler: string;
  /** Names of the Secrets in the pod's namespace that hold logins. */
  readonly pullSecretNames: readonly string[];
  /** The pod's. */
  readonly annotations: { readonly [key: string]: string };
  /** Of the sandbox the container will run in; to be passed to PullImage. */
  readonly sandboxConfig: PodSandboxConfig;
}

/** The image a container is made from. */
export interface ImageAnswer {
  /** What CreateContainer names the image by. */
  readonly imageRef: string;
  readonly user: ImageUser;
}

/**
 * Puts images on the machine and records the events of doing so. Rejects with an error whose `code` is the waiting reason
 * (`ErrImagePull`, `ImagePullBackOff`, ...), whose `message` is the waiting message and which may carry `retryAtMs`.
 */
export interface ImagePort {
  ensureImage(wish: ImageWish, options: CallOptions): Promise<ImageAnswer>;
}

/** What the runtime is known to have of each pod. */
export interface ObservedPort {
  /** The last observation, from memory. Undefined: never looked, or the runtime has nothing of the pod. */
  get(uid: PodUid): RuntimePodStatus | undefined;
  /**
   * Reads the runtime now, also for a pod it never heard of. Undefined: the runtime has nothing. Rejects when it cannot be read. With
   * `growth` nothing came into being since the last read but what it names: then the runtime need not be asked what the pod has.
   */
  refresh(uid: PodUid, options: CallOptions & { readonly growth?: PodGrowth }): Promise<RuntimePodStatus | undefined>;
  /**
   * Told that the pod is being changed from here until the result is disposed, and refreshed before that: what the runtime says of it
   * meanwhile need not be looked at. Absent: nothing of the kind.
   */
  hold?(uid: PodUid): Disposable;
  /**
   * Whether the pod came into being while this process was looking, so that nobody but it can have made anything of it: a pod that it has made
   * nothing of then need not be read. Absent: nobody knows, every pod is read first.
   */
  isNew?(uid: PodUid): boolean;
}

/** What we ourselves made in a pod. */
export interface PodGrowth {
  readonly name: string;
  readonly namespace: string;
  readonly sandboxId?: string;
  readonly containerId?: string;
}

/** Where a volume is on the host. */
export interface PreparedVolume {
  /** Empty for an image volume, whose image is asked of the {@link ImagePort}. */
  readonly hostPath: string;
  /** Whether it can only be read, whatever the mount says. Default false. */
  readonly readOnly?: boolean;
  /** Whether the runtime is to relabel the files. Default false. */
  readonly selinuxRelabel?: boolean;
}

/** A pod's volumes, ready to be mounted into containers. */
export interface PreparedVolumes {
  /** By volume name. */
  readonly volumes: ReadonlyMap<string, PreparedVolume>;
  /** Groups that own volumes; added to the supplemental groups of all containers. */
  readonly groups?: readonly number[];
}

/** A sub-path that a container mounts instead of a whole volume. */
export interface SubPathRequest {
  readonly pod: Pod;
  readonly containerName: string;
  readonly volumeName: string;
  readonly volumeHostPath: string;
  /** Relative, variables expanded; untrusted. */
  readonly subPath: string;
  /** As the pod writes it, where variables were expanded: what a message may show, because their values may be a Secret's. */
  readonly subPathExpr?: string;
  /** The mount's place among the container's volumeMounts, counted from 0: the same one has the same place after a restart. */
  readonly mountIndex: number;
  readonly readOnly: boolean;
}

/** The pod's volumes. All calls are idempotent; for one pod they never overlap. */
export interface VolumePort {
  /** Resolves when every volume of the pod is set up. It records the events of its failures itself. */
  prepare(pod: Pod, options: CallOptions): Promise<PreparedVolumes>;
  /** Resolves when nothing of the pod is mounted any more. No container of the pod runs when it is called. */
  release(pod: Pod, options: CallOptions): Promise<void>;
  /**
   * Whether a volume is known not to be there now: the sandbox then waits for the volumes, as in the reference, instead of being made beside
   * them. Quick, and makes nothing. Absent: never.
   */
  isLacking?(pod: Pod): Promise<boolean>;
  /** The host path of a sub-path, proof against links that lead out of the volume. Absent: pods that need it are refused. */
  resolveSubPath?(request: SubPathRequest, options: CallOptions): Promise<string>;
}

/** The pod's own cgroup. */
export interface CgroupPort {
  /** Makes or updates it and resolves with its name in the spelling of the cgroup driver. */
  ensure(pod: Pod, options: CallOptions): Promise<string>;
  /** Ends what is left in it and removes it. Of a pod whose definition is gone only the UID is known. */
  remove(pod: Pod, options: CallOptions): Promise<void>;
  /**
   * Kills what runs in one container's cgroup: the way out when a runtime takes a container for ended whose process runs (containerd, after
   * a start whose caller died). Absent: nothing is killed.
   */
  killContainer?(pod: Pod, options: CallOptions & { readonly containerId: string }): Promise<void>;
  /** The pods that have a cgroup, known or not. Absent: none is looked for. */
  listPods?(options: CallOptions): Promise<readonly PodUid[]>;
}

/** What the probes say. From memory; never waits. */
export interface ProbePort {
  results(containerId: string): ProbeResults;
  /** The pod begins to end: liveness and startup probes stop, readiness goes on. */
  podStopping?(ref: PodRef): void;
  /** No container of the pod is left: all probes stop. */
  podStopped?(ref: PodRef): void;
}

/** A Kubernetes event about a pod or one of its containers. */
export interface PodEvent {
  readonly ref: PodRef;
  /** e.g. `spec.containers{main}`; absent when the event is about the whole pod. */
  readonly fieldPath?: string;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

/** Where events go; fire and forget, must not throw. */
export interface EventPort {
  record(event: PodEvent): void;
  /** An event about the node. Absent: it is not told. */
  recordNode?(event: Pick<PodEvent, "type" | "reason" | "message">): void;
}

/** An HTTP lifecycle hook with everything resolved. */
export interface HookHttpRequest {
  readonly scheme: "http" | "https";
  /** An address or a name, without brackets. */
  readonly host: string;
  readonly port: number;
  readonly path: string;
  /** In order, `Host` among them where the pod sets it. */
  readonly headers: NonNullable<HTTPGetAction["httpHeaders"]>;
}

/**
 * HTTP lifecycle hooks. Certificates are not verified, no proxy is used, redirects are followed, bodies are cut at 10 KiB and thrown away.
 * Any answer is success, whatever its status. `plain-http`: TLS was wanted and the server speaks plain HTTP.
 */
export interface HookPort {
  httpGet(request: HookHttpRequest, options: CallOptions): Promise<"answered" | "plain-http">;
}

/** A way to run pods that the runtime offers. */
export interface RuntimeHandlerFacts {
  /** Empty for the default. */
  readonly name: string;
  readonly supportsRecursiveReadOnly: boolean;
  /** `unknown`: the runtime tells of its handlers, and this one is not among them. */
  readonly userNamespaces: "supported" | "unsupported" | "unknown";
}

/** The node and the kubelet's configuration. */
export interface NodePort {
  /** A fresh snapshot. */
  facts(options: CallOptions): Promise<NodeFacts>;
  /** Why pods with a network of their own cannot start now; undefined when they can. Absent: they always can. */
  networkProblem?(): string | undefined;
  /** Content of the node's own /etc/hosts, for pods on the host network. Absent: empty. */
  hostsFile?(options: CallOptions): Promise<string>;
  /** The handler of the pod's RuntimeClass. Rejects when there is no such class. Absent: the default one, and no pod may name a class. */
  runtimeHandler?(pod: Pod, options: CallOptions): Promise<RuntimeHandlerFacts>;
}

/** Names one container instance that is about to be made. */
export interface ContainerWish {
  readonly pod: Pod;
  readonly container: Container;
  readonly restartCount: number;
}

/** What other parts of a kubelet add to a container. Every method may be absent. */
export interface ExtrasPort {
  /** ConfigMaps and Secrets for the environment of one container. Absent: references to them are refused. */
  envObjects?(wish: ContainerWish, options: CallOptions): Promise<EnvObjects>;
  /** The text of an env file in a volume. The path is untrusted, and so is the file. Rejects when it cannot be read; absent: none can. */
  envFile?(file: { readonly volumeHostPath: string; readonly path: string }, options: CallOptions): Promise<string>;
  /** Devices and exclusive CPUs. */
  devices?(wish: ContainerWish, options: CallOptions): Promise<DeviceAllocation>;
  /** The ids of pods with hostUsers false. Absent: such pods are refused. */
  userNamespaces?: UserNamespacePort;
}

/** Ids of the host for pods with a user namespace; `openUserNamespaces` keeps them. */
export interface UserNamespacePort {
  /** The same mapping for the same pod, until it is released. The message of a rejection is for the pod's owner. */
  ensure(uid: PodUid): Promise<UserNamespaceMapping>;
  /** Nothing of the pod runs any more. Quick for a pod that has none. */
  release(uid: PodUid): Promise<void>;
}

/** The pod's own files on the host; `createPodFiles` makes them on a real disk. */
export type FilePort = Pick<
  PodFiles,
  "ensurePodDirs" | "writeEtcHosts" | "createTerminationLog" | "ensureLogDir" | "countRestartsByLogs" | "linkContainerLog"
>;

/** The removal of a pod's files; `createPodFiles` does this as well. */
export type FileRemovalPort = Pick<
  PodFiles,
  "unlinkContainerLog" | "removeContainerLogs" | "removeStaleTerminationLogs" | "removePodDirs" | "removePodLogs" | "listPodRemains"
>;

/** Everything `createPodSync` calls. */
export interface PodSyncPorts {
  readonly sandboxes: SandboxPort;
  readonly containers: ContainerPort;
  readonly images: ImagePort;
  readonly observed: ObservedPort;
  readonly volumes: VolumePort;
  readonly cgroups: CgroupPort;
  readonly probes: ProbePort;
  readonly events: EventPort;
  readonly hooks: HookPort;
  readonly node: NodePort;
  readonly files: FilePort & FileRemovalPort;
  readonly extras?: ExtrasPort;
}
