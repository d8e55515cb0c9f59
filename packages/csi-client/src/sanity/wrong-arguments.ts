import type { CsiMethods } from "../gen/csi/v1/methods.ts";
import { REQUIRED_SUPPORT } from "../requirements.ts";
import type { CsiSupports } from "../supports.ts";
import { volumeCapability } from "../volume-capability.ts";
import { area } from "./check.ts";
import type { CallOutcome, SanityCheck, SanityWorld } from "./check.ts";
import { expectOutcome } from "./outcome.ts";

const capability = volumeCapability();
const staging = "/sanity/staging";
const target = "/sanity/target";
const id = "sanity-some-id";
const snapshotId = "sanity-some-snapshot";
const groupSnapshotId = "sanity-some-group";
const nodeId = "sanity-some-node";
const capacityRange = { requiredBytes: 1n };

/** A complete request of each call, whose fields are left out one by one. */
const COMPLETE: readonly (readonly [method: keyof CsiMethods, request: object])[] = [
  ["createVolume", { name: "sanity-wrong-arguments", volumeCapabilities: [capability] }],
  ["deleteVolume", { volumeId: id }],
  ["controllerPublishVolume", { volumeId: id, nodeId, volumeCapability: capability }],
  ["controllerUnpublishVolume", { volumeId: id }],
  ["validateVolumeCapabilities", { volumeId: id, volumeCapabilities: [capability] }],
  ["createSnapshot", { name: "sanity-wrong-arguments", sourceVolumeId: id }],
  ["deleteSnapshot", { snapshotId }],
  ["getSnapshot", { snapshotId }],
  ["controllerExpandVolume", { volumeId: id, capacityRange }],
  ["controllerGetVolume", { volumeId: id }],
  ["controllerModifyVolume", { volumeId: id, mutableParameters: { "sanity-some-parameter": "1" } }],
  ["createVolumeGroupSnapshot", { name: "sanity-wrong-arguments", sourceVolumeIds: [id] }],
  ["deleteVolumeGroupSnapshot", { groupSnapshotId }],
  ["getVolumeGroupSnapshot", { groupSnapshotId }],
  ["nodeStageVolume", { volumeId: id, stagingTargetPath: staging, volumeCapability: capability }],
  ["nodeUnstageVolume", { volumeId: id, stagingTargetPath: staging }],
  ["nodePublishVolume", { volumeId: id, targetPath: target, stagingTargetPath: staging, volumeCapability: capability }],
  ["nodeUnpublishVolume", { volumeId: id, targetPath: target }],
  ["nodeGetVolumeStats", { volumeId: id, volumePath: target }],
  ["nodeExpandVolume", { volumeId: id, volumePath: target }],
];

const kebab = (camel: string): string => camel.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

const needsOf = (method: keyof CsiMethods): readonly (keyof CsiSupports)[] => {
  const required = REQUIRED_SUPPORT[method];
  return required === undefined ? [] : [required];
};

/** The calls' own types are those of the table; a request with a hole in it has none. */
const send = (world: SanityWorld, method: keyof CsiMethods, request: object): Promise<unknown> =>
  (world.calls[method] as (request: object) => Promise<unknown>)(request);

const holesOf = ([method, request]: (typeof COMPLETE)[number]): readonly SanityCheck[] =>
  Object.keys(request)
    // An absent staging path is another error, and one of those drivers that stage. Drivers look for a volume before they grow it.
    .filter(
      (field) =>
        !(method === "nodePublishVolume" && field === "stagingTargetPath") && !(method === "nodeExpandVolume" && field === "volumePath"),
    )
    .map((field) =>
      area("missing-argument")(`${kebab(method)}-${kebab(field)}`, `${method} refuses a request without ${field}`, {
        needs: needsOf(method),
        run: (world) => {
          const holed = Object.fromEntries(Object.entries(request).filter(([name]) => name !== field));
          return expectOutcome(send(world, method, holed), "invalid-argument");
        },
      }),
    );

interface MissingThing {
  readonly method: keyof CsiMethods;
  readonly expected: readonly CallOutcome[];
  readonly request: (world: SanityWorld) => object;
}

const volumeIdOf = (world: SanityWorld): { readonly volumeId: string } => ({ volumeId: world.unknownId });

/** Deleting what is not there succeeds; anything else says that it is not there. Undoing may do either, since a retry may come late. */
const MISSING_THINGS: readonly MissingThing[] = [
  { method: "deleteVolume", expected: ["ok"], request: volumeIdOf },
  {
    method: "controllerPublishVolume",
    expected: ["not-found"],
    request: (world) => ({ ...volumeIdOf(world), nodeId: world.node?.nodeId ?? nodeId, volumeCapability: capability }),
  },
  {
    method: "controllerUnpublishVolume",
    expected: ["ok", "not-found"],
    request: (world) => ({ ...volumeIdOf(world), nodeId: world.node?.nodeId ?? nodeId }),
  },
  {
    method: "validateVolumeCapabilities",
    expected: ["not-found"],
    request: (world) => ({ ...volumeIdOf(world), volumeCapabilities: [capability] }),
  },
  {
    method: "createSnapshot",
    expected: ["not-found"],
    request: (world) => ({ name: world.newName("snapshot"), sourceVolumeId: world.unknownId }),
  },
  { method: "deleteSnapshot", expected: ["ok"], request: (world) => ({ snapshotId: world.unknownId }) },
  { method: "getSnapshot", expected: ["not-found"], request: (world) => ({ snapshotId: world.unknownId }) },
  { method: "controllerExpandVolume", expected: ["not-found"], request: (world) => ({ ...volumeIdOf(world), capacityRange }) },
  { method: "controllerGetVolume", expected: ["not-found"], request: volumeIdOf },
  {
    method: "controllerModifyVolume",
    // What can be modified is the driver's secret, and it may look at the parameters first.
    expected: ["not-found", "invalid-argument"],
    request: (world) => ({ ...volumeIdOf(world), mutableParameters: { "sanity-some-parameter": "1" } }),
  },
  {
    method: "createVolumeGroupSnapshot",
    expected: ["not-found"],
    request: (world) => ({ name: world.newName("group"), sourceVolumeIds: [world.unknownId] }),
  },
  {
    method: "deleteVolumeGroupSnapshot",
    expected: ["ok"],
    request: (world) => ({ groupSnapshotId: world.unknownId, snapshotIds: [world.unknownId] }),
  },
  {
    method: "getVolumeGroupSnapshot",
    expected: ["not-found"],
    request: (world) => ({ groupSnapshotId: world.unknownId, snapshotIds: [world.unknownId] }),
  },
  {
    method: "nodeStageVolume",
    expected: ["not-found"],
    request: (world) => ({ ...volumeIdOf(world), stagingTargetPath: staging, volumeCapability: capability }),
  },
  {
    method: "nodeUnstageVolume",
    expected: ["ok", "not-found"],
    request: (world) => ({ ...volumeIdOf(world), stagingTargetPath: staging }),
  },
  {
    method: "nodePublishVolume",
    expected: ["not-found"],
    request: (world) => ({ ...volumeIdOf(world), stagingTargetPath: staging, targetPath: target, volumeCapability: capability }),
  },
  { method: "nodeUnpublishVolume", expected: ["ok", "not-found"], request: (world) => ({ ...volumeIdOf(world), targetPath: target }) },
  { method: "nodeGetVolumeStats", expected: ["not-found"], request: (world) => ({ ...volumeIdOf(world), volumePath: target }) },
  {
    method: "nodeExpandVolume",
    expected: ["not-found"],
    request: (world) => ({ ...volumeIdOf(world), volumePath: target, capacityRange }),
  },
];

const missingThing = ({ method, expected, request }: MissingThing): SanityCheck =>
  area("missing-thing")(kebab(method), `${method} of something that does not exist ends with ${expected.join(" or ")}`, {
    needs: needsOf(method),
    run: (world) => expectOutcome(send(world, method, request(world)), ...expected),
  });

/** Ids that a careless driver makes paths of, or chokes on. None of them may be known, and the driver must live on. */
const HOSTILE_IDS: readonly (readonly [name: string, id: string])[] = [
  ["path", "../../../../../../etc"],
  ["absolute", "/etc"],
  ["long", "a".repeat(65_536)],
  ["odd", 'ü\n"%s$(id)\u0000'],
];

const hostile = ([name, volumeId]: (typeof HOSTILE_IDS)[number]): readonly SanityCheck[] => {
  const check = area("hostile-id");
  const isAlive = async (world: SanityWorld): Promise<void> => expectOutcome(world.calls.probe(), "ok");
  return [
    check(`${name}-stats`, `there are no statistics of a volume with a hostile id (${name})`, {
      needs: ["volumeStats"],
      run: async (world) => {
        await expectOutcome(world.calls.nodeGetVolumeStats({ volumeId, volumePath: "/etc" }), "not-found", "invalid-argument");
        await isAlive(world);
      },
    }),
    check(`${name}-delete`, `the deletion of a volume with a hostile id (${name}) does no harm`, {
      needs: ["createDeleteVolume"],
      run: async (world) => {
        await expectOutcome(world.calls.deleteVolume({ volumeId }), "ok", "not-found", "invalid-argument");
        await isAlive(world);
      },
    }),
    check(`${name}-unpublish`, `a volume with a hostile id (${name}) is not unpublished`, {
      needs: ["node"],
      run: async (world) => {
        await expectOutcome(world.calls.nodeUnpublishVolume({ volumeId, targetPath: target }), "ok", "not-found", "invalid-argument");
        await isAlive(world);
      },
    }),
  ];
};

/** Requests with holes, with ids of nothing, and with ids that are meant to hurt. */
export const WRONG_ARGUMENT_CHECKS: readonly SanityCheck[] = [
  ...COMPLETE.flatMap(holesOf),
  ...MISSING_THINGS.map(missingThing),
  ...HOSTILE_IDS.flatMap(hostile),
];
