import { createPullBackOff } from "./back-off.ts";
import type { EnsureContext } from "./ensure.ts";
import { failName, findPresentImage, pullImage } from "./ensure.ts";
import { parseImageReference } from "./image-reference.ts";
import { createImagesMetrics } from "./metrics.ts";
import type { ImagesOptions } from "./options.ts";
import { resolveOptions } from "./options.ts";
import type { ImagesPorts, ImageSpec } from "./ports.ts";
import { createPuller } from "./pull.ts";
import type { Images } from "./request.ts";

/** Makes the engine; it does nothing until it is called and holds no timer. */
export const createImages = <SandboxConfig = unknown>(
  ports: ImagesPorts<SandboxConfig>,
  options: ImagesOptions = {},
): Images<SandboxConfig> => {
  const resolved = resolveOptions(options);
  const { backOffInitialMs: initialMs, backOffMaxMs: maxMs, maxBackOffEntries: maxEntries } = resolved;
  const context: EnsureContext<SandboxConfig> = {
    ports,
    options: resolved,
    metrics: createImagesMetrics(resolved.metrics),
    puller: createPuller(ports.image, resolved),
    backOff: createPullBackOff({ initialMs, maxMs, maxEntries }),
  };
  return {
    ensureImage: async (request, { signal } = {}) => {
      signal?.throwIfAborted();
      const ensure = { context, request, signal };
      const parsed = parseImageReference(request.image);
      if (!parsed.ok) throw failName(ensure, parsed.message);
      const { repository, withDefaultTag } = parsed.reference;
      const spec: ImageSpec = {
        image: withDefaultTag,
        annotations: request.annotations ?? {},
        runtimeHandler: request.runtimeHandler ?? "",
      };
      return (await findPresentImage(ensure, spec)) ?? (await pullImage(ensure, spec, repository));
    },
    forgetPod: (uid) => context.backOff.forgetPod(uid),
  };
};
