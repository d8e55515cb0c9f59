import { posix } from "node:path";
import { Mount, MountPropagation } from "@nk/cri-api";
import type { ImageSpec } from "@nk/cri-api";
import { resolveRecursiveReadOnly } from "@nk/pod-model";
import type { Container, VolumeMount } from "@nk/pod-model";
import { ETC_HOSTS } from "./hosts-file.ts";
import type { UserNamespaceMapping } from "./namespaces.ts";
import { rejectConfig } from "./reject.ts";

/** Where one volumeMount of a container is found on the host, or which image it is. Sub-paths are resolved already. */
export interface ResolvedVolumeMount {
  /** The mountPath of the spec, by which the two are matched. */
  readonly mountPath: string;
  /** Empty for an image volume. */
  readonly hostPath: string;
  /** Whether the volume can only be read, whatever the mount says: secrets, config maps, projected and downward API volumes. */
  readonly readOnly: boolean;
  /** Whether the runtime is to relabel the files: the volume is the kubelet's own and was not mounted with a label. */
  readonly selinuxRelabel: boolean;
  /** Set for an image volume. */
  readonly image?: Partial<ImageSpec>;
  /** Path inside an image volume. */
  readonly imageSubPath?: string;
}

/** What a container's mounts are made of. */
export interface MountsInput {
  readonly container: Container;
  readonly mounts: readonly ResolvedVolumeMount[];
  /** Mounts that device plugins and CDI add; they come first. */
  readonly deviceMounts?: readonly Mount[] | undefined;
  /** Host path of the pod's hosts file; absent while the pod has no IP. */
  readonly etcHostsPath?: string | undefined;
  /** Host path of the termination log; absent when the container has no terminationMessagePath. */
  readonly terminationLogPath?: string | undefined;
  /** Whether the pod's runtime handler can mount read-only recursively. */
  readonly supportsRecursiveReadOnly: boolean;
  readonly selinuxEnabled: boolean;
  readonly userNamespace?: UserNamespaceMapping | undefined;
}

const convertPropagation = (mode: string | undefined): MountPropagation => {
  switch (mode) {
    case undefined:
    case "None":
      return MountPropagation.PROPAGATION_PRIVATE;
    case "HostToContainer":
      return MountPropagation.PROPAGATION_HOST_TO_CONTAINER;
    case "Bidirectional":
      return MountPropagation.PROPAGATION_BIDIRECTIONAL;
    default:
      throw rejectConfig(`invalid MountPropagation mode: ${JSON.stringify(mode)}`);
  }
};

const isRecursiveReadOnly = (mount: VolumeMount, isSupported: boolean): boolean => {
  const resolved = resolveRecursiveReadOnly(mount, isSupported);
  if ("problem" in resolved) throw rejectConfig(`failed to resolve recursive read-only mode: ${resolved.problem}`);
  return resolved.isRecursive;
};

const absolute = (path: string): string => posix.join("/", path);

const convertVolumeMount = (mount: VolumeMount, input: MountsInput): Mount => {
  const resolved = input.mounts.find(({ mountPath }) => mountPath === mount.mountPath);
  if (resolved === undefined) {
    throw rejectConfig(`cannot find volume ${JSON.stringify(mount.name)} to mount into container ${JSON.stringify(input.container.name)}`);
  }
  return Mount.create({
    containerPath: mount.mountPath.startsWith("/") ? mount.mountPath : absolute(mount.mountPath),
    hostPath: resolved.hostPath,
    readonly: mount.readOnly === true || resolved.readOnly,
    selinuxRelabel: resolved.selinuxRelabel && input.selinuxEnabled,
    propagation: convertPropagation(mount.mountPropagation),
    recursiveReadOnly: isRecursiveReadOnly(mount, input.supportsRecursiveReadOnly),
    ...(resolved.image !== undefined && { image: resolved.image, imageSubPath: resolved.imageSubPath ?? "" }),
  });
};

const ownMounts = (input: MountsInput): readonly Mount[] => {
  const { volumeMounts = [], terminationMessagePath = "" } = input.container;
  const mounts: Mount[] = [];
  const add = (containerPath: string, hostPath: string | undefined): void => {
    if (hostPath !== undefined) mounts.push(Mount.create({ containerPath, hostPath, selinuxRelabel: input.selinuxEnabled }));
  };
  if (!volumeMounts.some(({ mountPath }) => mountPath === ETC_HOSTS)) add(ETC_HOSTS, input.etcHostsPath);
  if (terminationMessagePath !== "") add(absolute(terminationMessagePath), input.terminationLogPath);
  return mounts;
};

/**
 * A container's mounts, in this order: devices', the spec's, the hosts file (unless a volume is mounted there), the termination log.
 * In a user namespace each mount is mapped to it.
 */
export const buildMounts = (input: MountsInput): readonly Mount[] => {
  const volumeMounts = (input.container.volumeMounts ?? []).map((mount) => convertVolumeMount(mount, input));
  const mounts = [...(input.deviceMounts ?? []), ...volumeMounts, ...ownMounts(input)];
  const { userNamespace } = input;
  if (userNamespace === undefined) return mounts;
  return mounts.map((mount) => ({ ...mount, uidMappings: userNamespace.uids, gidMappings: userNamespace.gids }));
};
