import type { AuthConfig, ImageSpec, PodSandboxConfig } from "@nk/cri-api";
import { isCriError } from "@nk/cri-client";
import type { CriClient } from "@nk/cri-client";
import { dockerConfigFromSecret } from "@nk/images";
import type { DockerConfig, Images, ImagePort } from "@nk/images";
import type { ImageAnswer, ImageWish } from "@nk/pod-sync";
import type { ObjectPort } from "@nk/volumes";
import type { EventLog } from "./event-log.ts";
import { rpcErrorText } from "./rpc-error.ts";

/** The runtime's image service as `@nk/images` wants it. */
export const imageService = (cri: CriClient): ImagePort<PodSandboxConfig> => ({
  imageStatus: async ({ image, annotations, runtimeHandler }, options) => {
    const spec: Partial<ImageSpec> = { image, annotations: { ...annotations }, runtimeHandler };
    const { image: found } = await cri.imageStatus({ image: spec, verbose: false }, options);
    if (found === undefined) return undefined;
    return {
      id: found.id,
      sizeBytes: found.size,
      ...(found.uid === undefined ? {} : { uid: found.uid.value }),
      ...(found.username === "" ? {} : { username: found.username }),
    };
  },
  pullImage: async ({ image, auth, sandboxConfig }, options) => {
    const login: Partial<AuthConfig> | undefined = auth === undefined ? undefined : { ...auth };
    const answer = await cri.pullImage(
      {
        image: { image: image.image, annotations: { ...image.annotations }, runtimeHandler: image.runtimeHandler },
        ...(login === undefined ? {} : { auth: login }),
        ...(sandboxConfig === undefined ? {} : { sandboxConfig }),
      },
      options,
    );
    return answer.imageRef;
  },
});

/**
 * What an image call failed with, in the reference's words: gRPC's form, or the runtime's bare text for an error without a code
 * (cri-client, remote_image.go), so that texts which begin with a reason such as RegistryUnavailable are recognised.
 */
export const describeImageError = (error: unknown): string => {
  if (!isCriError(error)) return error instanceof Error ? error.message : String(error);
  return (error.code === "unknown" ? error.details.runtimeMessage : rpcErrorText(error)) ?? error.message;
};

/** Where the logins of pods come from. */
export interface PullSecretSource {
  /** Absent without an API server: pull secrets are then as good as missing. */
  readonly objects: ObjectPort | undefined;
  readonly events: EventLog;
}

/** The logins of a pod's pull secrets, in their order. One that cannot be read is told of, and the pull is tried without it. */
const readPullSecrets = async (
  wish: ImageWish,
  { objects, events }: PullSecretSource,
  signal: AbortSignal | undefined,
): Promise<readonly DockerConfig[]> => {
  const { namespace } = wish.pod;
  const missing: string[] = [];
  const configs = await Promise.all(
    wish.pullSecretNames.map(async (name) => {
      try {
        const secret = await objects?.get("Secret", { namespace, name }, { signal });
        if (secret !== undefined) return dockerConfigFromSecret(secret);
      } catch {
        signal?.throwIfAborted();
      }
      missing.push(name);
      return undefined;
    }),
  );
  if (missing.length > 0)
    events.record({
      ref: wish.pod,
      type: "Warning",
      reason: "FailedToRetrieveImagePullSecret",
      message: `Unable to retrieve some image pull secrets (${missing.join(", ")}); attempting to pull the image may not succeed.`,
    });
  return configs.filter((config) => config !== undefined);
};

/** `@nk/images` as pod-sync wants it. */
export const imagesForPods = (images: Images<PodSandboxConfig>, source: PullSecretSource) => ({
  ensureImage: async (wish: ImageWish, options: { readonly signal?: AbortSignal }): Promise<ImageAnswer> => {
    const { imageRef, user } = await images.ensureImage(
      {
        image: wish.image,
        pullPolicy: wish.pullPolicy,
        pod: wish.pod,
        containerName: wish.containerName,
        ...(wish.fieldPath === undefined ? {} : { fieldPath: wish.fieldPath }),
        pullSecrets: await readPullSecrets(wish, source, options.signal),
        annotations: wish.annotations,
        runtimeHandler: wish.runtimeHandler,
        sandboxConfig: wish.sandboxConfig,
      },
      options,
    );
    return { imageRef, user };
  },
});
