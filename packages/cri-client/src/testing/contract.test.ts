import { afterAll, describe, expect, test } from "vitest";
import { describeCriRuntimeContract } from "./contract.ts";
import { startFakeRuntime } from "./fake-runtime.ts";
import type { FakeProfile } from "./profiles.ts";

describe.each([
  { profile: "containerd-1.6", events: false },
  { profile: "containerd-2.1", events: true },
  { profile: "full", events: true },
] satisfies { profile: FakeProfile; events: boolean }[])("the fake runtime as $profile", async ({ profile, events }) => {
  const runtime = await startFakeRuntime({
    profile,
    images: ["lab/busybox:1"],
    program: ({ config }) => (config.command[0] === "/no/such/command" ? { startError: "no such file or directory" } : undefined),
    execute: (_container, [command, seconds]) => (command === "/bin/sleep" ? { afterMs: Number(seconds) * 1000 } : {}),
  });
  afterAll(() => runtime[Symbol.asyncDispose]());
  describeCriRuntimeContract({
    test,
    expect,
    open: async () => ({ endpoint: runtime.endpoint, image: "lab/busybox:1", logDirectory: "/var/log/pods", events }),
  });
});
