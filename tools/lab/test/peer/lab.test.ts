import { existsSync, readFileSync } from "node:fs";
import { systemClock } from "@nk/stdx";
import { describe, expect, it } from "vitest";
import { isLeakFree, startLab } from "../../src/index.ts";
import type { ContainerdVersion, Lab } from "../../src/index.ts";
import { runPod } from "../cri-messages.ts";

const versions: readonly ContainerdVersion[] = ["1.6", "2.1"];

const fetchText = async (url: string): Promise<string> => {
  const deadline = systemClock.monotonicMs() + 10_000;
  for (;;) {
    try {
      return await (await fetch(url)).text();
    } catch (error) {
      if (systemClock.monotonicMs() > deadline) throw error;
      await systemClock.sleep(20);
    }
  }
};

const listTaskIds = async (lab: Lab): Promise<string[]> => (await lab.ctr(["tasks", "ls", "-q"])).trim().split("\n");

describe.each(versions)("a lab of containerd %s", (containerd) => {
  it("runs the version asked for and holds the lab's images", async () => {
    await using lab = await startLab({ containerd, yes: true });
    expect(await lab.ctr(["version"])).toContain(`Version:  ${containerd}.`);
    const images = await lab.ctr(["images", "ls", "-q"]);
    for (const image of Object.values(lab.images)) expect(images.split("\n")).toContain(image);
  });

  it("runs a pod that is reached by its address and by a host port, and leaves nothing of it", async () => {
    const lab = await startLab({ containerd, yes: true });
    try {
      const hostPort = containerd === "1.6" ? 18_016 : 18_021;
      const { containerId } = await runPod(lab, { name: "web", hostPort, command: ["httpd", "-f", "-h", "/var/www"] });
      const traces = await lab.findTraces();
      expect(traces.links.length).toBe(2);
      expect(traces.rules.length).toBeGreaterThan(0);
      expect(traces.files.filter((path) => path.startsWith("/run/containerd/s/"))).toHaveLength(1);
      expect(traces.files.filter((path) => path.startsWith("/var/lib/cni/")).length).toBeGreaterThan(0);
      const address = await lab.ctr(["tasks", "exec", "--exec-id", "ip", containerId, "ip", "-4", "-o", "addr", "show", "eth0"]);
      const podIp = /inet ([\d.]+)/.exec(address)?.[1];
      expect(podIp).toContain(lab.subnet.replace("0/24", ""));
      expect(await fetchText(`http://${podIp}/`)).toBe("hello from nk\n");
      expect(await fetchText(`http://127.0.0.1:${hostPort}/`)).toBe("hello from nk\n");
    } finally {
      const report = await lab.close();
      expect(report).toSatisfy(isLeakFree);
    }
    expect(existsSync(lab.dir)).toBe(false);
    expect(await lab.findTraces()).toSatisfy(isLeakFree);
  });

  it("keeps containers running while the runtime is away", async () => {
    await using lab = await startLab({ containerd, yes: true });
    const { containerId } = await runPod(lab, { name: "outage", command: ["sleep", "1000"] });
    const before = lab.pid;
    await lab.stopRuntime("SIGKILL");
    expect((await lab.findTraces()).processes.some((line) => line.includes("sleep 1000"))).toBe(true);
    await lab.startRuntime();
    expect(lab.pid).not.toBe(before);
    expect(await listTaskIds(lab)).toContain(containerId);
  });

  it("removes paused and many containers at once", async () => {
    const lab = await startLab({ containerd, yes: true });
    const { containerId } = await runPod(lab, { name: "frozen", command: ["sleep", "1000"] });
    await lab.ctr(["tasks", "pause", containerId]);
    await Promise.all([1, 2, 3, 4].map((number) => runPod(lab, { name: `pod-${number}`, command: ["sleep", "1000"] })));
    const start = systemClock.monotonicMs();
    const report = await lab.close();
    expect(report).toSatisfy(isLeakFree);
    expect(systemClock.monotonicMs() - start).toBeLessThan(3000);
  });
});

describe("labs", () => {
  it("lie side by side, each with a bridge and a subnet of its own", async () => {
    await using first = await startLab({ containerd: "1.6", yes: true });
    await using second = await startLab({ containerd: "1.6", yes: true });
    expect(second.bridgeName).not.toBe(first.bridgeName);
    expect(second.subnet).not.toBe(first.subnet);
    await Promise.all([first, second].map((lab) => runPod(lab, { name: "same-name", command: ["sleep", "1000"] })));
    expect(await first.close()).toSatisfy(isLeakFree);
    expect(await listTaskIds(second)).toHaveLength(2);
    expect(await second.close()).toSatisfy(isLeakFree);
  });

  it("are not made when the signal has aborted", async () => {
    const abort = AbortSignal.abort(new Error("enough"));
    await expect(startLab({ containerd: "1.6", yes: true, signal: abort })).rejects.toThrow("enough");
  });

  it("do not take a folder that holds somebody's files", async () => {
    await expect(startLab({ containerd: "1.6", yes: true, dir: "/usr" })).rejects.toThrow("not empty");
    expect(existsSync("/usr/bin")).toBe(true);
  });

  it("share the host's root mount", async () => {
    await using lab = await startLab({ containerd: "1.6", yes: true });
    expect(lab.pid).toBeGreaterThan(0);
    expect(readFileSync("/proc/self/mountinfo", "utf8")).toMatch(/ \/ \/ \S+ shared:/);
  });
});
