import type { Pod } from "@nk/pod-model";
import { createFakeClock } from "@nk/stdx/testing";
import { expect, test } from "vitest";
import { createFakePorts, samplePod } from "../testing/index.ts";
import { createPodSync } from "./pod-sync.ts";

const create = () => {
  const clock = createFakeClock();
  const fake = createFakePorts({ clock });
  return { fake, podSync: createPodSync(fake.ports, { clock, random: () => 0 }) };
};
const { signal } = new AbortController();
const uid = "uid-web";

/** The next pass stops the container, which counts as replaced until the other one has started. */
const expectReplacement = async ({ fake, podSync }: ReturnType<typeof create>, pod: Pod, id: string): Promise<void> => {
  const release = fake.runtime.hold("CreateContainer");
  const pass = podSync.sync(pod, { signal });
  await new Promise((resolve) => setImmediate(resolve));
  expect(fake.runtime.find("main").state).toBe("exited");
  expect(podSync.isReplaced(uid, id)).toBe(true);
  release();
  await pass;
  expect(podSync.isReplaced(uid, id)).toBe(false);
};

test("a container that is killed to be started anew has not ended until its successor runs", async () => {
  const { fake, podSync } = create();
  const livenessProbe = { exec: { command: ["true"] } };
  const pod = samplePod({ restartPolicy: "OnFailure", containers: [{ name: "main", image: "busybox", livenessProbe }] });
  await podSync.sync(pod, { signal });
  const { id } = fake.runtime.find("main");
  fake.probes.set(id, { liveness: "failure" });
  await expectReplacement({ fake, podSync }, pod, id);
  expect(fake.runtime.find("main").state).toBe("running");
});

test("a container that is moved to a new sandbox has not ended until it runs there", async () => {
  const { fake, podSync } = create();
  const pod = samplePod({ restartPolicy: "OnFailure", containers: [{ name: "main", image: "busybox" }] });
  await podSync.sync(pod, { signal });
  const { id } = fake.runtime.find("main");
  fake.runtime.stopExitCode = 0;
  fake.runtime.loseSandbox(uid);
  await expectReplacement({ fake, podSync }, pod, id);
  expect(fake.runtime.find("main").state).toBe("running");
});

test("a container that had ended by itself when its sandbox died has ended", async () => {
  const { fake, podSync } = create();
  const pod = samplePod({ restartPolicy: "Always", containers: [{ name: "main", image: "busybox" }] });
  await podSync.sync(pod, { signal });
  const { id } = fake.runtime.find("main");
  fake.runtime.breakSandbox(uid);
  const release = fake.runtime.hold("RunPodSandbox");
  const pass = podSync.sync(pod, { signal });
  await new Promise((resolve) => setImmediate(resolve));
  expect(podSync.isReplaced(uid, id)).toBe(false);
  release();
  await pass;
});
