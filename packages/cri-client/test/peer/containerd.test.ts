import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { isLeakFree, startLab } from "@nk/tool-lab";
import type { ContainerdVersion, Lab } from "@nk/tool-lab";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createCriClient } from "../../src/index.ts";
import { describeCriRuntimeContract } from "../../src/testing/contract.ts";

const RUNTIMES = [
  { containerd: "1.6", events: false },
  { containerd: "2.1", events: true },
] as const satisfies { containerd: ContainerdVersion; events: boolean }[];

describe.each(RUNTIMES)("containerd $containerd", ({ containerd, events }) => {
  let lab: Lab;
  let logDirectory = "";

  beforeAll(async () => {
    lab = await startLab({ containerd, yes: true });
    logDirectory = mkdtempSync(join(lab.dir, "logs-"));
  });

  afterAll(async () => {
    const report = await lab.close();
    rmSync(logDirectory, { recursive: true, force: true });
    if (!isLeakFree(report)) throw new Error(`the lab leaves things behind: ${JSON.stringify(report)}`);
  });

  describeCriRuntimeContract({
    test,
    expect,
    open: async () => ({
      endpoint: lab.endpoint,
      image: lab.images.busybox,
      logDirectory,
      cgroupParent: lab.cgroupRoot,
      events,
    }),
  });

  test("the first call succeeds within 300 ms after an outage of 20 s", async () => {
    const client = createCriClient({ endpoint: lab.endpoint });
    await client.version();
    await lab.stopRuntime();
    const failures: string[] = [];
    const outageEndMs = performance.now() + 20_000;
    while (performance.now() < outageEndMs) {
      await client.version().catch((error: unknown) => failures.push(String(error)));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(failures.length).toBeGreaterThan(10);

    // startRuntime() waits until the lab's own probe was answered, so the count starts before it, and both poll.
    let answeredMs = 0;
    const poll = async (): Promise<void> => {
      for (;;) {
        try {
          await client.version();
          answeredMs = performance.now();
          return;
        } catch {
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
      }
    };
    const polled = poll();
    await lab.startRuntime();
    const readyMs = performance.now();
    await polled;
    expect(answeredMs - readyMs).toBeLessThan(300);
    client.close();
  });
});
