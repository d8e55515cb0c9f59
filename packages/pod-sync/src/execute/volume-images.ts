import type { ImageSpec } from "@nk/cri-api";
import type { Container, Pod } from "@nk/pod-model";
import type { ImageAnswer, ImageWish } from "../ports.ts";
import type { PodSetup } from "./pod-setup.ts";
import type { PodPass } from "./sync-context.ts";

/** What the runtime mounts for image volumes, by volume name. */
export type VolumeImages = ReadonlyMap<string, Partial<ImageSpec>>;

/** Images of volumes that are being fetched, by volume name. */
export type VolumeImagePulls = ReadonlyMap<string, Promise<PromiseSettledResult<ImageAnswer>>>;

/** Names of the image volumes that a container mounts, each once. */
export const imageVolumesOf = (pod: Pod, container: Pick<Container, "volumeMounts">): readonly string[] => {
  const mounted = new Set((container.volumeMounts ?? []).map(({ name }) => name));
  return mounted.size === 0
    ? []
    : (pod.spec?.volumes ?? []).flatMap(({ name, image }) => (image !== undefined && mounted.has(name) ? [name] : []));
};

const PULL_POLICIES = ["Always", "IfNotPresent", "Never"] as const;

/** The policy as the image port has it; what is none counts as the default. */
export const toPullPolicy = (policy: string | undefined): ImageWish["pullPolicy"] =>
  PULL_POLICIES.find((known) => known === policy) ?? "IfNotPresent";

/** What is asked of the image port for the image volumes that these containers mount. */
export const volumeImageWishes = (
  pass: PodPass,
  containers: readonly Pick<Container, "volumeMounts">[],
  base: Omit<ImageWish, "containerName" | "image" | "pullPolicy">,
): readonly ImageWish[] => {
  const wanted = new Set(containers.flatMap((container) => imageVolumesOf(pass.pod, container)));
  return (pass.pod.spec?.volumes ?? []).flatMap(({ name, image }) => {
    if (image === undefined || !wanted.has(name)) return [];
    const { reference = "", pullPolicy } = image;
    return [{ ...base, containerName: name, image: reference, pullPolicy: toPullPolicy(pullPolicy) }];
  });
};

/** What became of the images of the volumes that one container mounts. */
export interface MountedImages {
  readonly images: VolumeImages;
  /** Why some are not there, in the order of the volumes. */
  readonly failures: readonly unknown[];
}

/** Waits for the images of the volumes that the container mounts; those of other volumes do not hold it up. */
export const awaitVolumeImages = async (
  pod: Pod,
  container: Pick<Container, "volumeMounts">,
  { pulls, setup }: { readonly pulls: VolumeImagePulls; readonly setup: PodSetup },
): Promise<MountedImages> => {
  const images = new Map<string, Partial<ImageSpec>>();
  const failures: unknown[] = [];
  for (const name of imageVolumesOf(pod, container)) {
    const result = await pulls.get(name);
    if (result?.status === "rejected") failures.push(result.reason);
    if (result?.status !== "fulfilled") continue;
    images.set(name, {
      image: result.value.imageRef,
      userSpecifiedImage: pod.spec?.volumes?.find((volume) => volume.name === name)?.image?.reference ?? "",
      runtimeHandler: setup.handler.name,
      annotations: pod.metadata?.annotations ?? {},
    });
  }
  return { images, failures };
};
