import type { Pod, PodUid } from "@nk/pod-model";
import type { ContainerLogRequest } from "./log-options.ts";

/** Where the pods the servers show come from. */
export interface PodsPort {
  /** Every pod the kubelet knows, with its live status; mirror pods left out. Called on each request; must not block. */
  listPods(): readonly Pod[];
  /** The pods the runtime has running, in the reference's short form: names, images, no status. */
  listRunningPods(options: { readonly signal: AbortSignal }): Promise<readonly Pod[]>;
}

/** Where container logs come from. */
export interface LogsPort {
  /**
   * Opens a log. Rejects with a `KubeletApiError` (`not-found`, `bad-request`) before the first byte; what fails later ends the stream.
   * The chunks are written as they are; iteration stops when the client goes away.
   */
  openLog(request: ContainerLogRequest, options: { readonly signal: AbortSignal }): Promise<AsyncIterable<Uint8Array>>;
}

/** Metrics in the text format. */
export interface MetricsPort {
  /** Usually {@link METRICS_CONTENT_TYPE}. */
  readonly contentType: string;
  /** When the process started, since the epoch; told in a header `Process-Start-Time-Unix`, in whole seconds. */
  readonly startedAtMs?: number;
  render(): Promise<string>;
}

/** Why a pod is where it is, in words and data. */
export interface ExplainPort {
  /** `undefined` when the UID is unknown. The value is written as JSON. */
  explainPod(uid: string): unknown;
  /** The UID of the pod that has this name now; absent: pods are found by UID only. */
  findUid?(namespace: string, name: string): string | undefined;
}

/** One named check of `/healthz/NAME`; it throws when the kubelet is not well. */
export interface HealthCheck {
  readonly name: string;
  check(): void;
}

/** Who asks, as Kubernetes names it. */
export interface UserInfo {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: { readonly [key: string]: readonly string[] };
}

/** The answer to a TokenReview. */
export interface TokenReview {
  readonly authenticated: boolean;
  /** Present when authenticated. */
  readonly user?: UserInfo;
  /** Why the token was not accepted. An answer with a reason is not remembered, as in the reference. */
  readonly error?: string;
}

/** Asks the API server who a bearer token belongs to (`authentication.k8s.io/v1` TokenReview). */
export interface TokenReviewPort {
  /**
   * Rejects when there is no answer; the request is then refused. An error's numeric `status` becomes the metric's code. Transient failures
   * are the port's to retry, within the signal. At most `maxConcurrentReviews` calls at a time.
   */
  reviewToken(token: string, options: { readonly signal: AbortSignal }): Promise<TokenReview>;
}

/** What a user wants to do to the node, as a SubjectAccessReview puts it: group "", version v1, resource nodes. */
export interface NodeAccess {
  readonly user: UserInfo;
  /** Empty for methods that have no verb, e.g. OPTIONS. */
  readonly verb: "get" | "create" | "update" | "patch" | "delete" | "";
  readonly subresource: string;
  readonly nodeName: string;
}

/** Asks the API server whether a user may (`authorization.k8s.io/v1` SubjectAccessReview). */
export interface AccessReviewPort {
  /** Rejects when there is no answer; the request then fails with 500. Otherwise as {@link TokenReviewPort.reviewToken}. */
  reviewAccess(
    access: NodeAccess,
    options: { readonly signal: AbortSignal },
  ): Promise<{ readonly allowed: boolean; readonly denied?: boolean }>;
}

/** What the node has of a pod; for exec and its kin. */
export interface ContainersPort {
  /** A pod of the sources by name. Must not block. */
  findPod(pod: { readonly namespace: string; readonly name: string }): Pod | undefined;
  /** ID, as the runtime knows it, of the running container of that name; undefined when none runs. */
  findContainer(
    target: { readonly podUid: PodUid; readonly container: string },
    options: { readonly signal: AbortSignal },
  ): Promise<string | undefined>;
  /** ID of the pod's ready sandbox. */
  findSandbox(podUid: PodUid, options: { readonly signal: AbortSignal }): Promise<string | undefined>;
}

/** Which of a container's streams a client wants. Not `stderr` with `tty`. */
export interface StreamChoice {
  readonly stdin: boolean;
  readonly stdout: boolean;
  readonly stderr: boolean;
  readonly tty: boolean;
}

/**
 * The runtime's streaming server (CRI Exec, Attach, PortForward). Each answers with an absolute `http:` or `https:` URL, good for one
 * connection. A rejection that is a `KubeletApiError` is answered as it is, any other with 500 and no reason.
 */
export interface StreamingPort {
  exec(
    request: StreamChoice & { readonly containerId: string; readonly command: readonly string[] },
    options: { readonly signal: AbortSignal },
  ): Promise<string>;
  attach(request: StreamChoice & { readonly containerId: string }, options: { readonly signal: AbortSignal }): Promise<string>;
  /** `ports` is empty for SPDY, where each stream names its port. */
  portForward(
    request: { readonly sandboxId: string; readonly ports: readonly number[] },
    options: { readonly signal: AbortSignal },
  ): Promise<string>;
}

/** Runs a command in a container to its end (CRI ExecSync). */
export interface CommandPort {
  /** No deadline of its own but the signal. The runtime bounds the output (16 MiB each in containerd). */
  execSync(
    request: { readonly containerId: string; readonly command: readonly string[] },
    options: { readonly signal: AbortSignal },
  ): Promise<{ readonly exitCode: number; readonly stdout: Uint8Array; readonly stderr: Uint8Array }>;
}

/** Writes a checkpoint of a container (CRI CheckpointContainer). */
export interface CheckpointPort {
  /** Answers with the path of the archive. `timeoutS` 0: the runtime's default. */
  checkpoint(
    request: { readonly pod: Pod; readonly container: string; readonly timeoutS: number },
    options: { readonly signal: AbortSignal },
  ): Promise<string>;
}

/** The values behind `/stats/summary`. */
export interface StatsPort {
  /** The Summary object of `stats/v1alpha1`; it is written as JSON. */
  summarize(options: { readonly onlyCpuAndMemory: boolean; readonly signal: AbortSignal }): Promise<unknown>;
}

/** What this kubelet is and how it was told to run. */
export interface SelfPort {
  /** The KubeletConfiguration in force, with apiVersion and kind; no secrets. */
  configuration(): unknown;
  /** Flag name -> value; secrets as "CLASSIFIED". */
  flags(): { readonly [name: string]: string };
  /** `binaryVersion` as in `1.36.1`; `runtimeVersion` is of what executes the kubelet, where the reference names its Go. */
  status(): { readonly startedAtMs: number; readonly binaryVersion: string; readonly runtimeVersion: string };
}

/** Changes how much is logged. */
export interface VerbosityPort {
  /** `level` is a 32-bit natural number. */
  changeVerbosity(level: number): void;
}

/** A server's own certificate, which may change. */
export interface KeyPair {
  /** PEM: the certificate, then its intermediates. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
}

/** Something that is read at once and may change later. */
export interface Changing<T> {
  current(): T;
  /** Calls back after each change, in order; dispose to stop. */
  onChange(listener: () => void): Disposable;
}
