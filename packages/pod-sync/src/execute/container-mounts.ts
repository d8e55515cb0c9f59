import { expandSubPath } from "@nk/pod-model";
import type { VolumeMount } from "@nk/pod-model";
import { buildEnvironment } from "../config/environment.ts";
import type { EnvironmentInput } from "../config/environment.ts";

import type { ResolvedVolumeMount } from "../config/mounts.ts";
import { rejectConfig } from "../config/reject.ts";
import type { PreparedVolumes } from "../ports.ts";
import type { PodPass } from "./sync-context.ts";
import type { VolumeImages } from "./volume-images.ts";

/** What the mounts of one container are found from. */
export interface MountSources {
  readonly volumes: PreparedVolumes;
  readonly volumeImages: VolumeImages;
  /** For variables in subPathExpr. */
  readonly environment: EnvironmentInput;
}

const subPathOf = (mount: VolumeMount, environment: () => ReadonlyMap<string, string>): string => {
  if (mount.subPathExpr === undefined || mount.subPathExpr === "") return mount.subPath ?? "";
  const env = environment();
  const expanded = expandSubPath(mount.subPathExpr, (name) => env.get(name));
  if ("missing" in expanded) throw rejectConfig(`missing value for ${expanded.missing.join(", ")}`);
  return expanded.path;
};

/** The runtime looks for it in the image; it must not lead out of it. */
const checkImageSubPath = (subPath: string, mount: VolumeMount): string => {
  // Not the expanded one: its variables may be a Secret's.
  const shown = mount.subPathExpr ?? subPath;
  if (subPath.startsWith("/")) throw rejectConfig(`error SubPath \`${shown}\` must not be an absolute path`);
  if (subPath.split("/").includes("..")) throw rejectConfig(`unable to provision SubPath \`${shown}\`: must not contain '..'`);
  return subPath;
};

/** Finds the host path of each volume mount of a container. A mount of a volume that is not there is left out; the builder says so. */
export const resolveMounts = async (pass: PodPass, sources: MountSources): Promise<readonly ResolvedVolumeMount[]> => {
  const { container } = sources.environment;
  const resolved: ResolvedVolumeMount[] = [];
  let env: ReadonlyMap<string, string> | undefined;
  // Made once, and only when a sub-path needs it: a pod may have thousands of either.
  const environment = (): ReadonlyMap<string, string> => (env ??= buildEnvironment(sources.environment));
  // One after another: two sub-paths may share a directory that the first one makes.
  for (const [mountIndex, mount] of (container.volumeMounts ?? []).entries()) {
    const volume = sources.volumes.volumes.get(mount.name);
    if (volume === undefined) continue;
    const { hostPath, readOnly = false, selinuxRelabel = false } = volume;
    const image = sources.volumeImages.get(mount.name);
    const subPath = subPathOf(mount, environment);
    const base = { mountPath: mount.mountPath, hostPath, readOnly, selinuxRelabel };
    if (image !== undefined) resolved.push({ ...base, image, imageSubPath: checkImageSubPath(subPath, mount) });
    else if (subPath === "") resolved.push(base);
    else {
      if (pass.ports.volumes.resolveSubPath === undefined)
        throw rejectConfig(`cannot mount subPath ${JSON.stringify(mount.subPathExpr ?? subPath)} of volume ${mount.name} here`);
      const path = await pass.ports.volumes.resolveSubPath(
        {
          pod: pass.pod,
          containerName: container.name,
          volumeName: mount.name,
          volumeHostPath: hostPath,
          subPath,
          ...(mount.subPathExpr !== undefined && { subPathExpr: mount.subPathExpr }),
          mountIndex,
          readOnly: readOnly || mount.readOnly === true,
        },
        { signal: pass.signal },
      );
      resolved.push({ ...base, hostPath: path });
    }
  }
  return resolved;
};
