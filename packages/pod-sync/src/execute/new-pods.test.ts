import { createFakeClock } from "@nk/stdx/testing";
import { describe, expect, test } from "vitest";
import { createFakePorts, samplePod } from "../testing/index.ts";
import { createPodSync } from "./pod-sync.ts";

const { signal } = new AbortController();

/** A node whose pods are new, or nobody knows, and which counts how often it asked the runtime what a pod has. */
const create = (isNew: boolean) => {
  const clock = createFakeClock();
  const fake = createFakePorts({ clock });
  const { observed, sandboxes } = fake.ports;
  let wholeReads = 0;
  let failure: Error | undefined;
  const podSync = createPodSync(
    {
      ...fake.ports,
      sandboxes: {
        ...sandboxes,
        runPodSandbox: async (request) => {
          if (failure !== undefined) throw failure;
          return sandboxes.runPodSandbox(request);
        },
      },
      observed: {
        ...observed,
        isNew: () => isNew,
        refresh: (uid, options) => {
          if (options.growth === undefined) wholeReads += 1;
          return observed.refresh(uid, options);
        },
      },
    },
    { clock, random: () => 0 },
  );
  return { fake, podSync, wholeReads: () => wholeReads, fail: (error: Error | undefined) => (failure = error) };
};

describe("a pod that came into being while the kubelet was looking", () => {
  test("is started without asking the runtime what it has of it", async () => {
    const { fake, podSync, wholeReads } = create(true);
    await podSync.sync(samplePod(), { signal });
    expect(fake.runtime.calls).toEqual(["RunPodSandbox 0", "CreateContainer main 0", "StartContainer main 0"]);
    expect(wholeReads()).toBe(0);
  });

  test("is read like any other once something was asked for, for it may have been made", async () => {
    const { podSync, wholeReads, fail } = create(true);
    fail(new Error("no answer"));
    expect((await podSync.sync(samplePod(), { signal })).error?.code).toBe("sandbox-failed");
    const before = wholeReads();
    fail(undefined);
    expect((await podSync.sync(samplePod(), { signal })).error).toBeUndefined();
    expect(wholeReads()).toBe(before + 1);
  });

  test("needs nothing of the runtime to be ended before it began", async () => {
    const { fake, podSync, wholeReads } = create(true);
    await podSync.terminate(samplePod(), { signal });
    expect([fake.runtime.calls, wholeReads()]).toEqual([[], 0]);
  });
});

test("any other pod is read before it is started: an earlier kubelet may have done so", async () => {
  const { podSync, wholeReads } = create(false);
  await podSync.sync(samplePod(), { signal });
  expect(wholeReads()).toBe(1);
});
