import { readdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { CsiSupports } from "../supports.ts";
import { ALL_FEATURES, runSanity, SANITY_CHECKS, startMemoryDriver } from "../testing/index.ts";
import type { CsiHandlers, MemoryDriverOptions, SanityReport } from "../testing/index.ts";

let directory = "";

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "csi-sanity-test-"));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Links stand for its mounts, which cannot be read-only. */
const NOT_IN_MEMORY = ["node-use-read-only"];

const check = async (options: MemoryDriverOptions = {}, only?: readonly string[]): Promise<SanityReport> => {
  await using driver = await startMemoryDriver(options);
  const report = await runSanity({ endpoint: driver.endpoint, directory, skip: NOT_IN_MEMORY, ...(only === undefined ? {} : { only }) });
  if (options.override === undefined)
    expect([driver.state.volumes.size, driver.state.snapshots.size, driver.state.groups.size]).toEqual([0, 0, 0]);
  return report;
};

const failuresOf = ({ results }: SanityReport): readonly string[] =>
  results.filter(({ status }) => status === "failed").map(({ id, detail }) => `${id}: ${detail ?? ""}`);

test("the driver in memory passes every check, and nothing is left behind", async () => {
  const report = await check();
  expect(failuresOf(report)).toEqual([]);
  expect(report).toMatchObject({ failed: 0, skipped: 0, passed: SANITY_CHECKS.length - NOT_IN_MEMORY.length });
  expect(readdirSync(directory)).toEqual([]);
});

test("every check has an id and a title of its own", () => {
  for (const key of ["id", "title"] as const) {
    const values = SANITY_CHECKS.map((one) => one[key]);
    expect(values.filter((value, index) => values.indexOf(value) !== index)).toEqual([]);
  }
});

const LEFT_OUT: readonly (readonly (keyof CsiSupports)[])[] = [
  ["stageUnstage"],
  ["publishUnpublishVolume", "publishReadonly", "listVolumesPublishedNodes"],
  ["createDeleteSnapshot", "listSnapshots", "getSnapshot"],
  ["controller"],
  ["node"],
  ["topology", "groupController"],
  ["createDeleteVolume", "cloneVolume"],
];

test.each(LEFT_OUT.map((without) => [without] as const))("a driver without %j passes what applies to it", async (without) => {
  const report = await check({ without });
  expect(failuresOf(report)).toEqual([]);
  expect(report.skipped).toBeGreaterThan(0);
});

test("a driver that can nothing but say who it is passes too", async () => {
  const report = await check({ without: ALL_FEATURES });
  expect(failuresOf(report)).toEqual([]);
  expect(report.passed).toBeGreaterThan(4);
});

const LIARS: readonly (readonly [what: string, override: CsiHandlers, expected: string])[] = [
  ["has a name that is none", { getPluginInfo: () => ({ name: "my driver!", vendorVersion: "1" }) }, "identity-name"],
  ["does not say its version", { getPluginInfo: () => ({ name: "d.example" }) }, "identity-version"],
  [
    "makes a new volume each time",
    { createVolume: () => ({ volume: { volumeId: String(process.hrtime.bigint()), capacityBytes: 2n ** 60n } }) },
    "create-volume-idempotent",
  ],
  ["does not delete", { deleteVolume: () => ({}) }, "delete-volume-gone"],
  ["cuts its list", { listVolumes: () => ({ entries: [] }) }, "controller-look-list-pages"],
  ["takes any page", { listSnapshots: () => ({ entries: [] }) }, "snapshot-list-bad-token"],
  ["confirms nothing", { validateVolumeCapabilities: () => ({ message: "no" }) }, "controller-look-validate"],
  ["does not look at its arguments", { nodeStageVolume: () => ({}) }, "missing-argument-node-stage-volume-volume-id"],
  ["knows volumes that do not exist", { controllerGetVolume: () => ({}) }, "missing-thing-controller-get-volume"],
  ["does not publish", { nodePublishVolume: () => ({}) }, "node-publish-directory"],
  ["does not unpublish", { nodeUnpublishVolume: () => ({}) }, "node-publish-directory"],
  ["measures nothing", { nodeGetVolumeStats: () => ({}) }, "node-use-stats"],
  ["does not grow", { controllerExpandVolume: () => ({ capacityBytes: 1n }) }, "controller-change-expand"],
  ["does not serve what it advertises", { getCapacity: undefined as never }, "capability-getCapacity-served"],
];

test.each(LIARS)("a driver that %s is found out", async (_what, override, expected) => {
  const report = await check({ override }, [expected]);
  expect(failuresOf(report).map((failure) => failure.split(":")[0])).toContain(expected);
});

test("a driver that hangs fails the check and not the suite", async () => {
  await using driver = await startMemoryDriver();
  using _fault = driver.failOn({ method: "ControllerGetVolume", action: { type: "hang" } });
  const only = ["missing-thing-controller-get-volume", "identity-name"];
  const report = await runSanity({ endpoint: driver.endpoint, directory, only, timeoutMs: 1000 });
  expect(failuresOf(report)).toEqual([
    expect.stringContaining("missing-thing-controller-get-volume: answered deadline-exceeded (no answer within"),
  ]);
  expect(report.passed).toBe(1);
});

test("a volume that cannot be deleted fails the check that made it", async () => {
  await using driver = await startMemoryDriver();
  using _fault = driver.failOn({ method: "DeleteVolume", times: 1, action: { type: "error", code: "internal", message: "stuck" } });
  const report = await runSanity({ endpoint: driver.endpoint, directory, only: ["create-volume-smallest"] });
  expect(failuresOf(report)).toEqual([expect.stringContaining("cannot clean up: CsiError: DeleteVolume of")]);
});

test.each(["ControllerPublishVolume", "NodeStageVolume"])("what a %s that failed has done all the same is undone", async (method) => {
  await using driver = await startMemoryDriver();
  using _fault = driver.failOn({ method, action: { type: "error-after", code: "deadline-exceeded", message: "too slow" } });
  const report = await runSanity({ endpoint: driver.endpoint, directory, only: ["node-stage-twice"] });
  expect(failuresOf(report)).toEqual([expect.stringContaining("too slow")]);
  expect(failuresOf(report).join()).not.toContain("clean up");
  expect(driver.state.volumes.size).toBe(0);
});

test("the suite ends with its signal", async () => {
  await using driver = await startMemoryDriver();
  const controller = new AbortController();
  const run = runSanity({
    endpoint: driver.endpoint,
    directory,
    signal: controller.signal,
    onResult: () => controller.abort(new Error("enough")),
  });
  await expect(run).rejects.toThrow("enough");
});
