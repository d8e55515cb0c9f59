import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openCsiClient } from "../client.ts";
import type { CsiClient } from "../client.ts";
import type { VolumeCapability } from "../gen/csi/v1/csi.ts";
import { volumeCapability } from "../volume-capability.ts";
import { startMemoryDriver } from "./index.ts";
import type { MemoryDriver, MemoryDriverOptions } from "./index.ts";

let directory = "";
let driver: MemoryDriver;
let client: CsiClient;

const start = async (options: MemoryDriverOptions = {}): Promise<void> => {
  driver = await startMemoryDriver(options);
  client = await openCsiClient({ endpoint: driver.endpoint, retry: { maxAttempts: 1 } });
};

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "csi-memory-test-"));
});

afterEach(async () => {
  client.close();
  await driver[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true });
});

const stage = async (
  capability: VolumeCapability = volumeCapability(),
): Promise<{ readonly volumeId: string; readonly stagingTargetPath: string; readonly volumeCapability: VolumeCapability }> => {
  const { volume } = await client.createVolume({ name: "v", volumeCapabilities: [capability] });
  const place = { volumeId: volume?.volumeId ?? "", stagingTargetPath: join(directory, "staging"), volumeCapability: capability };
  mkdirSync(place.stagingTargetPath);
  await client.controllerPublishVolume({ volumeId: place.volumeId, nodeId: "node-1", volumeCapability: capability });
  await client.nodeStageVolume(place);
  return place;
};

test("what is written through one target is read through another", async () => {
  await start();
  const place = await stage();
  for (const name of ["a", "b"]) await client.nodePublishVolume({ ...place, targetPath: join(directory, name) });
  writeFileSync(join(directory, "a/file"), "text");
  expect(readFileSync(join(directory, "b/file"), "utf8")).toBe("text");
});

test("a volume is not staged on a node that it is not attached to, nor deleted while it is in use", async () => {
  await start();
  const place = await stage();
  await expect(client.deleteVolume({ volumeId: place.volumeId })).rejects.toMatchObject({ code: "failed-precondition" });
  await client.nodeUnstageVolume(place);
  await client.controllerUnpublishVolume({ volumeId: place.volumeId, nodeId: "node-1" });
  await expect(client.nodeStageVolume(place)).rejects.toMatchObject({ code: "failed-precondition" });
  await client.deleteVolume({ volumeId: place.volumeId });
});

test("a volume for one workload is not published for a second", async () => {
  await start();
  const place = await stage(volumeCapability({ accessMode: "SINGLE_NODE_SINGLE_WRITER" }));
  await client.nodePublishVolume({ ...place, targetPath: join(directory, "a") });
  await expect(client.nodePublishVolume({ ...place, targetPath: join(directory, "b") })).rejects.toMatchObject({
    code: "failed-precondition",
  });
});

test("two calls about one volume at once: the second is told that the first is under way", async () => {
  await start();
  await using other = await openCsiClient({ endpoint: driver.endpoint, retry: { maxAttempts: 1 } });
  const request = { name: "v", volumeCapabilities: [volumeCapability()] };
  const outcomes = await Promise.allSettled([client.createVolume(request), other.createVolume(request)]);
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  expect(outcomes.find(({ status }) => status === "rejected")).toMatchObject({ reason: { code: "aborted" } });
});

test("its room is bounded, for one volume and for all", async () => {
  await start({ totalBytes: 100_000n, maxVolumeBytes: 65_536n });
  const make = (name: string, requiredBytes: bigint): Promise<unknown> =>
    client.createVolume({ name, volumeCapabilities: [volumeCapability()], capacityRange: { requiredBytes } });
  await expect(make("big", 65_537n)).rejects.toMatchObject({ code: "out-of-range" });
  await make("one", 65_536n);
  await expect(make("two", 65_536n)).rejects.toMatchObject({ code: "resource-exhausted" });
  expect(await client.getCapacity()).toMatchObject({ availableCapacity: 34_464n, maximumVolumeSize: 65_536n });
});

test("a snapshot of a group is deleted with its group alone", async () => {
  await start();
  const { volume } = await client.createVolume({ name: "v", volumeCapabilities: [volumeCapability()] });
  const { groupSnapshot } = await client.createVolumeGroupSnapshot({ name: "g", sourceVolumeIds: [volume?.volumeId ?? ""] });
  const [member] = groupSnapshot?.snapshots ?? [];
  await expect(client.deleteSnapshot({ snapshotId: member?.snapshotId ?? "" })).rejects.toMatchObject({ code: "invalid-argument" });
  const groupSnapshotId = groupSnapshot?.groupSnapshotId ?? "";
  await expect(client.deleteVolumeGroupSnapshot({ groupSnapshotId, snapshotIds: ["another"] })).rejects.toMatchObject({
    code: "invalid-argument",
  });
  await client.deleteVolumeGroupSnapshot({ groupSnapshotId, snapshotIds: [member?.snapshotId ?? ""] });
  expect(driver.state.snapshots.size).toBe(0);
});

test("its volumes outlive its end, as a driver's do", async () => {
  await start();
  await client.createVolume({ name: "v", volumeCapabilities: [volumeCapability()] });
  await driver.stop();
  await driver.start();
  await using again = await openCsiClient({ endpoint: driver.endpoint });
  expect((await again.listVolumes()).entries).toHaveLength(1);
});
