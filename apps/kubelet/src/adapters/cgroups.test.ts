import type { Cgroups } from "@nk/cgroups";
import { createCgroups } from "@nk/cgroups";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { toResources } from "./cgroups.ts";

let root = "";
let cgroups: Cgroups;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "nk-limits-"));
  await mkdir(join(root, "pod"));
  await writeFile(join(root, "cgroup.controllers"), "cpu memory\n");
  for (const file of ["memory.max", "cpu.max", "cpu.weight"]) await writeFile(join(root, "pod", file), "");
  cgroups = createCgroups({ root });
});
afterEach(() => rm(root, { recursive: true, force: true }));

describe("the limits of a pod's cgroup", () => {
  // Nothing refuses a limit of 16 Pi, or more, for being more than the node has.
  it.each([0n, -1n, 2n ** 54n, 2n ** 63n - 1n, 2n ** 80n])("are none for %s, which is no error", async (amount) => {
    await cgroups.apply("/pod", toResources({ memoryLimitBytes: amount, cpuQuotaMicros: amount, cpuPeriodMicros: 100_000n }));
    const texts = await Promise.all(["memory.max", "cpu.max"].map((file) => readFile(join(root, "pod", file), "utf8")));
    expect(texts).toEqual(["max", "max 100000"]);
  });

  it("are the amounts that were asked for", async () => {
    await cgroups.apply(
      "/pod",
      toResources({ memoryLimitBytes: 4096n, cpuQuotaMicros: 50_000n, cpuPeriodMicros: 100_000n, cpuShares: 2n }),
    );
    const texts = await Promise.all(["memory.max", "cpu.max", "cpu.weight"].map((file) => readFile(join(root, "pod", file), "utf8")));
    expect(texts).toEqual(["4096", "50000 100000", "1"]);
  });
});
