import type { ConfigMap, Pod, Secret } from "@nk/pod-model";
import { createFakeClock, createRecordingLogger } from "@nk/stdx/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { createFakeSource } from "../testing/fake-source.ts";
import type { FakeSource } from "../testing/fake-source.ts";
import { createPodObjects } from "./pod-objects.ts";
import type { PodObjects, PodObjectsOptions } from "./pod-objects.ts";
import { podReferences } from "./references.ts";

let clock = createFakeClock();
let secrets: FakeSource<Secret>;
let configMaps: FakeSource<ConfigMap>;
let changes: string[];
let logger = createRecordingLogger();

beforeEach(() => {
  clock = createFakeClock();
  secrets = createFakeSource<Secret>();
  configMaps = createFakeSource<ConfigMap>();
  changes = [];
  logger = createRecordingLogger();
});

const createObjects = (options: PodObjectsOptions = {}): PodObjects => {
  const objects = createPodObjects({ secrets, configMaps }, { clock, random: () => 0, logger, ...options });
  objects.subscribe(({ kind, namespace, name }) => changes.push(`${kind} ${namespace}/${name}`));
  return objects;
};

const podWith = (uid: string, spec: Partial<NonNullable<Pod["spec"]>>): Pod => ({
  metadata: { name: uid, namespace: "ns", uid },
  spec: { containers: [], ...spec },
});

/** Uses ConfigMap `cm` in an environment. */
const envPod = (uid: string): Pod => podWith(uid, { containers: [{ name: "c", envFrom: [{ configMapRef: { name: "cm" } }] }] });

/** Shows ConfigMap `cm` in a volume. */
const volumePod = (uid: string): Pod =>
  podWith(uid, {
    containers: [{ name: "c", volumeMounts: [{ name: "v", mountPath: "/v" }] }],
    volumes: [{ name: "v", configMap: { name: "cm" } }],
  });

const CM = { namespace: "ns", name: "cm" };

const get = (objects: PodObjects): Promise<ConfigMap> => objects.get("ConfigMap", CM, {});

const configMap = (data: { readonly [key: string]: string }, immutable?: boolean): ConfigMap => ({
  metadata: CM,
  data,
  ...(immutable !== undefined && { immutable }),
});

describe("a pod's references", () => {
  it("are those of environments, volumes, projected sources and pull secrets, each once", () => {
    const pod = podWith("u", {
      initContainers: [{ name: "i", env: [{ name: "A", valueFrom: { secretKeyRef: { name: "s-env", key: "k" } } }] }],
      containers: [
        {
          name: "c",
          envFrom: [{ configMapRef: { name: "c-from" } }, { secretRef: { name: "s-from" } }],
          env: [{ name: "A", valueFrom: { configMapKeyRef: { name: "c-env", key: "k" } } }],
          volumeMounts: [{ name: "projected", mountPath: "/p" }],
        },
      ],
      ephemeralContainers: [{ name: "e", envFrom: [{ secretRef: { name: "s-ephemeral" } }] }],
      volumes: [
        { name: "secret", secret: { secretName: "s-volume" } },
        { name: "map", configMap: { name: "c-from" } },
        { name: "projected", projected: { sources: [{ secret: { name: "s-from" } }, { configMap: { name: "c-projected" } }] } },
      ],
      imagePullSecrets: [{ name: "s-pull" }],
    });
    expect(
      podReferences(pod)
        .map(({ kind, name, isMounted }) => `${kind}/${name}${isMounted ? " mounted" : ""}`)
        .toSorted(),
    ).toEqual([
      "ConfigMap/c-env",
      "ConfigMap/c-from",
      "ConfigMap/c-projected mounted",
      "Secret/s-env",
      "Secret/s-ephemeral",
      "Secret/s-from mounted",
      "Secret/s-pull",
      "Secret/s-volume",
    ]);
  });
});

describe("objects that are watched", () => {
  it("are watched once however many pods refer to them, until the last is gone", async () => {
    const objects = createObjects();
    configMaps.put(configMap({ a: "1" }));
    objects.register(envPod("u1"));
    objects.register(volumePod("u2"));
    await clock.advance(0);
    expect(configMaps.watches).toEqual(["ns/cm"]);
    expect((await get(objects)).data).toEqual({ a: "1" });
    objects.unregister("u1");
    await clock.advance(0);
    expect(configMaps.watches).toEqual(["ns/cm"]);
    objects.unregister("u2");
    await clock.advance(0);
    expect(configMaps.watches).toEqual([]);
    expect(objects.size).toBe(0);
    await expect(get(objects)).rejects.toThrow('object "ns"/"cm" not registered');
  });

  it("follow a pod that refers to something else now", async () => {
    const objects = createObjects();
    objects.register(podWith("u1", { imagePullSecrets: [{ name: "a" }, { name: "b" }] }));
    objects.register(podWith("u1", { imagePullSecrets: [{ name: "b" }, { name: "c" }] }));
    await clock.advance(0);
    expect([...secrets.watches].toSorted()).toEqual(["ns/b", "ns/c"]);
  });

  it("are told of when they change, appear and go", async () => {
    const objects = createObjects();
    objects.register(volumePod("u1"));
    await expect(get(objects)).rejects.toMatchObject({ code: "object-not-found", message: 'configmap "cm" not found' });
    expect(changes).toEqual([]);
    configMaps.put(configMap({ a: "1" }));
    await clock.advance(0);
    expect((await get(objects)).data).toEqual({ a: "1" });
    configMaps.put(configMap({ a: "2" }));
    await clock.advance(0);
    expect((await get(objects)).data).toEqual({ a: "2" });
    configMaps.remove(CM);
    await clock.advance(0);
    await expect(get(objects)).rejects.toThrow("not found");
    expect(changes).toEqual(Array.from({ length: 3 }, () => "ConfigMap ns/cm"));
  });

  it("are waited for a second, and then it is said that nothing is known", async () => {
    configMaps.silent = true;
    const objects = createObjects();
    objects.register(volumePod("u1"));
    const read = get(objects).catch((error: unknown) => error);
    await clock.advance(1000);
    expect(await read).toMatchObject({
      code: "object-unavailable",
      message: "failed to sync configmap cache: timed out waiting for the condition",
    });
    expect(changes).toEqual([]);
    configMaps.put(configMap({ a: "1" }));
    await clock.advance(0);
    // Whoever gave up is told that it is worth another try.
    expect(changes).toEqual(["ConfigMap ns/cm"]);
  });

  it("keep their last known state while the API server is away, and are watched again when it is back", async () => {
    const objects = createObjects();
    configMaps.put(configMap({ a: "1" }));
    objects.register(volumePod("u1"));
    await get(objects);
    configMaps.down = true;
    await clock.advance(60_000);
    expect((await get(objects)).data).toEqual({ a: "1" });
    configMaps.down = false;
    configMaps.put(configMap({ a: "2" }));
    await clock.advance(30_000);
    expect(configMaps.watches).toEqual(["ns/cm"]);
    expect((await get(objects)).data).toEqual({ a: "2" });
    expect(logger.entries.length).toBeGreaterThan(1);
    expect(JSON.stringify(logger.entries)).not.toContain('"a"');
  });

  it("are not watched any more once they are immutable", async () => {
    const objects = createObjects();
    configMaps.put(configMap({ a: "1" }, true));
    objects.register(volumePod("u1"));
    expect((await get(objects)).data).toEqual({ a: "1" });
    await clock.advance(0);
    expect(configMaps.watches).toEqual([]);
    configMaps.put(configMap({ a: "2" }, true));
    expect((await get(objects)).data).toEqual({ a: "1" });
    expect(configMaps.watches).toEqual([]);
  });

  it("are not watched while nobody asks for long, unless a volume shows them", async () => {
    const objects = createObjects({ idleMs: 60_000 });
    configMaps.put(configMap({ a: "1" }));
    objects.register(envPod("u1"));
    await get(objects);
    await clock.advance(50_000);
    await get(objects);
    await clock.advance(50_000);
    expect(configMaps.watches).toEqual(["ns/cm"]);
    await clock.advance(11_000);
    expect(configMaps.watches).toEqual([]);
    configMaps.put(configMap({ a: "2" }));
    expect((await get(objects)).data).toEqual({ a: "2" });
    objects.register(volumePod("u2"));
    await clock.advance(600_000);
    expect(configMaps.watches).toEqual(["ns/cm"]);
    objects.unregister("u2");
    await clock.advance(121_000);
    expect(configMaps.watches).toEqual([]);
    configMaps.silent = true;
    const stale = get(objects);
    await clock.advance(1000);
    expect((await stale).data).toEqual({ a: "2" });
  });

  it("leave no timer and no watch behind", async () => {
    const objects = createObjects();
    objects.register(envPod("u1"));
    objects.register(volumePod("u2"));
    await clock.advance(0);
    objects[Symbol.dispose]();
    await clock.advance(0);
    expect(configMaps.watches).toEqual([]);
    expect(clock.pendingCount).toBe(0);
  });

  it("are not waited for by somebody who gave up", async () => {
    configMaps.silent = true;
    const objects = createObjects();
    objects.register(volumePod("u1"));
    const read = objects.get("ConfigMap", CM, { signal: AbortSignal.abort(new Error("enough")) });
    await expect(read).rejects.toThrow("enough");
  });
});

describe("objects that are cached", () => {
  const cached = (ttlMs?: number): PodObjects => createObjects({ strategy: "Cache", ttlMs: () => ttlMs });

  it("are read again after the node's time to live, or for a pod that is new", async () => {
    const objects = cached(10_000);
    configMaps.put(configMap({ a: "1" }));
    objects.register(envPod("u1"));
    await Promise.all([get(objects), get(objects)]);
    await get(objects);
    expect(configMaps.reads).toBe(1);
    await clock.advance(10_000);
    await get(objects);
    expect(configMaps.reads).toBe(2);
    objects.register(envPod("u2"));
    await get(objects);
    expect(configMaps.reads).toBe(3);
    expect(configMaps.watches).toEqual([]);
  });

  it("keep their last known state while the API server is away", async () => {
    const objects = cached();
    objects.register(envPod("u1"));
    configMaps.down = true;
    await expect(get(objects)).rejects.toMatchObject({ code: "object-unavailable", message: "connection refused" });
    configMaps.down = false;
    configMaps.put(configMap({ a: "1" }));
    await get(objects);
    configMaps.down = true;
    await clock.advance(120_000);
    expect((await get(objects)).data).toEqual({ a: "1" });
  });

  it("are not said to be missing when their last pod goes while they are read: an optional volume would be emptied", async () => {
    const objects = cached();
    configMaps.put(configMap({ a: "1" }));
    objects.register(volumePod("u1"));
    const reading = get(objects).catch((error: unknown) => error);
    objects.unregister("u1");
    expect(await reading).toMatchObject({ code: "object-unavailable" });
  });

  it("are looked at by themselves when a volume shows them", async () => {
    const objects = cached(10_000);
    objects.register(volumePod("u1"));
    await expect(get(objects)).rejects.toThrow('configmap "cm" not found');
    configMaps.put(configMap({ a: "1" }));
    await clock.advance(10_000);
    expect(changes).toEqual(["ConfigMap ns/cm"]);
    objects[Symbol.dispose]();
    await clock.advance(0);
    expect(clock.pendingCount).toBe(0);
  });
});

describe("objects that are read each time", () => {
  it("are read for every reader", async () => {
    const objects = createObjects({ strategy: "Get" });
    configMaps.put(configMap({ a: "1" }));
    objects.register(envPod("u1"));
    await get(objects);
    await get(objects);
    expect(configMaps.reads).toBe(2);
  });
});
