import { join } from "node:path";
import type { PodUid } from "@nk/pod-model";
import { joinWithin } from "@nk/stdx";
import { VolumesError } from "./errors.ts";

/** A name that becomes one directory, and so must not lead into another pod's: an empty UID would name the folder of all pods. */
export const checkSegment = (what: string, name: string): string => {
  if (name === "" || name === "." || name === ".." || name.includes("/") || name.includes("\0") || name.length > 255) {
    throw new VolumesError("unsafe-path", `${what} ${JSON.stringify(name.slice(0, 300))} cannot be a file name`);
  }
  return name;
};

/** `kubernetes.io~secret` for the plugin `kubernetes.io/secret`. */
export const escapePluginName = (plugin: string): string => plugin.replaceAll("/", "~");

/** The opposite of {@link escapePluginName}. */
export const unescapePluginName = (directory: string): string => directory.replaceAll("~", "/");

/** The paths of one pod's volumes. None is made by asking. */
export interface PodPaths {
  /** `<root>/pods/<uid>/volumes`. */
  readonly volumes: string;
  /** `<root>/pods/<uid>/volume-subpaths`. */
  readonly subPaths: string;
  /** `<root>/pods/<uid>/plugins`. */
  readonly plugins: string;
  /** `.../volumes/kubernetes.io~secret/<name>`. */
  volume(plugin: string, name: string): string;
  /** `.../plugins/kubernetes.io~empty-dir/<name>`: where the marker of a directory that is ready lies. */
  marker(name: string): string;
  /** `.../volume-subpaths/<volume>/<container>/<index of the mount>`. */
  subPath(place: { readonly volumeName: string; readonly containerName: string; readonly mountIndex: number }): string;
}

export const EMPTY_DIR_PLUGIN = "kubernetes.io/empty-dir";

/** The reference's layout (pkg/kubelet/config/defaults.go and the plugins). Throws `unsafe-path` for a UID or name that is no file name. */
export const podPaths = (rootDir: string, uid: PodUid): PodPaths => {
  const pod = joinWithin(join(rootDir, "pods"), checkSegment("pod UID", uid));
  const volumes = join(pod, "volumes");
  const plugins = join(pod, "plugins");
  const subPaths = join(pod, "volume-subpaths");
  return {
    volumes,
    plugins,
    subPaths,
    volume: (plugin, name) => joinWithin(volumes, escapePluginName(plugin), checkSegment("volume name", name)),
    marker: (name) => joinWithin(plugins, escapePluginName(EMPTY_DIR_PLUGIN), checkSegment("volume name", name)),
    subPath: ({ volumeName, containerName, mountIndex }) =>
      joinWithin(
        subPaths,
        checkSegment("volume name", volumeName),
        checkSegment("container name", containerName),
        checkSegment("mount index", String(mountIndex)),
      ),
  };
};
