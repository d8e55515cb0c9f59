import type { PodRef } from "@nk/pod-model";
import type { DockerConfig } from "./docker-config.ts";

/** Which image the runtime is asked about, and for which runtime handler (empty: the default one). */
export interface ImageSpec {
  /** The reference with its default tag, e.g. `busybox:latest`; never made absolute, which is the runtime's business. */
  readonly image: string;
  /** Annotations of the pod: runtimes may use them to choose a snapshotter. */
  readonly annotations: { readonly [key: string]: string };
  readonly runtimeHandler: string;
}

/** What the runtime knows about an image that is on the machine. */
export interface InspectedImage {
  /** The runtime's id of the image, e.g. `sha256:...`. */
  readonly id: string;
  readonly sizeBytes: bigint;
  /** The numeric user of the image's configuration, when it is numeric. */
  readonly uid?: bigint;
  /** The user of the image's configuration, when it is a name. */
  readonly username?: string;
}

/** A login to a registry as CRI's AuthConfig wants it. Never log one. */
export interface RegistryAuth {
  readonly username?: string;
  readonly password?: string;
  readonly identityToken?: string;
  readonly registryToken?: string;
}

export interface PullRequest<SandboxConfig = unknown> {
  readonly image: ImageSpec;
  /** Absent: an anonymous pull. */
  readonly auth?: RegistryAuth;
  /** The configuration of the sandbox the image is for, passed on untouched. */
  readonly sandboxConfig?: SandboxConfig;
}

/** The runtime's image service. Calls may overlap. */
export interface ImagePort<SandboxConfig = unknown> {
  /** Undefined when the image is not on the machine. Rejects when the runtime cannot say. */
  imageStatus(image: ImageSpec, options: { readonly signal?: AbortSignal }): Promise<InspectedImage | undefined>;
  /** Resolves with the reference to create containers from (CRI `image_ref`); an abort of the signal must end the pull. */
  pullImage(request: PullRequest<SandboxConfig>, options: { readonly signal?: AbortSignal }): Promise<string>;
}

/** A Kubernetes event about one container. */
export interface ImageEvent {
  readonly ref: PodRef;
  readonly fieldPath?: string;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

/** Where events go; fire and forget, must not throw. */
export interface EventPort {
  record(event: ImageEvent): void;
}

/** The node's own registry credentials; asked once for each pull, so that a changed file counts at once. */
export interface CredentialPort {
  load(options: { readonly signal?: AbortSignal }): Promise<DockerConfig>;
}

/** Everything `createImages` calls. */
export interface ImagesPorts<SandboxConfig = unknown> {
  readonly image: ImagePort<SandboxConfig>;
  readonly events: EventPort;
  /** Absent: the node has no credentials of its own. */
  readonly credentials?: CredentialPort;
}
