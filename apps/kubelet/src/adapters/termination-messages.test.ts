import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pod, RuntimeContainerStatus } from "@nk/pod-model";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readMessageOf } from "./termination-messages.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "nk-messages-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const pod: Pod = { spec: { containers: [{ name: "main", image: "busybox", command: ["$(TOKEN)"] }] } };

const endedWith = (hostPath: string, message: string): RuntimeContainerStatus => ({
  id: "c",
  name: "main",
  state: "exited",
  attempt: 0,
  createdAtNanos: 1n,
  startedAtNanos: 0n,
  finishedAtNanos: 2n,
  exitCode: 128,
  reason: "StartError",
  message,
  image: "busybox",
  imageId: "sha256:1",
  imageRef: "sha256:1",
  sandboxId: "s",
  logPath: "",
  labels: {},
  annotations: {},
  mounts: [{ containerPath: "/dev/termination-log", hostPath }],
});

describe("the message of an ended container", () => {
  it("is the runtime's, with the executable as the pod spells it, and then the container's own", async () => {
    const path = join(dir, "log");
    await writeFile(path, "");
    const ended = endedWith(path, 'exec: "s3cret": executable file not found in $PATH');
    expect(await readMessageOf(pod, ended)).toBe('exec: "$(TOKEN)": executable file not found in $PATH');
    await writeFile(path, "own words");
    expect(await readMessageOf(pod, ended)).toBe('exec: "$(TOKEN)": executable file not found in $PATH: own words');
  });
});
