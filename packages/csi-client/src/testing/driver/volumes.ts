import type { CreateVolumeRequest, DeepPartial, Volume } from "../../gen/csi/v1/csi.ts";
import type { CsiHandlers } from "../server.ts";
import { CsiStatusError, invalidArgument } from "../status-error.ts";
import { checkFit, findMisfit, findSnapshot, findVolume, idOf, pageOf } from "./lookups.ts";
import type { ContentSource, VolumeStorage } from "./ports.ts";
import type { DriverVolume, DriverWorld } from "./state.ts";

/** Capacities are whole pages, so that a block volume can have them. */
const GRANULE = 4096n;

const roundUp = (bytes: bigint): bigint => ((bytes + GRANULE - 1n) / GRANULE) * GRANULE;

const topologyOf = (world: DriverWorld): { readonly segments: { readonly [key: string]: string } } => ({
  segments: { [world.topologyKey]: world.nodeId },
});

/** A volume as answers have it. */
export const describeVolume = (world: DriverWorld, volume: DriverVolume): DeepPartial<Volume> => ({
  volumeId: volume.id,
  capacityBytes: volume.capacityBytes,
  volumeContext: { ...volume.parameters },
  ...(volume.source === undefined
    ? {}
    : {
        contentSource: {
          type:
            volume.source.kind === "volume"
              ? { $case: "volume" as const, value: { volumeId: volume.source.id } }
              : { $case: "snapshot" as const, value: { snapshotId: volume.source.id } },
        },
      }),
  accessibleTopology: world.features.has("topology") ? [topologyOf(world)] : [],
});

const sourceOf = (request: CreateVolumeRequest): ContentSource | undefined => {
  const type = request.volumeContentSource?.type;
  if (type === undefined) return undefined;
  return type.$case === "volume" ? { kind: "volume", id: type.value.volumeId } : { kind: "snapshot", id: type.value.snapshotId };
};

/** Size and form of what a volume is to be filled from. */
const lookAtSource = (world: DriverWorld, source: ContentSource): { readonly bytes: bigint; readonly isBlock: boolean } => {
  if (source.kind === "snapshot") {
    const { sizeBytes, isBlock } = findSnapshot(world.state, source.id);
    return { bytes: sizeBytes, isBlock };
  }
  const { capacityBytes, isBlock } = findVolume(world.state, source.id);
  return { bytes: capacityBytes, isBlock };
};

const usedBytes = (world: DriverWorld): bigint =>
  [...world.state.volumes.values()].reduce((sum, { capacityBytes }) => sum + capacityBytes, 0n);

/** The capacity to give, or OUT_OF_RANGE, or RESOURCE_EXHAUSTED. `hasBytes` is what the volume has already. */
export const chooseCapacity = (
  world: DriverWorld,
  range: { readonly requiredBytes: bigint; readonly limitBytes: bigint } | undefined,
  base: { readonly leastBytes: bigint; readonly hasBytes: bigint },
): bigint => {
  const { requiredBytes = 0n, limitBytes = 0n } = range ?? {};
  const least = requiredBytes > base.leastBytes ? requiredBytes : base.leastBytes;
  const wanted =
    least > 0n
      ? least
      : limitBytes > 0n && limitBytes < world.defaultVolumeBytes
        ? limitBytes - (limitBytes % GRANULE)
        : world.defaultVolumeBytes;
  const capacity = roundUp(wanted);
  if (limitBytes > 0n && capacity > limitBytes)
    throw new CsiStatusError("out-of-range", `${String(capacity)} bytes are needed, past the limit of ${String(limitBytes)}`);
  if (capacity > world.maxVolumeBytes)
    throw new CsiStatusError("out-of-range", `a volume has at most ${String(world.maxVolumeBytes)} bytes`);
  if (usedBytes(world) - base.hasBytes + capacity > world.totalBytes)
    throw new CsiStatusError("resource-exhausted", "there is not so much space left");
  return capacity;
};

const isSameSource = (a: ContentSource | undefined, b: ContentSource | undefined): boolean => a?.kind === b?.kind && a?.id === b?.id;

/** Whether the volume that has the name is the one that is asked for. */
const isCompatible = (volume: DriverVolume, request: CreateVolumeRequest): boolean => {
  const { requiredBytes = 0n, limitBytes = 0n } = request.capacityRange ?? {};
  return (
    volume.capacityBytes >= requiredBytes &&
    (limitBytes === 0n || volume.capacityBytes <= limitBytes) &&
    request.volumeCapabilities.every((capability) => findMisfit(volume, capability) === undefined) &&
    isSameSource(volume.source, sourceOf(request))
  );
};

const checkTopology = (world: DriverWorld, request: CreateVolumeRequest): void => {
  const { requisite = [] } = request.accessibilityRequirements ?? {};
  if (requisite.length > 0 && requisite.every(({ segments }) => segments[world.topologyKey] !== world.nodeId)) {
    throw new CsiStatusError("resource-exhausted", "none of the required places is this node");
  }
};

const planVolume = (world: DriverWorld, request: CreateVolumeRequest): DriverVolume => {
  const source = sourceOf(request);
  const filling = source === undefined ? undefined : lookAtSource(world, source);
  const isBlock = request.volumeCapabilities.some(({ accessType }) => accessType?.$case === "block");
  if (isBlock && request.volumeCapabilities.some(({ accessType }) => accessType?.$case === "mount"))
    throw invalidArgument("a volume is a block device or has a file system, not both");
  if (filling !== undefined && filling.isBlock !== isBlock) throw invalidArgument("the content source is of the other access type");
  return {
    id: idOf("volume", request.name),
    name: request.name,
    capacityBytes: chooseCapacity(world, request.capacityRange, { leastBytes: filling?.bytes ?? 0n, hasBytes: 0n }),
    isBlock,
    parameters: request.parameters,
    mutableParameters: request.mutableParameters,
    source,
    attachments: {},
    stagedAt: [],
    publishedAt: {},
  };
};

const isInUse = (volume: DriverVolume): boolean =>
  volume.stagedAt.length > 0 || Object.keys(volume.publishedAt).length > 0 || Object.keys(volume.attachments).length > 0;

const checkMutable = (world: DriverWorld, parameters: { readonly [key: string]: string }): void => {
  const unknown = Object.keys(parameters).find((key) => !world.mutableKeys.includes(key));
  if (unknown !== undefined) throw invalidArgument(`${JSON.stringify(unknown)} cannot be changed`);
};

/** Creation, deletion, lists and changes of volumes. */
export const createVolumeHandlers = (world: DriverWorld, storage: VolumeStorage): CsiHandlers => {
  const { state } = world;
  const statusOf = ({ attachments }: DriverVolume): object => ({
    publishedNodeIds: Object.keys(attachments),
    volumeCondition: { abnormal: false, message: "" },
  });
  return {
    createVolume: async (request) => {
      checkTopology(world, request);
      checkMutable(world, request.mutableParameters);
      const found = state.volumes.get(idOf("volume", request.name));
      if (found !== undefined && !isCompatible(found, request)) {
        throw new CsiStatusError("already-exists", `there is another volume named ${JSON.stringify(request.name)}`);
      }
      if (found !== undefined) return { volume: describeVolume(world, found) };
      const volume = planVolume(world, request);
      await storage.create(volume, volume.source);
      state.volumes.set(volume.id, volume);
      return { volume: describeVolume(world, volume) };
    },
    deleteVolume: async ({ volumeId }) => {
      const volume = state.volumes.get(volumeId);
      if (volume === undefined) return {};
      if (isInUse(volume)) throw new CsiStatusError("failed-precondition", `volume ${volumeId} is in use`);
      await storage.remove(volume);
      state.volumes.delete(volumeId);
      return {};
    },
    validateVolumeCapabilities: ({ volumeId, volumeCapabilities, volumeContext, parameters, mutableParameters }) => {
      const volume = findVolume(state, volumeId);
      const misfit = volumeCapabilities.map((capability) => findMisfit(volume, capability)).find((reason) => reason !== undefined);
      if (misfit !== undefined) return { message: misfit };
      return { confirmed: { volumeCapabilities: [...volumeCapabilities], volumeContext, parameters, mutableParameters } };
    },
    listVolumes: (request) => {
      const { items, nextToken } = pageOf([...state.volumes.values()], request);
      return { entries: items.map((volume) => ({ volume: describeVolume(world, volume), status: statusOf(volume) })), nextToken };
    },
    controllerGetVolume: ({ volumeId }) => {
      const volume = findVolume(state, volumeId);
      return { volume: describeVolume(world, volume), status: statusOf(volume) };
    },
    getCapacity: () => ({
      availableCapacity: world.totalBytes > usedBytes(world) ? world.totalBytes - usedBytes(world) : 0n,
      maximumVolumeSize: world.maxVolumeBytes,
      minimumVolumeSize: GRANULE,
    }),
    controllerModifyVolume: ({ volumeId, mutableParameters }) => {
      const volume = findVolume(state, volumeId);
      checkMutable(world, mutableParameters);
      state.volumes.set(volumeId, { ...volume, mutableParameters: { ...volume.mutableParameters, ...mutableParameters } });
      return {};
    },
    controllerExpandVolume: async ({ volumeId, capacityRange, volumeCapability }) => {
      const volume = findVolume(state, volumeId);
      checkFit(volume, volumeCapability);
      const capacityBytes = chooseCapacity(world, capacityRange, { leastBytes: volume.capacityBytes, hasBytes: volume.capacityBytes });
      const expanded = { ...volume, capacityBytes };
      await storage.expand(expanded);
      state.volumes.set(volumeId, expanded);
      return { capacityBytes, nodeExpansionRequired: world.features.has("nodeExpand") };
    },
    controllerPublishVolume: ({ volumeId, nodeId, readonly: isReadonly, volumeCapability }) => {
      const volume = findVolume(state, volumeId);
      if (nodeId !== world.nodeId) throw new CsiStatusError("not-found", `there is no node ${JSON.stringify(nodeId)}`);
      checkFit(volume, volumeCapability);
      const before = volume.attachments[nodeId];
      if (before !== undefined && before !== isReadonly)
        throw new CsiStatusError("already-exists", `volume ${volumeId} is published at ${nodeId} in another way`);
      state.volumes.set(volumeId, { ...volume, attachments: { ...volume.attachments, [nodeId]: isReadonly } });
      return { publishContext: { node: nodeId } };
    },
    controllerUnpublishVolume: ({ volumeId, nodeId }) => {
      const volume = state.volumes.get(volumeId);
      if (volume === undefined) return {};
      const attachments = Object.fromEntries(Object.entries(volume.attachments).filter(([id]) => nodeId !== "" && id !== nodeId));
      state.volumes.set(volumeId, { ...volume, attachments });
      return {};
    },
  };
};
