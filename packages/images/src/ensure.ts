import { formatGoDuration } from "@nk/stdx";
import type { PullBackOff } from "./back-off.ts";
import type { DockerConfig } from "./docker-config.ts";
import type { ImagesErrorCode } from "./errors.ts";
import { ImagesError } from "./errors.ts";
import { fingerprintCredentials, lookUpCredentials } from "./keyring.ts";
import type { EnsureRequestLabels, ImagesMetrics } from "./metrics.ts";
import type { ResolvedImagesOptions } from "./options.ts";
import type { ImagesPorts, ImageSpec, InspectedImage, RegistryAuth } from "./ports.ts";
import type { Puller } from "./pull.ts";
import type { EnsuredImage, EnsureImageRequest } from "./request.ts";
import { classifyPullFailure } from "./runtime-message.ts";

/** What one ensure works with; the same for all. */
export interface EnsureContext<SandboxConfig> {
  readonly ports: ImagesPorts<SandboxConfig>;
  readonly options: ResolvedImagesOptions;
  readonly metrics: ImagesMetrics;
  readonly puller: Puller<SandboxConfig>;
  readonly backOff: PullBackOff;
}

/** One container's wish in the course of being granted. */
export interface Ensure<SandboxConfig> {
  readonly context: EnsureContext<SandboxConfig>;
  readonly request: EnsureImageRequest<SandboxConfig>;
  readonly signal: AbortSignal | undefined;
}

interface Failure {
  readonly code: ImagesErrorCode;
  readonly message: string;
  readonly retryAtMs?: number;
}

const describeImage = (inspected: InspectedImage, imageRef: string): EnsuredImage => ({
  imageId: inspected.id,
  imageRef: imageRef === "" ? inspected.id : imageRef,
  sizeBytes: inspected.sizeBytes,
  user: {
    ...(inspected.uid !== undefined && { uid: inspected.uid }),
    ...(inspected.username !== undefined && inspected.username !== "" && { username: inspected.username }),
  },
});

const formatTruncated = (durationMs: number): string => formatGoDuration(Math.trunc(durationMs));

const record = <S>({ context, request }: Ensure<S>, type: "Normal" | "Warning", [reason, message]: readonly [string, string]): void => {
  const { pod, fieldPath } = request;
  context.ports.events.record({ ref: pod, ...(fieldPath !== undefined && { fieldPath }), type, reason, message });
};

const fail = <S>({ request }: Ensure<S>, { code, message, retryAtMs }: Failure): ImagesError =>
  new ImagesError(code, message, { details: { image: request.image, ...(retryAtMs !== undefined && { retryAtMs }) } });

/** The image's name is no name; nothing will help but another one. */
export const failName = <S>(ensure: Ensure<S>, problem: string): ImagesError => {
  const message = `Failed to apply default image tag "${ensure.request.image}": ${problem}`;
  record(ensure, "Warning", ["InspectFailed", message]);
  return fail(ensure, { code: "InvalidImageName", message });
};

const failInspection = <S>(ensure: Ensure<S>, cause: string): ImagesError => {
  const { clock, backOffInitialMs } = ensure.context.options;
  const message = `Failed to inspect image "${ensure.request.image}": ${cause}`;
  record(ensure, "Warning", ["InspectFailed", message]);
  return fail(ensure, { code: "ImageInspectError", message, retryAtMs: clock.nowMs() + backOffInitialMs });
};

const count = <S>({ context, request }: Ensure<S>, labels: Omit<EnsureRequestLabels, "pullPolicy">): void =>
  context.metrics.countEnsure({ pullPolicy: request.pullPolicy, ...labels });

const inspect = async <S>(ensure: Ensure<S>, spec: ImageSpec): Promise<InspectedImage | undefined> => {
  const { context, signal } = ensure;
  try {
    return await context.ports.image.imageStatus(spec, signal ? { signal } : {});
  } catch (error) {
    signal?.throwIfAborted();
    throw failInspection(ensure, context.options.describeError(error));
  }
};

/** Undefined when the image has to be pulled. */
export const findPresentImage = async <S>(ensure: Ensure<S>, spec: ImageSpec): Promise<EnsuredImage | undefined> => {
  const { image, pullPolicy } = ensure.request;
  if (pullPolicy === "Always") {
    count(ensure, { presentLocally: "unknown", pullRequired: "true" });
    return undefined;
  }
  const inspected = await inspect(ensure, spec);
  const isPullRequired = inspected === undefined && pullPolicy === "IfNotPresent";
  if (inspected !== undefined) count(ensure, { presentLocally: "true", pullRequired: "false" });
  else count(ensure, { presentLocally: "false", pullRequired: isPullRequired ? "true" : "unknown" });
  if (inspected !== undefined) {
    record(ensure, "Normal", ["Pulled", `Container image "${image}" already present on machine and can be accessed by the pod`]);
    return describeImage(inspected, "");
  }
  if (isPullRequired) return undefined;
  const message = `Container image "${image}" is not present with pull policy of Never`;
  record(ensure, "Warning", ["ErrImageNeverPull", message]);
  throw fail(ensure, { code: "ErrImageNeverPull", message });
};

const loadNodeCredentials = async <S>({ context, signal }: Ensure<S>): Promise<DockerConfig | undefined> => {
  try {
    return await context.ports.credentials?.load(signal ? { signal } : {});
  } catch {
    signal?.throwIfAborted();
    // Not fatal: a pod's own secret, or no login at all, may do. The error is not logged because it may quote the file.
    context.options.logger.warn("node registry credentials cannot be read");
    return undefined;
  }
};

const throwIfBackingOff = <S>(ensure: Ensure<S>, fingerprint: string): void => {
  const { context, request } = ensure;
  const waiting = context.backOff.check({ uid: request.pod.uid, image: request.image }, context.options.clock.nowMs());
  // New logins are worth an attempt at once; the reference makes them wait the delay out.
  if (waiting === undefined || waiting.credentials !== fingerprint) return;
  const message = `Back-off pulling image "${request.image}"`;
  record(ensure, "Normal", ["BackOff", message]);
  throw fail(ensure, { code: "ImagePullBackOff", message: `${message}: ${waiting.lastError}`, retryAtMs: waiting.retryAtMs });
};

const failPull = <S>(ensure: Ensure<S>, message: string, credentials: string): ImagesError => {
  const { context, request } = ensure;
  const { clock, logger } = context.options;
  record(ensure, "Warning", ["Failed", `Failed to pull image "${request.image}": ${message}`]);
  const failure = classifyPullFailure(request.image, message);
  const retryAtMs = context.backOff.recordFailure(
    { uid: request.pod.uid, image: request.image },
    { nowMs: clock.nowMs(), lastError: `${failure.code}: ${failure.message}`, credentials },
  );
  logger.info("image pull failed", { pod: request.pod, container: request.containerName, image: request.image, retryAtMs });
  return fail(ensure, { ...failure, retryAtMs });
};

const pull = async <S>(ensure: Ensure<S>, spec: ImageSpec, credentials: readonly RegistryAuth[]): Promise<EnsuredImage> => {
  const { context, request, signal } = ensure;
  const { clock } = context.options;
  const fingerprint = fingerprintCredentials(credentials);
  throwIfBackingOff(ensure, fingerprint);
  record(ensure, "Normal", ["Pulling", `Pulling image "${request.image}"`]);
  const startedAtMs = clock.monotonicMs();
  const { pod, sandboxConfig } = request;
  const order = { uid: pod.uid, image: spec, credentials, fingerprint, ...(sandboxConfig !== undefined && { sandboxConfig }) };
  const pulled = context.options.onPulling(pod);
  const outcome = await context.puller.pull(order, { signal }).finally(pulled);
  if (!outcome.ok) throw failPull(ensure, outcome.message, fingerprint);
  if ("inspectError" in outcome.inspected) throw failInspection(ensure, outcome.inspected.inspectError);
  const totalMs = clock.monotonicMs() - startedAtMs;
  // One who joined a pull under way did not wait for all of it.
  const pullMs = Math.min(outcome.durationMs, totalMs);
  const { sizeBytes } = outcome.inspected;
  const took = `${formatTruncated(pullMs)} (${formatTruncated(totalMs)} including waiting)`;
  record(ensure, "Normal", ["Pulled", `Successfully pulled image "${request.image}" in ${took}. Image size: ${sizeBytes} bytes.`]);
  context.metrics.observePull(sizeBytes, totalMs);
  context.backOff.forgetExpired(clock.nowMs());
  return describeImage(outcome.inspected, outcome.imageRef);
};

/** Pulls an image with the logins that fit its repository, unless it is in back-off. */
export const pullImage = async <S>(ensure: Ensure<S>, spec: ImageSpec, repository: string): Promise<EnsuredImage> => {
  const node = await loadNodeCredentials(ensure);
  return pull(ensure, spec, lookUpCredentials(repository, { pullSecrets: ensure.request.pullSecrets ?? [], node }));
};
