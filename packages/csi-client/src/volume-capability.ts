import { VolumeCapability, VolumeCapability_AccessMode_Mode as Mode } from "./gen/csi/v1/csi.ts";

/** Name of an access mode, e.g. `SINGLE_NODE_WRITER`. */
export type AccessModeName = Exclude<keyof typeof Mode, "UNKNOWN">;

/** What {@link volumeCapability} takes. */
export interface VolumeCapabilityOptions {
  /** Default `SINGLE_NODE_WRITER`. */
  readonly accessMode?: AccessModeName;
  /** As a block device; then none of the others counts. Default false. */
  readonly block?: boolean;
  /** Default: the driver's choice. */
  readonly fsType?: string;
  readonly mountFlags?: readonly string[];
  /** Group id as a string; needs `supports.volumeMountGroup`. */
  readonly volumeMountGroup?: string;
}

/** How a volume is to be used, in the form that requests take. */
export const volumeCapability = (options: VolumeCapabilityOptions = {}): VolumeCapability => {
  const { accessMode = "SINGLE_NODE_WRITER", block = false, fsType = "", mountFlags = [], volumeMountGroup = "" } = options;
  return VolumeCapability.fromPartial({
    accessType: block
      ? { $case: "block", value: {} }
      : { $case: "mount", value: { fsType, mountFlags: [...mountFlags], volumeMountGroup } },
    accessMode: { mode: Mode[accessMode] },
  });
};
