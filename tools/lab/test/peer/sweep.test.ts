import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { isLeakFree, listLabRecords, startLab, sweepStaleLabs } from "../../src/index.ts";
import { readStartTicks } from "../../src/processes.ts";

const live = await startLab({ containerd: "1.6", yes: true });
afterAll(() => live.close());

const isListening = async (url: string): Promise<boolean> => {
  const socket = connect(Number(new URL(url).port), "127.0.0.1");
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
};

it("removes what a killed owner left, a kubelet and a control plane included, and lets live labs be", async () => {
  const owner = spawn(process.execPath, ["--conditions=@nk/source", fileURLToPath(new URL("../killed-owner.ts", import.meta.url))], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  // An owner that fails closes its output instead.
  const lines = createInterface(owner.stdout);
  const [line = "{}"] = (await Promise.race([once(lines, "line"), once(lines, "close")])) as [string?];
  const { dir, kubeletPid, url } = JSON.parse(line) as { dir: string; kubeletPid: number; url: string };
  owner.kill("SIGKILL");
  await once(owner, "exit");
  expect(existsSync(dir)).toBe(true);
  expect(await isListening(url)).toBe(true);

  const reports = await sweepStaleLabs();

  expect(reports.length).toBeGreaterThan(0);
  expect(reports.every(isLeakFree)).toBe(true);
  expect(existsSync(dir)).toBe(false);
  expect(readStartTicks(kubeletPid)).toBeUndefined();
  expect(await isListening(url)).toBe(false);
  expect(listLabRecords().map((record) => record.dir)).toContain(live.dir);
  expect(await live.ctr(["version"])).toContain("Server:");
});
