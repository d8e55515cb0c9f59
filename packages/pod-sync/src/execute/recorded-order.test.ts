import { readFileSync } from "node:fs";
import { createFakeClock } from "@nk/stdx/testing";
import type { FakeClock } from "@nk/stdx/testing";
import { expect, test } from "vitest";
import { podOfRecording } from "../../test/recordings/recording.ts";
import { createFakePorts } from "../testing/index.ts";
import type { FakePorts } from "../testing/index.ts";
import { createPodSync } from "./pod-sync.ts";

/** Plays what happened to a recorded pod, other than through the kubelet. */
interface Play {
  readonly fake: FakePorts;
  readonly clock: FakeClock;
  readonly sync: () => Promise<void>;
  readonly terminate: () => Promise<void>;
  readonly exec: (container: string, cmd: readonly string[]) => Promise<void>;
}

const scripts: { readonly [name: string]: (play: Play) => Promise<void> } = {
  "p18-init": async ({ fake, sync, terminate }) => {
    await sync();
    fake.runtime.exit("i1", 0);
    await sync();
    fake.runtime.exit("i2", 0);
    await sync();
    await sync();
    await terminate();
  },
  "p19-sidecar": async ({ fake, sync, terminate, exec }) => {
    await sync();
    fake.runtime.exit("i1", 0);
    await sync();
    await exec("side", ["true"]);
    fake.probes.set(fake.runtime.find("side").id, { startup: "success" });
    await sync();
    fake.runtime.exit("i2", 0);
    await sync();
    fake.runtime.exit("main", 0);
    await sync();
    await terminate();
  },
  "p22-hooks": async ({ sync, terminate }) => {
    await sync();
    await terminate();
  },
  "p23-poststart-fails": async ({ fake, sync, terminate }) => {
    fake.runtime.exec = () => ({ exitCode: 3 });
    await sync();
    await sync();
    await sync();
    await terminate();
  },
  "p24-crash": async ({ fake, sync, terminate }) => {
    await sync();
    fake.runtime.exit("main", 7);
    await sync();
    fake.runtime.exit("main", 7);
    await sync();
    await terminate();
    await terminate();
  },
  "p26-termination-message": async ({ fake, sync, terminate }) => {
    await sync();
    fake.runtime.exit("file", 1);
    fake.runtime.exit("logs", 1);
    await sync();
    fake.runtime.exit("path", 0);
    await terminate();
  },
  "p29-invalid-image-name": async ({ fake, sync, terminate }) => {
    const message =
      `Failed to apply default image tag "UPPER/Case:1": couldn't parse image name "UPPER/Case:1": invalid reference format: ` +
      "repository name (Case) must be lowercase";
    fake.image = ({ pod: ref, fieldPath }) => {
      fake.ports.events.record({ ref, ...(fieldPath !== undefined && { fieldPath }), type: "Warning", reason: "InspectFailed", message });
      throw Object.assign(new Error(message), { code: "InvalidImageName" });
    };
    await sync();
    await sync();
    await terminate();
  },
};

const byField = (lines: readonly string[]) => Map.groupBy(new Set(lines), (line) => /^\S+ \S+ ([^:]+):/u.exec(line)?.[1]);

test.each(Object.entries(scripts))("makes the calls and events of recording %s in its order", async (name, script) => {
  const clock = createFakeClock();
  const fake = createFakePorts({ clock });
  const pod = podOfRecording(name);
  const podSync = createPodSync(fake.ports, { clock });
  const { signal } = new AbortController();
  const run = async (work: Promise<unknown>): Promise<void> => {
    // Hooks that sleep need the clock to go on.
    const done = work.then(() => "done");
    while ((await Promise.race([done, clock.advance(100)])) !== "done");
  };
  await script({
    fake,
    clock,
    sync: () => run(podSync.sync(pod, { signal })),
    terminate: () => run(podSync.terminate(pod, { signal })),
    exec: async (container, cmd) => {
      await fake.runtime.containers.execSync({ containerId: fake.runtime.find(container).id, cmd, timeout: 1n }, { signal });
    },
  });

  const recorded = readFileSync(new URL(`transcripts/recorded-${name}.txt`, import.meta.url), "utf8");
  const [calls = "", events = ""] = recorded.split("\n\n");
  const made = fake.runtime.calls.filter((call) => !call.startsWith("Remove")).map((call) => call.replace(/^(StopPodSandbox) .*/u, "$1"));
  expect(made).toEqual(calls.split("\n"));
  const told = fake.events.map((event) => `${event.type} ${event.reason} ${event.fieldPath ?? "pod"}: ${event.message}`);
  // Images are ensured side by side, so only the order within one container is the reference's.
  expect(byField(told)).toEqual(byField(events.trimEnd().split("\n")));
});
