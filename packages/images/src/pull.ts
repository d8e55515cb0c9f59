import { createRateLimiter, withDeadline } from "@nk/stdx";
import type { ResolvedImagesOptions } from "./options.ts";
import type { ImagePort, ImageSpec, InspectedImage, RegistryAuth } from "./ports.ts";
import { createPullFlights } from "./pull-flights.ts";
import { createPullQueue } from "./pull-queue.ts";
import { joinMessages, redactSecrets } from "./runtime-message.ts";

export interface PullOrder<SandboxConfig> {
  /** Whose turn it takes in the queue. */
  readonly uid: string;
  readonly image: ImageSpec;
  readonly credentials: readonly RegistryAuth[];
  readonly fingerprint: string;
  readonly sandboxConfig?: SandboxConfig;
}

export type PullOutcome =
  /** `inspectError` says why the image could not be looked at after the pull. */
  | {
      readonly ok: true;
      readonly imageRef: string;
      readonly durationMs: number;
      readonly inspected: InspectedImage | { readonly inspectError: string };
    }
  | { readonly ok: false; readonly message: string };

/** Pulls images: shared by those who want the same one with the same logins, in fair turns, within the rate. Keeps no history. */
export interface Puller<SandboxConfig> {
  /** Rejects only with the reason of the signal. */
  pull(order: PullOrder<SandboxConfig>, options: { readonly signal?: AbortSignal | undefined }): Promise<PullOutcome>;
}

export const createPuller = <SandboxConfig>(port: ImagePort<SandboxConfig>, options: ResolvedImagesOptions): Puller<SandboxConfig> => {
  const { clock, pullQps, pullBurst, pullTimeoutMs, describeError } = options;
  const queue = createPullQueue({ limit: Math.max(1, options.maxParallelPulls), maxWaiting: options.maxQueuedPulls });
  const flights = createPullFlights<PullOutcome>();
  const limiter = pullQps > 0 ? createRateLimiter({ perSecond: pullQps, burst: pullBurst, clock }) : undefined;

  const pullOnce = async (order: PullOrder<SandboxConfig>, auth: RegistryAuth | undefined, signal: AbortSignal): Promise<string> => {
    const { image, sandboxConfig } = order;
    const request = { image, ...(auth && { auth }), ...(sandboxConfig !== undefined && { sandboxConfig }) };
    if (pullTimeoutMs === undefined) return port.pullImage(request, { signal });
    using deadline = withDeadline({ signal, timeoutMs: pullTimeoutMs, clock, what: "pull image" });
    return await port.pullImage(request, { signal: deadline.signal });
  };

  /** One login after the other until one works; all that went wrong is told, as in the reference. */
  const tryCredentials = async (
    order: PullOrder<SandboxConfig>,
    signal: AbortSignal,
  ): Promise<{ readonly imageRef: string } | { readonly message: string }> => {
    const messages: string[] = [];
    const attempts = order.credentials.length > 0 ? order.credentials.slice(0, options.maxCredentials) : [undefined];
    for (const auth of attempts) {
      try {
        return { imageRef: await pullOnce(order, auth, signal) };
      } catch (error) {
        signal.throwIfAborted();
        messages.push(redactSecrets(describeError(error), order.credentials));
      }
    }
    return { message: joinMessages(messages) };
  };

  const inspect = async (image: ImageSpec, signal: AbortSignal): Promise<InspectedImage | { readonly inspectError: string }> => {
    try {
      return (await port.imageStatus(image, { signal })) ?? { inspectError: "the image is absent after its pull" };
    } catch (error) {
      signal.throwIfAborted();
      return { inspectError: describeError(error) };
    }
  };

  const fly = async (order: PullOrder<SandboxConfig>, signal: AbortSignal): Promise<PullOutcome> => {
    let pulled: { readonly imageRef: string; readonly durationMs: number };
    try {
      using _slot = await queue.enter(order.uid, { signal });
      if (limiter && !limiter.tryAcquire()) return { ok: false, message: "pull QPS exceeded" };
      const startedAtMs = clock.monotonicMs();
      const result = await tryCredentials(order, signal);
      if ("message" in result) return { ok: false, message: result.message };
      pulled = { imageRef: result.imageRef, durationMs: clock.monotonicMs() - startedAtMs };
    } catch (error) {
      signal.throwIfAborted();
      return { ok: false, message: describeError(error) };
    }
    return { ok: true, ...pulled, inspected: await inspect(order.image, signal) };
  };

  return {
    pull: (order, { signal }) => {
      const key = [order.image.image, order.image.runtimeHandler, order.fingerprint].join("\0");
      return flights.join(key, (flightSignal) => fly(order, flightSignal), { signal });
    },
  };
};
