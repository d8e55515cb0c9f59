import type { ContainerImage } from "@nk/pod-model";
import type { ImageFact } from "../facts.ts";
import type { Setter, SetterOutput } from "./setter.ts";

/** Names shown of one image, digests before tags. */
export const MAX_NAMES_PER_IMAGE = 5;

const compareImages = (a: ImageFact, b: ImageFact): number => {
  if (a.sizeBytes !== b.sizeBytes) return b.sizeBytes - a.sizeBytes;
  return a.id === b.id ? 0 : a.id > b.id ? -1 : 1;
};

const toContainerImage = ({ repoDigests, repoTags, sizeBytes }: ImageFact): ContainerImage => ({
  names: [...repoDigests, ...repoTags].slice(0, MAX_NAMES_PER_IMAGE),
  sizeBytes,
});

/** The largest images, at most `maxImages`; the scheduler prefers nodes that have what a pod needs. */
export const setImages: Setter = ({ facts: { images }, settings: { maxImages } }): SetterOutput => {
  if (images === undefined) return {};
  const sorted = images.toSorted(compareImages);
  const shown = maxImages < 0 ? sorted : sorted.slice(0, maxImages);
  return { status: { images: shown.map(toContainerImage) } };
};
