import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ContainerLogRequest } from "@nk/kubelet-api";
import type { Pod, PodStatus, RuntimeContainerStatus, RuntimePodStatus } from "@nk/pod-model";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLogs } from "./logs.ts";

let directory: string;
let path: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "nk-app-logs-"));
  path = join(directory, "0.log");
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

const pod: Pod = { metadata: { name: "web", namespace: "default", uid: "u1" }, spec: { containers: [{ name: "main" }] } };
const running = { name: "main", containerID: "containerd://c1", state: { running: {} } };
const status = { phase: "Running", containerStatuses: [running] } as unknown as PodStatus;
const request: ContainerLogRequest = {
  namespace: "default",
  pod: "web",
  container: "main",
  follow: false,
  previous: false,
  timestamps: false,
};

/** A pod that can be taken from its source, and whose container can end. */
const createWorld = () => {
  const world = { isWanted: true, state: "running" as RuntimeContainerStatus["state"] };
  const observed = (): RuntimePodStatus =>
    ({ uid: "u1", containers: [{ id: "c1", name: "main", state: world.state, logPath: path }] }) as unknown as RuntimePodStatus;
  const logs = createLogs({ findPod: () => (world.isWanted ? { pod, status, observed: observed() } : undefined), observed });
  return { world, logs };
};

const { signal } = new AbortController();

describe("container logs", () => {
  it("follows a removed pod to the last word of its container", async () => {
    await writeFile(path, "2026-11-21T00:00:00Z stdout F first\n");
    const { world, logs } = createWorld();
    const words: string[] = [];
    for await (const chunk of await logs.openLog({ ...request, follow: true }, { signal })) {
      words.push(Buffer.from(chunk).toString().trim());
      if (words.length > 1) continue;
      world.isWanted = false;
      setTimeout(() => {
        void appendFile(path, "2026-11-21T00:00:01Z stdout F last\n").then(() => {
          world.state = "exited";
        });
      }, 1200);
    }
    expect(words).toEqual(["first", "last"]);
  });

  it("says that there is no file before it answers anything", async () => {
    await expect(createWorld().logs.openLog(request, { signal })).rejects.toMatchObject({
      status: 500,
      message: `failed to try resolving symlinks in path "${path}": no such file or directory`,
    });
  });
});
