import type { PodRef } from "@nk/pod-model";
import type { DockerConfig } from "./docker-config.ts";

export type PullPolicy = "Always" | "IfNotPresent" | "Never";

/** One container's wish for its image. */
export interface EnsureImageRequest<SandboxConfig = unknown> {
  /** As the pod names it; `:latest` is added when it has neither tag nor digest. */
  readonly image: string;
  readonly pullPolicy: PullPolicy;
  readonly pod: PodRef;
  readonly containerName: string;
  /** What the events point at, e.g. `spec.containers{main}`. */
  readonly fieldPath?: string;
  /** The logins of the pod's imagePullSecrets, in their order. */
  readonly pullSecrets?: readonly DockerConfig[];
  /** The pod's annotations, passed to the runtime. */
  readonly annotations?: { readonly [key: string]: string };
  /** Of the pod's RuntimeClass; default the runtime's own. */
  readonly runtimeHandler?: string;
  /** Passed to PullImage untouched. */
  readonly sandboxConfig?: SandboxConfig;
}

export interface EnsuredImage {
  /** The runtime's id of the image. */
  readonly imageId: string;
  /** What to create the container from: PullImage's answer, or the id of an image that was there. */
  readonly imageRef: string;
  readonly sizeBytes: bigint;
  /** The user of the image's configuration; both absent means root. */
  readonly user: { readonly uid?: bigint; readonly username?: string };
}

export interface Images<SandboxConfig = unknown> {
  /**
   * Resolves when the image is on the machine. Throws ImagesError, whose code is the waiting reason, or the signal's reason. May be
   * called any number of times at once; equal pulls are shared, and one caller's abort does not end a pull another still wants.
   */
  ensureImage(request: EnsureImageRequest<SandboxConfig>, options?: { readonly signal?: AbortSignal }): Promise<EnsuredImage>;
  /** Forgets the back-off of a pod that is gone, or that is to be tried at once. */
  forgetPod(uid: string): void;
}
