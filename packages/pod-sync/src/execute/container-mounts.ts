import { expandSubPath } from "@nk/pod-model";
import type { VolumeMount } from "@nk/pod-model";
import { buildEnvironment } from "../config/environment.ts";
import type { EnvironmentInput } from "../config/environment.ts";

import type { ResolvedVolumeMount } from "../config/mounts.ts";
import { rejectConfig } from "../config/reject.ts";
import type { PreparedVolumes } from "../ports.ts";
import type { PodPass } from "./sync-context.ts";

/** What the mounts of one container are found from. */
export interface MountSources {
  readonly volumes: PreparedVolumes;
  /** For variables in subPathExpr. */
  readonly environment: EnvironmentInput;
}

const subPathOf = (mount: VolumeMount, sources: MountSources): string => {
  if (mount.subPathExpr === undefined || mount.subPathExpr === "") return mount.subPath ?? "";
  const env = buildEnvironment(sources.environment);
  const expanded = expandSubPath(mount.subPathExpr, (name) => env.get(name));
  if ("missing" in expanded) throw rejectConfig(`missing value for ${JSON.stringify(expanded.missing)}`);
  return expanded.path;
};

/** Finds the host path of each volume mount of a container. A mount of a volume that is not there is left out; the builder says so. */
export const resolveMounts = async (pass: PodPass, sources: MountSources): Promise<readonly ResolvedVolumeMount[]> => {
  const { container } = sources.environment;
  const resolved: ResolvedVolumeMount[] = [];
  // One after another: two sub-paths may share a directory that the first one makes.
  for (const [mountIndex, mount] of (container.volumeMounts ?? []).entries()) {
    const volume = sources.volumes.volumes.get(mount.name);
    if (volume === undefined) continue;
    const { hostPath, readOnly = false, selinuxRelabel = false, image } = volume;
    const subPath = subPathOf(mount, sources);
    const base = { mountPath: mount.mountPath, hostPath, readOnly, selinuxRelabel };
    if (image !== undefined) resolved.push({ ...base, image, ...(subPath !== "" && { imageSubPath: subPath }) });
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
