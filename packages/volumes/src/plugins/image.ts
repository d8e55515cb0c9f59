import type { VolumePlugin } from "./plugin.ts";

/** The files of an image. There is nothing to set up: whoever makes a container fetches the image, and the runtime mounts it. */
export const imagePlugin: VolumePlugin = {
  name: "kubernetes.io/image",
  source: "image",
  hasContent: false,
  setUp: async () => ({ ready: { hostPath: "", readOnly: true } }),
};
