import { ensureHostPath } from "./host-path-check.ts";
import type { VolumePlugin } from "./plugin.ts";

/** A path of the node itself. Its owner and mode are left alone. */
export const hostPathPlugin: VolumePlugin = {
  name: "kubernetes.io/host-path",
  source: "hostPath",
  hasContent: false,
  setUp: async ({ volume }) => {
    const { path = "", type = "" } = volume.hostPath ?? {};
    await ensureHostPath(path, type);
    return { ready: { hostPath: path } };
  },
};
