import { createFakeClock, createRecordingLogger } from "@nk/stdx/testing";
import { expect, test } from "vitest";
import type { PodSyncPorts } from "../ports.ts";
import { createFakePorts, samplePod } from "../testing/index.ts";
import type { FakePorts } from "../testing/index.ts";
import { createPodSync } from "./pod-sync.ts";

const { signal } = new AbortController();
const pod = samplePod({ containers: ["main", "other"].map((name) => ({ name, image: "busybox" })) });

const create = (wrap: (fake: FakePorts) => PodSyncPorts = (fake) => fake.ports) => {
  const clock = createFakeClock();
  const logger = createRecordingLogger();
  const fake = createFakePorts({ clock });
  const podSync = createPodSync(wrap(fake), { clock, logger, random: () => 0 });
  const crash = async (): Promise<void> => {
    fake.runtime.exit("main", 1);
    await podSync.sync(pod, { signal });
    await clock.advance(300_000);
    await podSync.sync(pod, { signal });
  };
  return { fake, logger, podSync, crash };
};
const logsOf = (fake: FakePorts, name: string): readonly string[] => [...fake.terminationLogs].filter((path) => path.includes(`/${name}/`));

test("logs of instances that are gone do not pile up, and those of instances that exist stay", async () => {
  const { fake, podSync, crash } = create();
  await podSync.sync(pod, { signal });
  for (let crashes = 0; crashes < 10; crashes += 1) {
    await crash();
    const mounted = ((await fake.ports.observed.refresh("uid-web", { signal }))?.containers ?? []).flatMap(({ mounts }) => mounts);
    expect(fake.runtime.find("main").state).toBe("running");
    expect(logsOf(fake, "main").length).toBeLessThanOrEqual(3);
    const paths = mounted.filter(({ containerPath }) => containerPath === "/dev/termination-log").map(({ hostPath }) => hostPath);
    expect(paths.filter((path) => !fake.terminationLogs.has(path))).toEqual([]);
  }
  expect(logsOf(fake, "other")).toHaveLength(1);
});

test("the log of an instance that could not be created goes with the next try", async () => {
  const { fake, podSync } = create((inner) => ({
    ...inner.ports,
    containers: { ...inner.ports.containers, createContainer: () => Promise.reject(new Error("no")) },
  }));
  for (let tries = 0; tries < 5; tries += 1) await podSync.sync(pod, { signal });
  expect(logsOf(fake, "main")).toHaveLength(1);
});

test("a log is kept while the runtime does not tell what is mounted", async () => {
  const { fake, podSync, crash } = create((inner) => {
    const withoutMounts: PodSyncPorts["observed"]["refresh"] = async (uid, options) => {
      const observed = await inner.ports.observed.refresh(uid, options);
      return observed && { ...observed, containers: observed.containers.map((container) => ({ ...container, mounts: [] })) };
    };
    return { ...inner.ports, observed: { refresh: withoutMounts, get: () => undefined } };
  });
  await podSync.sync(pod, { signal });
  for (let crashes = 0; crashes < 4; crashes += 1) await crash();
  expect(logsOf(fake, "main")).toHaveLength(5);
});

test("a container starts although old logs cannot be removed", async () => {
  const { fake, logger, podSync, crash } = create((inner) => ({
    ...inner.ports,
    files: { ...inner.ports.files, removeStaleTerminationLogs: () => Promise.reject(new Error("read-only file system")) },
  }));
  await podSync.sync(pod, { signal });
  await crash();
  expect(fake.runtime.find("main")).toMatchObject({ state: "running", attempt: 1 });
  expect(JSON.stringify(logger)).toContain("old termination logs could not be removed");
});
