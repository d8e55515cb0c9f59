import { notFound } from "./status-error.ts";
import { findImage, normalizeImageName, sha256 } from "./store.ts";
import type { FakeImage, FakeStore } from "./store.ts";
import { toImage } from "./to-messages.ts";
import type { FakeHandlers, FakeWorld } from "./world.ts";

const repositoryOf = (name: string): string => name.replace(/@.*$/, "").replace(/:[^/:]+$/, "");

/** Puts an image into the store as a pull would. */
export const addImage = (store: FakeStore, name: string, extra: Partial<FakeImage> = {}): FakeImage => {
  const normal = normalizeImageName(name);
  const digest = /@(sha256:[0-9a-f]{64})$/.exec(normal)?.[1] ?? `sha256:${sha256(`manifest ${normal}`)}`;
  const image: FakeImage = {
    id: `sha256:${sha256(`config ${digest}`)}`,
    repoTags: normal.includes("@") ? [] : [normal],
    repoDigests: [`${repositoryOf(normal)}@${digest}`],
    sizeBytes: 1_000_000n,
    uid: 0n,
    ...extra,
  };
  store.images.set(image.id, image);
  return image;
};

/** The image service. */
export const imageHandlers = (world: FakeWorld): FakeHandlers => {
  const { store } = world;
  const list = (name: string | undefined): readonly FakeImage[] => {
    if (name === undefined || name === "") return [...store.images.values()];
    const image = findImage(store, name);
    return image === undefined ? [] : [image];
  };
  return {
    listImages: ({ filter }) => ({ images: list(filter?.image?.image).map(toImage) }),
    streamImages: ({ filter }) => list(filter?.image?.image).map((image) => ({ images: [toImage(image)] })),
    imageStatus: ({ image }) => {
      const found = findImage(store, image?.image ?? "");
      return found === undefined ? {} : { image: toImage(found) };
    },
    pullImage: async ({ image }, { signal }) => {
      const name = image?.image ?? "";
      if (world.pullDelayMs > 0) await world.clock.sleep(world.pullDelayMs, { signal });
      if (world.pullable !== "any" && !world.pullable.has(normalizeImageName(name))) {
        throw notFound("failed to pull and unpack image", normalizeImageName(name));
      }
      return { imageRef: (findImage(store, name) ?? addImage(store, name)).id };
    },
    removeImage: ({ image }) => {
      const found = findImage(store, image?.image ?? "");
      if (found !== undefined) store.images.delete(found.id);
      return {};
    },
    imageFsInfo: () => {
      const filesystem = {
        timestamp: store.nowNanos(),
        fsId: { mountpoint: "/var/lib/fake/images" },
        usedBytes: { value: [...store.images.values()].reduce((sum, image) => sum + image.sizeBytes, 0n) },
        inodesUsed: { value: BigInt(store.images.size * 100) },
      };
      return { imageFilesystems: [filesystem], containerFilesystems: [filesystem] };
    },
  };
};
