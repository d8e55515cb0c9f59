import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pod } from "@nk/pod-model";
import type { ProbeResult, ProbeResultChange, ProbeType } from "@nk/probes";
import { createRecordingLogger } from "@nk/stdx/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createProbeMemory } from "./probe-memory.ts";
import type { ProbeMemory } from "./probe-memory.ts";

let rootDir = "";
let podDir = "";
beforeEach(async () => {
  rootDir = await mkdtemp(join(tmpdir(), "nk-probe-memory-"));
  podDir = join(rootDir, "pods", "u");
  await mkdir(podDir, { recursive: true });
});
afterEach(() => rm(rootDir, { recursive: true, force: true }));

const logs = createRecordingLogger();
const open = (): ProbeMemory => createProbeMemory({ rootDir, logger: logs });

const staticPod: Pod = { metadata: { name: "p", namespace: "n", uid: "u", annotations: { "kubernetes.io/config.source": "file" } } };

/** The probes of one container say something. */
const say = (memory: ProbeMemory, said: Partial<Record<ProbeType, ProbeResult>>, { pod = staticPod, containerId = "c1" } = {}): void => {
  const results = { get: (_id: string, probeType: ProbeType) => said[probeType], subscribe: () => ({ [Symbol.dispose]: () => undefined }) };
  for (const [probeType, result] of Object.entries(said) as [ProbeType, ProbeResult][]) {
    const change: ProbeResultChange = { uid: "u", containerName: "main", containerId, probeType, result };
    memory.remember(pod, change, results);
  }
};

const recall = (memory: ProbeMemory, containerId = "c1", pod = staticPod) => memory.recall(pod, { name: "main", containerId });

describe("the memory of probes", () => {
  it("of a static pod outlives the kubelet, container by container", async () => {
    const first = open();
    expect(recall(first)).toBeUndefined();
    say(first, { startup: "success", readiness: "failure" });
    await first.settled();
    const second = open();
    expect(recall(second)).toMatchObject({ started: true, ready: false });
    say(second, { startup: "success", readiness: "success" });
    await second.settled();
    expect(recall(open())).toMatchObject({ started: true, ready: true });
    say(second, { startup: "unknown", readiness: "failure" }, { containerId: "c2" });
    await second.settled();
    expect([recall(open(), "c1"), recall(open(), "c2")]).toEqual([undefined, { containerId: "c2", started: false, ready: false }]);
  });

  it("is the newest word when many are said at once", async () => {
    const memory = open();
    for (let count = 0; count < 50; count += 1) say(memory, { readiness: count % 2 === 0 ? "failure" : "success" });
    await memory.settled();
    expect(recall(open())).toMatchObject({ started: true, ready: true });
    expect(await readdir(podDir)).toEqual(["probe-verdicts.json"]);
  });

  it("of any other pod is its status, and no file", async () => {
    const memory = open();
    const pod: Pod = {
      metadata: { name: "p", namespace: "n", uid: "u" },
      status: {
        containerStatuses: [
          { name: "main", ready: true, started: true, restartCount: 0, image: "", imageID: "", containerID: "containerd://c1" },
        ],
      },
    };
    say(memory, { startup: "success", readiness: "success" }, { pod });
    await memory.settled();
    expect(await readdir(podDir)).toEqual([]);
    expect([recall(memory, "c1", pod), recall(memory, "c2", pod)]).toEqual([{ started: true, ready: true }, undefined]);
  });

  it.each([
    ["cut off", '{"main":{"containerId":"c1","sta'],
    ["of another shape", '{"main":["c1"],"__proto__":{"containerId":7}}'],
    ["no object", "null"],
    ["huge", " ".repeat(2 * 1024 * 1024)],
  ])("begins anew when its file is %s", async (_what, text) => {
    await writeFile(join(podDir, "probe-verdicts.json"), text);
    const memory = open();
    expect(recall(memory)).toBeUndefined();
    say(memory, { readiness: "success" });
    await memory.settled();
    expect(recall(open())).toMatchObject({ ready: true });
  });

  it("goes with the pod's directory", async () => {
    const memory = open();
    await rm(podDir, { recursive: true });
    say(memory, { readiness: "success" });
    await memory.settled();
    memory.forget("u");
    expect([recall(memory), await readdir(join(rootDir, "pods"))]).toEqual([undefined, []]);
  });
});
