import { mkdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import type { CsiCalls } from "../calls.ts";
import { isCsiError } from "../errors.ts";
import type { CreateVolumeRequest, DeepPartial, NodePublishVolumeRequest, Snapshot, Volume, VolumeCapability } from "../gen/csi/v1/csi.ts";
import type { CsiSupports } from "../supports.ts";
import { volumeCapability } from "../volume-capability.ts";
import type { AccessModeName } from "../volume-capability.ts";
import { SanityFailure } from "./check.ts";

/** Secrets to send with each kind of call. */
export interface SanitySecrets {
  readonly controller?: { readonly [key: string]: string };
  readonly node?: { readonly [key: string]: string };
}

/** What volumes are made with. */
export interface VolumeSettings {
  /** Retried calls. */
  readonly calls: CsiCalls;
  readonly supports: CsiSupports;
  readonly nodeId: string;
  /** Below it staging and target paths are made. */
  readonly directory: string;
  readonly volumeBytes: bigint;
  readonly fsType: string;
  readonly accessMode: AccessModeName;
  readonly parameters: { readonly [key: string]: string };
  readonly secrets: SanitySecrets;
  readonly newName: (what: string) => string;
}

/** A volume at a path of this node. */
export interface PublishedVolume {
  readonly volume: Volume;
  readonly capability: VolumeCapability;
  readonly stagingPath: string;
  readonly targetPath: string;
  readonly publishContext: { readonly [key: string]: string };
}

/** Makes and undoes. Everything made is undone by `clear`, last first. */
export interface SanityVolumes {
  readonly capability: VolumeCapability;
  readonly blockCapability: VolumeCapability;
  /** A complete request for a new volume. */
  request(overrides?: DeepPartial<CreateVolumeRequest>): DeepPartial<CreateVolumeRequest> & { readonly name: string };
  create(overrides?: DeepPartial<CreateVolumeRequest>): Promise<Volume>;
  snapshot(volume: Volume): Promise<Snapshot>;
  /** Remembers to delete the volume that a call of the check's own may have made. */
  willDelete(volumeId: string | undefined): void;
  willDeleteSnapshot(snapshotId: string | undefined): void;
  /** Attached and staged where the driver has that; the paths exist. */
  stage(volume: Volume, capability?: VolumeCapability): Promise<PublishedVolume>;
  /** A request to publish a staged volume at another path below the test directory. */
  publishRequest(staged: PublishedVolume, targetName?: string): DeepPartial<NodePublishVolumeRequest> & { readonly targetPath: string };
  /** Staged and published. */
  publish(volume: Volume, capability?: VolumeCapability): Promise<PublishedVolume>;
  unpublish(published: PublishedVolume): Promise<void>;
  /** Unstages and detaches. */
  unstage(staged: PublishedVolume): Promise<void>;
  clear(): Promise<void>;
}

type Undo = () => Promise<void>;

const requestFor =
  (settings: VolumeSettings, capability: VolumeCapability): SanityVolumes["request"] =>
  (overrides = {}) => ({
    volumeCapabilities: [capability],
    capacityRange: { requiredBytes: settings.volumeBytes },
    parameters: { ...settings.parameters },
    secrets: { ...settings.secrets.controller },
    ...overrides,
    name: overrides.name ?? settings.newName("volume"),
  });

const attach = async (
  settings: VolumeSettings,
  volume: Volume,
  capability: VolumeCapability,
): Promise<{ readonly [key: string]: string }> => {
  if (!settings.supports.publishUnpublishVolume) return {};
  const { calls, nodeId, secrets } = settings;
  const { volumeId, volumeContext } = volume;
  const { publishContext } = await calls.controllerPublishVolume({
    volumeId,
    nodeId,
    volumeCapability: capability,
    volumeContext,
    secrets: { ...secrets.controller },
  });
  return publishContext;
};

const detach = async (settings: VolumeSettings, volumeId: string): Promise<void> => {
  if (!settings.supports.publishUnpublishVolume) return;
  await settings.calls.controllerUnpublishVolume({ volumeId, nodeId: settings.nodeId, secrets: { ...settings.secrets.controller } });
};

type Verbs = Pick<SanityVolumes, "stage" | "publish" | "publishRequest" | "unpublish" | "unstage">;

const createVerbs = (settings: VolumeSettings, undo: Undo[], defaultCapability: VolumeCapability): Verbs => {
  const { calls, supports, directory, secrets } = settings;
  const leaveStaging = async (volumeId: string, stagingPath: string): Promise<void> => {
    if (supports.stageUnstage) await calls.nodeUnstageVolume({ volumeId, stagingTargetPath: stagingPath });
  };
  const unstage: SanityVolumes["unstage"] = async ({ volume: { volumeId }, stagingPath }) => {
    await leaveStaging(volumeId, stagingPath);
    await detach(settings, volumeId);
  };
  const unpublish: SanityVolumes["unpublish"] = async ({ volume: { volumeId }, targetPath }) => {
    await calls.nodeUnpublishVolume({ volumeId, targetPath });
  };
  const publishRequest: SanityVolumes["publishRequest"] = (staged, targetName) => ({
    volumeId: staged.volume.volumeId,
    targetPath: targetName === undefined ? staged.targetPath : join(directory, targetName),
    ...(supports.stageUnstage ? { stagingTargetPath: staged.stagingPath } : {}),
    volumeCapability: staged.capability,
    publishContext: { ...staged.publishContext },
    volumeContext: { ...staged.volume.volumeContext },
    secrets: { ...secrets.node },
  });
  const stage: SanityVolumes["stage"] = async (volume, capability = defaultCapability) => {
    const { volumeId, volumeContext } = volume;
    // Before it is tried: a call that failed may have had its effect all the same.
    undo.push(() => detach(settings, volumeId));
    const publishContext = await attach(settings, volume, capability);
    const stagingPath = join(directory, settings.newName("staging"));
    const staged = { volume, capability, stagingPath, targetPath: join(directory, settings.newName("target")), publishContext };
    await mkdir(stagingPath);
    // Never recursively: a volume may still be mounted there.
    undo.push(() => rmdir(stagingPath));
    undo.push(() => leaveStaging(volumeId, stagingPath));
    if (supports.stageUnstage) {
      await calls.nodeStageVolume({
        volumeId,
        stagingTargetPath: stagingPath,
        volumeCapability: capability,
        publishContext,
        volumeContext,
        secrets: { ...secrets.node },
      });
    }
    return staged;
  };
  return {
    stage,
    publishRequest,
    publish: async (volume, capability) => {
      const published = await stage(volume, capability);
      undo.push(() => unpublish(published));
      await calls.nodePublishVolume(publishRequest(published));
      return published;
    },
    unpublish,
    unstage,
  };
};

/** Nothing is made before it is asked for. */
export const createSanityVolumes = (settings: VolumeSettings): SanityVolumes => {
  const { calls, accessMode, fsType, secrets } = settings;
  const undo: Undo[] = [];
  const capability = volumeCapability({ accessMode, fsType });
  const request = requestFor(settings, capability);
  const willDelete = (volumeId: string | undefined): void => {
    if (volumeId === undefined || volumeId === "") return;
    undo.push(async () => {
      await calls.deleteVolume({ volumeId, secrets: { ...secrets.controller } });
    });
  };
  const willDeleteSnapshot = (snapshotId: string | undefined): void => {
    if (snapshotId === undefined || snapshotId === "") return;
    undo.push(async () => {
      await calls.deleteSnapshot({ snapshotId, secrets: { ...secrets.controller } });
    });
  };
  const { stage, publish, publishRequest, unpublish, unstage } = createVerbs(settings, undo, capability);
  return {
    capability,
    blockCapability: volumeCapability({ accessMode, block: true }),
    request,
    willDelete,
    willDeleteSnapshot,
    stage,
    publish,
    publishRequest,
    unpublish,
    unstage,
    create: async (overrides) => {
      const { volume } = await calls.createVolume(request(overrides));
      willDelete(volume?.volumeId);
      if (volume === undefined) throw new SanityFailure("CreateVolume answered without a volume");
      return volume;
    },
    snapshot: async ({ volumeId }) => {
      const { snapshot } = await calls.createSnapshot({
        name: settings.newName("snapshot"),
        sourceVolumeId: volumeId,
        secrets: { ...secrets.controller },
      });
      willDeleteSnapshot(snapshot?.snapshotId);
      if (snapshot === undefined) throw new SanityFailure("CreateSnapshot answered without a snapshot");
      return snapshot;
    },
    clear: async () => {
      const errors: unknown[] = [];
      for (const step of undo.splice(0).toReversed()) {
        try {
          await step();
        } catch (error) {
          // Gone is as good as undone.
          if (!isCsiError(error, "not-found")) errors.push(error);
        }
      }
      if (errors.length > 0) throw new SanityFailure(`cannot clean up: ${errors.map(String).join("; ")}`);
    },
  };
};
