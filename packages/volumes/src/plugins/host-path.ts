import type { VolumePlugin } from "./plugin.ts";

/** A path of the node itself. Its owner and mode are left alone. */
export const hostPathPlugin: VolumePlugin = {
  name: "kubernetes.io/host-path",
  source: "hostPath",
  hasContent: false,
  setUp: async ({ volume, signal }, { hostPaths }) => {
    const { path = "", type = "" } = volume.hostPath ?? {};
    await hostPaths.ensure(path, type, { signal });
    return { ready: { hostPath: path } };
  },
};
