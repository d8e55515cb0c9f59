import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { isLeakFree, listLabRecords, startLab, sweepStaleLabs } from "../../src/index.ts";
import { readStartTicks } from "../../src/processes.ts";

const live = await startLab({ containerd: "1.6", yes: true });
afterAll(() => live.close());

it("removes what a killed owner left, a kubelet included, and lets live labs be", async () => {
  const owner = spawn(process.execPath, ["--conditions=@nk/source", fileURLToPath(new URL("../killed-owner.ts", import.meta.url))], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  // An owner that fails closes its output instead.
  const lines = createInterface(owner.stdout);
  const [line = "{}"] = (await Promise.race([once(lines, "line"), once(lines, "close")])) as [string?];
  const { dir, kubeletPid } = JSON.parse(line) as { dir: string; kubeletPid: number };
  owner.kill("SIGKILL");
  await once(owner, "exit");
  expect(existsSync(dir)).toBe(true);

  const reports = await sweepStaleLabs();

  expect(reports.length).toBeGreaterThan(0);
  expect(reports.every(isLeakFree)).toBe(true);
  expect(existsSync(dir)).toBe(false);
  expect(readStartTicks(kubeletPid)).toBeUndefined();
  expect(listLabRecords().map((record) => record.dir)).toContain(live.dir);
  expect(await live.ctr(["version"])).toContain("Server:");
});
