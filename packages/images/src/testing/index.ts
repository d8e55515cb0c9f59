import type { EventPort, ImageEvent, ImagePort, ImageSpec, InspectedImage, PullRequest, RegistryAuth } from "../ports.ts";

export interface FakeImageStore extends ImagePort {
  /** Puts an image on the machine. */
  add(image: string, inspected?: Partial<InspectedImage>): void;
  /** Every PullImage call, in order. */
  readonly pulls: readonly PullRequest[];
  /** How often ImageStatus was called. */
  readonly statusCount: number;
}

export interface FakeImageStoreOptions {
  /** Runs inside each pull: wait in it, or throw what the runtime would. Default: the pull succeeds at once. */
  readonly onPull?: (request: PullRequest, signal: AbortSignal | undefined) => Promise<void> | void;
  /** Runs inside each ImageStatus. */
  readonly onStatus?: (image: ImageSpec) => Promise<void> | void;
  /** The login a pull must carry, by image. */
  readonly required?: { readonly [image: string]: RegistryAuth };
}

const imageIdOf = (image: string): string => `sha256:${Buffer.from(image).toString("hex").padEnd(64, "0").slice(0, 64)}`;

/** An image service in memory: pulled images are there afterwards. */
export const createFakeImageStore = (options: FakeImageStoreOptions = {}): FakeImageStore => {
  const images = new Map<string, InspectedImage>();
  const pulls: PullRequest[] = [];
  let statusCount = 0;
  const add = (image: string, inspected: Partial<InspectedImage> = {}): void => {
    images.set(image, { id: imageIdOf(image), sizeBytes: 1000n, ...inspected });
  };
  return {
    add,
    pulls,
    get statusCount() {
      return statusCount;
    },
    imageStatus: async (image) => {
      statusCount += 1;
      await options.onStatus?.(image);
      return images.get(image.image);
    },
    pullImage: async (request, { signal }) => {
      pulls.push(request);
      await options.onPull?.(request, signal);
      const { image } = request.image;
      const required = options.required?.[image];
      if (required && JSON.stringify(required) !== JSON.stringify(request.auth)) throw new Error(`pull access denied for ${image}`);
      add(image, images.get(image) ?? {});
      return imageIdOf(image);
    },
  };
};

/** Keeps the events it is given. */
export const createEventRecorder = (): EventPort & { readonly events: readonly ImageEvent[]; readonly lines: readonly string[] } => {
  const events: ImageEvent[] = [];
  return {
    events,
    /** `type reason message` of each event. */
    get lines() {
      return events.map(({ type, reason, message }) => `${type} ${reason} ${message}`);
    },
    record: (event) => {
      events.push(event);
    },
  };
};
