import { expect, test } from "vitest";
import { volumeCapability } from "./volume-capability.ts";
import { CSI_METHODS } from "./gen/csi/v1/methods.ts";
import type { CsiMethods } from "./gen/csi/v1/methods.ts";
import { computeRefusal, REQUIRED_SUPPORT } from "./requirements.ts";
import { computeSupports } from "./supports.ts";
import type { CsiSupports } from "./supports.ts";

const NOTHING = computeSupports({ plugin: [], controller: undefined, group: undefined, node: undefined });
const EVERYTHING = Object.fromEntries(Object.keys(NOTHING).map((key) => [key, true])) as unknown as CsiSupports;

const refusal = (method: keyof CsiMethods, request: object, supports: CsiSupports): string | undefined =>
  computeRefusal(method, (CSI_METHODS[method].request.fromPartial as (partial: object) => object)(request), {
    name: "d.example",
    supports,
  });

test("a driver that can nothing is sent the three calls of its identity and no others", () => {
  const open = Object.keys(CSI_METHODS).filter((method) => refusal(method as keyof CsiMethods, {}, NOTHING) === undefined);
  expect(open).toEqual(["getPluginInfo", "getPluginCapabilities", "probe"]);
});

test("a driver that can everything is sent everything", () => {
  for (const method of Object.keys(CSI_METHODS)) expect(refusal(method as keyof CsiMethods, {}, EVERYTHING)).toBeUndefined();
});

test.each(Object.entries(REQUIRED_SUPPORT).filter(([, support]) => support !== undefined))(
  "%s is refused without %s alone, by name",
  (method, support) => {
    const supports = { ...EVERYTHING, nodeVolumeCondition: false, [support ?? ""]: false };
    expect(refusal(method as keyof CsiMethods, {}, supports)).toBe(
      `driver d.example does not support it (supports.${support ?? ""} is false)`,
    );
  },
);

const narrow = volumeCapability({ accessMode: "SINGLE_NODE_SINGLE_WRITER" });
const grouped = volumeCapability({ volumeMountGroup: "1000" });

test.each<readonly [keyof CsiMethods, object, keyof CsiSupports]>([
  ["createVolume", { volumeContentSource: { type: { $case: "volume", value: { volumeId: "v" } } } }, "cloneVolume"],
  ["createVolume", { volumeContentSource: { type: { $case: "snapshot", value: { snapshotId: "s" } } } }, "createDeleteSnapshot"],
  ["createVolume", { accessibilityRequirements: { requisite: [] } }, "topology"],
  ["createVolume", { volumeCapabilities: [volumeCapability(), narrow] }, "controllerSingleNodeModes"],
  ["controllerPublishVolume", { readonly: true }, "publishReadonly"],
  ["nodeStageVolume", { volumeCapability: narrow }, "nodeSingleNodeModes"],
  ["nodePublishVolume", { volumeCapability: grouped }, "volumeMountGroup"],
])("%s with %o is refused without %s", (method, request, support) => {
  expect(refusal(method, request, { ...EVERYTHING, [support]: false })).toContain(`supports.${support} is false`);
  expect(refusal(method, request, EVERYTHING)).toBeUndefined();
});

test("statistics are asked of a driver that tells of a volume's condition alone", () => {
  expect(refusal("nodeGetVolumeStats", {}, { ...NOTHING, node: true, nodeVolumeCondition: true })).toBeUndefined();
});

test("a read-only publication on the node needs nothing", () => {
  expect(refusal("nodePublishVolume", { readonly: true }, { ...EVERYTHING, publishReadonly: false })).toBeUndefined();
});

test("capabilities of a later version are ignored", () => {
  const supports = computeSupports({
    plugin: [{ type: undefined }],
    controller: [{ type: { $case: "rpc", value: { type: 99 as never } } }, { type: { $case: "rpc", value: { type: 1 } } }],
    group: [],
    node: [{ type: undefined }],
  });
  expect(
    Object.entries(supports)
      .filter(([, can]) => can)
      .map(([name]) => name),
  ).toEqual(["node", "createDeleteVolume"]);
});

/** The numbers of csi.proto, written out: the driver in memory has its capabilities from the same table as the client. */
const NUMBERS = {
  service: ["controller", "topology", "groupController", "snapshotMetadata"],
  volumeExpansion: ["onlineExpansion", "offlineExpansion"],
  controller:
    "createDeleteVolume publishUnpublishVolume listVolumes getCapacity createDeleteSnapshot listSnapshots cloneVolume publishReadonly controllerExpand listVolumesPublishedNodes controllerVolumeCondition getVolume controllerSingleNodeModes modifyVolume getSnapshot".split(
      " ",
    ),
  node: "stageUnstage volumeStats nodeExpand nodeVolumeCondition nodeSingleNodeModes volumeMountGroup".split(" "),
  group: ["groupSnapshots"],
};

test("each capability has its number", () => {
  const rpc = (type: number): never => ({ type: { $case: "rpc", value: { type } } }) as never;
  const named = (answers: Partial<Parameters<typeof computeSupports>[0]>): readonly string[] =>
    Object.entries(computeSupports({ plugin: [], controller: undefined, group: undefined, node: undefined, ...answers }))
      .filter(([name, can]) => can && name !== "node")
      .map(([name]) => name);
  const plugin = ($case: string, type: number): never => ({ type: { $case, value: { type } } }) as never;
  const numbersOf = (names: readonly string[], read: (type: number) => readonly string[]): readonly (readonly string[])[] =>
    names.map((_, index) => read(index + 1));
  const each = (names: readonly string[]): readonly (readonly string[])[] => names.map((name) => [name]);
  expect(numbersOf(NUMBERS.service, (type) => named({ plugin: [plugin("service", type)] }))).toEqual(each(NUMBERS.service));
  expect(numbersOf(NUMBERS.volumeExpansion, (type) => named({ plugin: [plugin("volumeExpansion", type)] }))).toEqual(
    each(NUMBERS.volumeExpansion),
  );
  expect(numbersOf(NUMBERS.controller, (type) => named({ controller: [rpc(type)] }))).toEqual(each(NUMBERS.controller));
  expect(numbersOf(NUMBERS.node, (type) => named({ node: [rpc(type)] }))).toEqual(each(NUMBERS.node));
  expect(numbersOf(NUMBERS.group, (type) => named({ group: [rpc(type)] }))).toEqual(each(NUMBERS.group));
  expect(Object.values(NUMBERS).flat().length + 1).toBe(Object.keys(NOTHING).length);
});
