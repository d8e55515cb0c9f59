import { mkdir, mkdtemp, readFile, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pod } from "@nk/pod-model";
import { createRecordingMetrics } from "@nk/stdx/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createVolumes } from "./index.ts";
import type { Volumes } from "./index.ts";
import { createFakePorts } from "./testing/fake-ports.ts";
import type { FakePorts } from "./testing/fake-ports.ts";
import { samplePod } from "./testing/sample-pod.ts";

let dir = "";
let fakes: FakePorts;
let volumes: Volumes;
let metrics = createRecordingMetrics();
const signal = new AbortController().signal;

/** Real files take real time; how long is not the test's business. */
const eventually = (check: () => unknown): Promise<unknown> => vi.waitFor(check, { timeout: 8000, interval: 5 });

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "nk-updates-"));
  fakes = createFakePorts();
  const { clock, logger, onEvent } = fakes;
  metrics = createRecordingMetrics();
  volumes = createVolumes({ rootDir: dir, clock, logger, onEvent, metrics }, fakes.ports);
});

afterEach(async () => {
  volumes[Symbol.dispose]();
  fakes.objects[Symbol.dispose]();
  await rm(dir, { recursive: true, force: true });
});

const putConfigMap = (text: string): void => fakes.configMaps.put({ metadata: { name: "cm", namespace: "default" }, data: { key: text } });

const file = (plugin: string, volume: string, name: string): string => join(dir, `pods/u1/volumes/kubernetes.io~${plugin}`, volume, name);

const expectFile = (path: string, text: string): Promise<unknown> =>
  eventually(async () => {
    expect(await readFile(path, "utf8")).toBe(text);
  });

const configMapPod = (): Pod => samplePod({ name: "v", configMap: { name: "cm" } });

const tokenPod = (): Pod => samplePod({ name: "t", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } });

describe("a volume that is mounted", () => {
  it("shows a changed object at once, without anybody asking and without time passing", async () => {
    putConfigMap("1");
    await volumes.prepare(configMapPod(), { signal });
    putConfigMap("2");
    await expectFile(file("configmap", "v", "key"), "2");
    expect(fakes.clock.monotonicMs()).toBe(0);
  });

  it("takes changes that come fast in few steps, and ends with the last", async () => {
    putConfigMap("0");
    await volumes.prepare(configMapPod(), { signal });
    for (let change = 1; change <= 50; change += 1) putConfigMap(String(change));
    await expectFile(file("configmap", "v", "key"), "50");
    const labels = { volume_plugin: "kubernetes.io/configmap", operation_name: "volume_mount", status: "success", migrated: "false" };
    // The first, the one under way when the rest came in, and one for all of the rest.
    expect(metrics.observations("storage_operation_duration_seconds", labels).length).toBeLessThan(10);
  });

  it("is left alone by changes of other objects and of other namespaces", async () => {
    putConfigMap("1");
    await volumes.prepare(configMapPod(), { signal });
    const before = await readlink(file("configmap", "v", "..data"));
    fakes.configMaps.put({ metadata: { name: "cm", namespace: "other" }, data: { key: "x" } });
    fakes.configMaps.put({ metadata: { name: "other", namespace: "default" }, data: { key: "x" } });
    await volumes.refresh("u1", { signal });
    expect(await readlink(file("configmap", "v", "..data"))).toBe(before);
  });

  it("keeps what it shows when its object goes, tells of it, and shows the next one", async () => {
    putConfigMap("1");
    const pod = configMapPod();
    await volumes.prepare(pod, { signal });
    fakes.configMaps.remove({ namespace: "default", name: "cm" });
    await eventually(() => expect(fakes.events).toHaveLength(1));
    expect(fakes.events[0]?.message).toBe('MountVolume.SetUp failed for volume "v" : configmap "cm" not found');
    expect((await volumes.prepare(pod, { signal })).has("v")).toBe(true);
    await expect(volumes.refresh("u1", { signal })).rejects.toMatchObject({ code: "object-not-found" });
    expect(await readFile(file("configmap", "v", "key"), "utf8")).toBe("1");
    putConfigMap("2");
    await expectFile(file("configmap", "v", "key"), "2");
  });

  it("is tried again by itself when writing failed", async () => {
    putConfigMap("1");
    await volumes.prepare(configMapPod(), { signal });
    // Something that no file can replace stands in the way.
    await mkdir(file("configmap", "v", "..data_tmp"));
    await writeFile(file("configmap", "v", "..data_tmp/x"), "");
    putConfigMap("2");
    await eventually(() => expect(fakes.events).toHaveLength(1));
    await rm(file("configmap", "v", "..data_tmp"), { recursive: true });
    await eventually(() => expect(fakes.clock.pendingCount).toBe(1));
    await fakes.clock.advance(500);
    await expectFile(file("configmap", "v", "key"), "2");
  });

  it("shows the labels the pod has now", async () => {
    const pod = samplePod({ name: "d", downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } });
    const labelled = (a: string): Pod => ({ ...pod, metadata: { ...pod.metadata, labels: { a } } });
    await volumes.prepare(labelled("1"), { signal });
    expect(await readFile(file("downward-api", "d", "labels"), "utf8")).toBe('a="1"');
    volumes.podUpdated(labelled("2"));
    await expectFile(file("downward-api", "d", "labels"), 'a="2"');
    volumes.podUpdated({ metadata: { uid: "unknown" } });
  });

  it("is left alone by an update of the pod when it shows of it what never changes", async () => {
    const shown = ["metadata.name", "metadata.namespace", "metadata.uid"].map((fieldPath) => ({
      path: fieldPath,
      fieldRef: { fieldPath },
    }));
    const pod = samplePod({ name: "p", projected: { sources: [{ downwardAPI: { items: shown } }] } });
    await volumes.prepare(pod, { signal });
    const labelled = (a: string): Pod => ({ ...pod, metadata: { ...pod.metadata, labels: { a } } });
    volumes.podUpdated(labelled("1"));
    volumes.podUpdated(labelled("2"));
    // Goes after whatever the updates would have begun.
    await volumes.refresh("u1", { signal });
    const labels = { volume_plugin: "kubernetes.io/projected", operation_name: "volume_mount", status: "success", migrated: "false" };
    expect(metrics.observations("storage_operation_duration_seconds", labels)).toHaveLength(2);
  });

  it("shows trust anchors that changed", async () => {
    const pod = samplePod({ name: "t", projected: { sources: [{ clusterTrustBundle: { signerName: "s", path: "ca" } }] } });
    await volumes.prepare(pod, { signal });
    fakes.trustBundles.change("new anchors");
    await expectFile(file("projected", "t", "ca"), "new anchors");
    expect(fakes.events).toEqual([]);
  });

  it("gets a new token before the old one is over", async () => {
    await volumes.prepare(tokenPod(), { signal });
    expect(await readFile(file("projected", "t", "token"), "utf8")).toBe("token-1");
    await fakes.clock.advance(0.8 * 3_600_000 - 1);
    expect(fakes.tokenRequests).toHaveLength(1);
    await fakes.clock.advance(1);
    await expectFile(file("projected", "t", "token"), "token-2");
    await eventually(() => expect(fakes.clock.pendingCount).toBe(1));
    await fakes.clock.advance(0.8 * 3_600_000);
    await expectFile(file("projected", "t", "token"), "token-3");
  });

  it("keeps its token while no new one can be had", async () => {
    await volumes.prepare(tokenPod(), { signal });
    fakes.tokenFailure.error = new Error("connection refused");
    await fakes.clock.advance(0.8 * 3_600_000);
    await eventually(() => expect(fakes.tokenRequests).toHaveLength(2));
    expect(await readFile(file("projected", "t", "token"), "utf8")).toBe("token-1");
    expect(fakes.events).toEqual([]);
    delete fakes.tokenFailure.error;
    await eventually(() => expect(fakes.clock.pendingCount).toBe(1));
    await fakes.clock.advance(6000);
    await expectFile(file("projected", "t", "token"), "token-3");
  });

  it("is not looked at again once it is given back", async () => {
    putConfigMap("1");
    await volumes.prepare(tokenPod(), { signal });
    await volumes.release("u1", { signal });
    await fakes.clock.advance(7_200_000);
    expect(fakes.tokenRequests).toHaveLength(1);
    expect(fakes.clock.pendingCount).toBe(0);
    await volumes.refresh("u1", { signal });
  });
});

describe("a volume that waits", () => {
  it("is set up in the moment its object appears", async () => {
    const ready = volumes.prepare(configMapPod(), { signal });
    await eventually(() => expect(fakes.events).toHaveLength(1));
    // The wait of the pod, and that of the volume.
    await eventually(() => expect(fakes.clock.pendingCount).toBe(2));
    putConfigMap("1");
    expect((await ready).has("v")).toBe(true);
    expect(fakes.clock.monotonicMs()).toBe(0);
    expect(fakes.events).toHaveLength(1);
  });

  it("is not held up by another volume of the pod that fails", async () => {
    putConfigMap("1");
    const pod = samplePod({ name: "v", configMap: { name: "cm" } }, { name: "w", configMap: { name: "never" } });
    const stop = new AbortController();
    const waiting = volumes.prepare(pod, { signal: stop.signal }).catch((error: unknown) => error);
    await expectFile(file("configmap", "v", "key"), "1");
    stop.abort(new Error("enough"));
    expect(await waiting).toMatchObject({ message: "enough" });
  });

  it("of a pod that is given back meanwhile does not come back", async () => {
    const waiting = volumes.prepare(configMapPod(), { signal }).catch((error: unknown) => error);
    await eventually(() => expect(fakes.clock.pendingCount).toBe(2));
    await volumes.release("u1", { signal });
    expect(await waiting).toBeInstanceOf(Error);
    expect(fakes.clock.pendingCount).toBe(0);
    putConfigMap("1");
    await expect(readFile(file("configmap", "v", "key"))).rejects.toThrow("ENOENT");
  });

  it("names all that wait when the time is over", async () => {
    const pod = samplePod({ name: "w", configMap: { name: "b" } }, { name: "v", configMap: { name: "a" } }, { name: "e", emptyDir: {} });
    const failed = volumes.prepare(pod, { signal }).catch((error: unknown) => error);
    await eventually(() => expect(fakes.events).toHaveLength(2));
    await fakes.clock.advance(123_000);
    expect(await failed).toMatchObject({
      code: "not-ready",
      message: "unmounted volumes=[v w], unattached volumes=[], failed to process volumes=[]: context deadline exceeded",
    });
    expect(fakes.events.some(({ message }) => message.startsWith("Unable to attach"))).toBe(false);
  });
});

it("nothing is left running once all is disposed of", async () => {
  putConfigMap("1");
  await volumes.prepare(tokenPod(), { signal });
  volumes[Symbol.dispose]();
  fakes.objects[Symbol.dispose]();
  await fakes.clock.advance(0);
  expect(fakes.clock.pendingCount).toBe(0);
});
