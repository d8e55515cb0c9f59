import { errorText, VolumesError } from "../errors.ts";
import type { VolumePlugin } from "./plugin.ts";

/** The files of an image. The runtime mounts it; here it only has to be on the machine. */
export const imagePlugin: VolumePlugin = {
  name: "kubernetes.io/image",
  source: "image",
  hasContent: false,
  refusal: (_volume, { images }) =>
    images === undefined ? { field: "image", why: "images cannot be mounted as volumes here" } : undefined,
  setUp: async ({ pod, volume, signal }, { ports }) => {
    if (ports.images === undefined) throw new VolumesError("unsupported-source", "images cannot be mounted as volumes here");
    const { reference = "", pullPolicy = "IfNotPresent" } = volume.image ?? {};
    try {
      const image = await ports.images.ensureVolumeImage({ pod, volumeName: volume.name, reference, pullPolicy }, { signal });
      return { ready: { hostPath: "", readOnly: true, image } };
    } catch (error) {
      signal.throwIfAborted();
      throw new VolumesError("image", errorText(error), { cause: error });
    }
  },
};
