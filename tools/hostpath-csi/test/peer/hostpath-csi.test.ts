import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { Client, credentials } from "@grpc/grpc-js";
import { volumeCapability } from "@nk/csi-client";
import type { CsiClient, Volume } from "@nk/csi-client";
import { runSanity } from "@nk/csi-client/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { REGISTRATION_METHODS } from "../../src/gen/pluginregistration/v1/methods.ts";
import type { PluginInfo } from "../../src/gen/pluginregistration/v1/api.ts";
import { createDriverUnderTest } from "../process.ts";
import type { DriverUnderTest } from "../process.ts";

const MIB = 1024n * 1024n;
const block = volumeCapability({ block: true });

let driver: DriverUnderTest;

beforeEach(async () => {
  driver = createDriverUnderTest();
  await driver.start();
});

afterEach(async () => {
  const left = driver.mounts();
  await driver[Symbol.asyncDispose]();
  if (left.length > 0) throw new Error(`mounts were left behind: ${left.join(", ")}`);
});

const loops = (): string => spawnSync("losetup", ["--list", "--noheadings", "--output", "BACK-FILE"], { encoding: "utf8" }).stdout;

const stateOf = (): string => join(driver.root, "state.json");

interface InUse {
  readonly volume: Volume;
  readonly volumeId: string;
  readonly staging: string;
  readonly target: string;
}

const putToUse = async (
  client: CsiClient,
  options: { readonly name: string; readonly capability?: typeof block; readonly parameters?: { readonly [key: string]: string } },
): Promise<InUse> => {
  const { name, capability = volumeCapability(), parameters = {} } = options;
  const { volume } = await client.createVolume({
    name,
    parameters,
    volumeCapabilities: [capability],
    capacityRange: { requiredBytes: 8n * MIB },
  });
  if (volume === undefined) throw new Error("no volume was made");
  const { volumeId } = volume;
  const [staging, target] = [join(driver.targets, `${name}-staging`), join(driver.targets, `${name}-target`)];
  mkdirSync(staging, { recursive: true });
  await client.controllerPublishVolume({ volumeId, nodeId: "node-1", volumeCapability: capability });
  await client.nodeStageVolume({ volumeId, stagingTargetPath: staging, volumeCapability: capability });
  await client.nodePublishVolume({ volumeId, stagingTargetPath: staging, targetPath: target, volumeCapability: capability });
  return { volume, volumeId, staging, target };
};

const putAway = async (client: CsiClient, { volumeId, staging, target }: InUse): Promise<void> => {
  await client.nodeUnpublishVolume({ volumeId, targetPath: target });
  await client.nodeUnstageVolume({ volumeId, stagingTargetPath: staging });
  await client.controllerUnpublishVolume({ volumeId, nodeId: "node-1" });
  await client.deleteVolume({ volumeId });
};

test.each(["directory", "tmpfs"])("passes the whole sanity suite with volumes of kind %s and leaves nothing behind", async (kind) => {
  const report = await runSanity({ endpoint: driver.socketPath, directory: driver.targets, parameters: { kind } });
  expect(report.results.filter(({ status }) => status !== "passed")).toEqual([]);
  console.log(
    `sanity of hostpath-csi (${kind}): ${String(report.passed)} passed, ${String(report.failed)} failed, ${String(report.skipped)} skipped`,
  );
  expect(readdirSync(driver.targets)).toEqual([]);
  expect([...readdirSync(join(driver.root, "volumes")), ...readdirSync(join(driver.root, "snapshots"))]).toEqual([]);
  expect(loops()).not.toContain(driver.root);
  expect(await driver.stop()).toBe(0);
});

test("a driver that was killed goes on where it was, and the volume was usable all the time", async () => {
  await using before = await driver.open();
  const used = await putToUse(before, { name: "v" });
  writeFileSync(join(used.target, "file"), "kept");
  await driver.kill();
  expect(readFileSync(join(used.target, "file"), "utf8")).toBe("kept");
  await driver.start();
  await using client = await driver.open();
  const { entries } = await client.listVolumes();
  expect(entries).toMatchObject([
    { volume: { volumeId: used.volumeId, capacityBytes: 8n * MIB }, status: { publishedNodeIds: ["node-1"] } },
  ]);
  await putAway(client, used);
  expect(existsSync(used.target)).toBe(false);
});

test("a driver that was killed between the mount and its record mounts once and unmounts all", async () => {
  await using before = await driver.open();
  const used = await putToUse(before, { name: "v" });
  await before.nodeUnpublishVolume({ volumeId: used.volumeId, targetPath: used.target });
  copyFileSync(stateOf(), `${stateOf()}.before`);
  const request = {
    volumeId: used.volumeId,
    stagingTargetPath: used.staging,
    targetPath: used.target,
    volumeCapability: volumeCapability(),
  };
  await before.nodePublishVolume(request);
  await driver.kill();
  copyFileSync(`${stateOf()}.before`, stateOf());
  await driver.start();
  await using client = await driver.open();
  await client.nodePublishVolume(request);
  expect(driver.mounts().filter((path) => path === used.target)).toHaveLength(1);
  await putAway(client, used);
});

test("a block volume is a device of its size that grows, and its snapshot has the bytes of that moment", async () => {
  await using client = await driver.open();
  const used = await putToUse(client, { name: "b", capability: block });
  expect(statSync(used.target).isBlockDevice()).toBe(true);
  const write = async (text: string): Promise<void> => {
    const device = await open(used.target, "r+");
    await device.write(text, 4096);
    await device.sync();
    await device.close();
  };
  await write("before");
  const { snapshot } = await client.createSnapshot({ name: "s", sourceVolumeId: used.volumeId });
  await write("after!");
  await client.controllerExpandVolume({ volumeId: used.volumeId, capacityRange: { requiredBytes: 16n * MIB } });
  await client.nodeExpandVolume({ volumeId: used.volumeId, volumePath: used.target, volumeCapability: block });
  expect(spawnSync("blockdev", ["--getsize64", used.target], { encoding: "utf8" }).stdout.trim()).toBe(String(16n * MIB));
  const source = { type: { $case: "snapshot" as const, value: { snapshotId: snapshot?.snapshotId ?? "" } } };
  const { volume: restored } = await client.createVolume({ name: "r", volumeCapabilities: [block], volumeContentSource: source });
  const bytes = readFileSync(join(driver.root, "volumes", `${restored?.volumeId ?? ""}.img`));
  expect(bytes.subarray(4096, 4102).toString()).toBe("before");
  await client.deleteVolume({ volumeId: restored?.volumeId ?? "" });
  await putAway(client, used);
  expect(loops()).not.toContain(driver.root);
});

test("a tmpfs volume holds what it may and no more, and grows", async () => {
  await using client = await driver.open();
  const used = await putToUse(client, { name: "t", parameters: { kind: "tmpfs" } });
  const fill = (mib: number): void => writeFileSync(join(used.target, "fill"), Buffer.alloc(mib * Number(MIB)));
  expect(() => fill(12)).toThrow("ENOSPC");
  await client.controllerExpandVolume({ volumeId: used.volumeId, capacityRange: { requiredBytes: 16n * MIB } });
  fill(12);
  const { usage } = await client.nodeGetVolumeStats({ volumeId: used.volumeId, volumePath: used.target });
  expect(usage[0]).toMatchObject({ total: 16n * MIB, used: 12n * MIB });
  await putAway(client, used);
});

test("an unknown kind is refused", async () => {
  await using client = await driver.open();
  const call = client.createVolume({ name: "x", parameters: { kind: "floppy" }, volumeCapabilities: [volumeCapability()] });
  await expect(call).rejects.toMatchObject({ code: "invalid-argument", message: expect.stringContaining('not "floppy"') });
});

test("no path leads out of the target directory: not by name, not by link, not by dots", async () => {
  await using client = await driver.open();
  const used = await putToUse(client, { name: "v" });
  const outside = join(driver.directory, "outside");
  mkdirSync(outside);
  symlinkSync(outside, join(driver.targets, "link"));
  symlinkSync(join(outside, "last"), join(driver.targets, "last"));
  const { volumeId, staging } = used;
  const paths = [
    join(outside, "x"),
    join(driver.targets, "link/x"),
    join(driver.targets, "last"),
    `${driver.targets}/../outside/x`,
    `${driver.targets}-beside/x`,
    "/etc/x",
  ];
  for (const path of paths) {
    const place = { volumeId, volumeCapability: volumeCapability() };
    await expect(client.nodePublishVolume({ ...place, stagingTargetPath: staging, targetPath: path }), path).rejects.toMatchObject({
      code: "invalid-argument",
    });
    await expect(client.nodeStageVolume({ ...place, stagingTargetPath: path }), path).rejects.toMatchObject({ code: "invalid-argument" });
    await expect(client.nodeUnpublishVolume({ volumeId, targetPath: path }), path).rejects.toMatchObject({ code: "invalid-argument" });
    await expect(client.nodeUnstageVolume({ volumeId, stagingTargetPath: path }), path).rejects.toMatchObject({ code: "invalid-argument" });
  }
  expect(readdirSync(outside)).toEqual([]);
  expect(lstatSync(join(driver.targets, "last")).isSymbolicLink()).toBe(true);
  await putAway(client, used);
});

test("links and mounts that a workload leaves in a volume lead nobody astray", async () => {
  await using client = await driver.open();
  const used = await putToUse(client, { name: "v" });
  const precious = join(driver.directory, "precious");
  mkdirSync(precious);
  writeFileSync(join(precious, "file"), "untouched");
  symlinkSync(precious, join(used.target, "link"));
  const { snapshot } = await client.createSnapshot({ name: "s", sourceVolumeId: used.volumeId });
  const copy = join(driver.root, "snapshots", snapshot?.snapshotId ?? "");
  expect(readlinkSync(join(copy, "link"))).toBe(precious);
  await client.deleteSnapshot({ snapshotId: snapshot?.snapshotId ?? "" });
  await putAway(client, used);
  expect(readFileSync(join(precious, "file"), "utf8")).toBe("untouched");
});

const askAsKubelet = <Request extends object, Response>(
  method: {
    readonly path: string;
    readonly request: { encode(message: Request): { finish(): Uint8Array } };
    readonly response: { decode(bytes: Uint8Array): Response };
  },
  request: Request,
): Promise<Response> =>
  new Promise((resolve, reject) => {
    const client = new Client(`unix://${driver.registrationPath}`, credentials.createInsecure());
    const encode = (message: Request): Buffer => Buffer.from(method.request.encode(message).finish());
    client.makeUnaryRequest(
      method.path,
      encode,
      (bytes) => method.response.decode(bytes),
      request,
      (error, response) => {
        client.close();
        if (error !== null || response === undefined) reject(error ?? new Error("no answer"));
        else resolve(response);
      },
    );
  });

test("tells the kubelet who it is, stays when it is registered and ends with 1 when it is not", async () => {
  const info: PluginInfo = await askAsKubelet(REGISTRATION_METHODS.getInfo, {});
  expect(info).toEqual({ type: "CSIPlugin", name: "hostpath.csi.nk.example", endpoint: driver.socketPath, supportedVersions: ["1.0.0"] });
  await askAsKubelet(REGISTRATION_METHODS.notifyRegistrationStatus, { pluginRegistered: true, error: "" });
  await using client = await driver.open();
  expect(client.driver.name).toBe("hostpath.csi.nk.example");
  await askAsKubelet(REGISTRATION_METHODS.notifyRegistrationStatus, { pluginRegistered: false, error: "name is taken" });
  expect(await driver.ended()).toBe(1);
});
