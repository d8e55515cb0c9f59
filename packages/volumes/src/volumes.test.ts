import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFakeClock, createRecordingMetrics } from "@nk/stdx/testing";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createVolumes } from "./index.ts";
import type { VolumeEvent } from "./index.ts";
import { samplePod } from "./testing/sample-pod.ts";

let dir = "";

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "nk-volumes-"));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const podWith = samplePod;

const signal = new AbortController().signal;

/** Real files take real time; how long is not the test's business. */
const eventually = (check: () => unknown): Promise<unknown> => vi.waitFor(check, { timeout: 8000, interval: 5 });

const listMountPoints = (): Promise<readonly string[]> => Promise.resolve(["/", "/proc"]);

describe("volumes", () => {
  it("makes an emptyDir that every user may write, keeps its content, and removes it with the pod", async () => {
    const volumes = createVolumes({ rootDir: dir, listMountPoints });
    const pod = podWith({ name: "scratch", emptyDir: {} });
    const path = join(dir, "pods/u1/volumes/kubernetes.io~empty-dir/scratch");
    expect(await volumes.prepare(pod, { signal })).toEqual(new Map([["scratch", { hostPath: path, selinuxRelabel: true }]]));
    expect((await stat(path)).mode & 0o777).toBe(0o777);
    await writeFile(join(path, "data"), "x");
    await volumes.prepare(pod, { signal });
    expect(await readFile(join(path, "data"), "utf8")).toBe("x");
    await volumes.release("u1", { signal });
    await volumes.release("u1", { signal });
    await expect(stat(path)).rejects.toThrow("ENOENT");
  });

  it("tells why a directory could not be made, so that a disk that is full is known from the pod's events", async () => {
    const events: VolumeEvent[] = [];
    const clock = createFakeClock();
    const volumes = createVolumes({ rootDir: dir, listMountPoints, clock, waitMs: 100, onEvent: (event) => events.push(event) });
    await writeFile(join(dir, "pods"), "in the way");
    const ended = volumes.prepare(podWith({ name: "scratch", emptyDir: {} }), { signal }).catch((error: unknown) => error);
    await eventually(() => expect(events).not.toEqual([]));
    expect(events[0]?.message).toMatch(/^MountVolume\.SetUp failed for volume "scratch" : creating .*scratch failed: E[A-Z]+: /);
    await eventually(() => expect(clock.pendingCount).toBe(2));
    await clock.advance(100);
    expect(await ended).toMatchObject({ code: "not-ready" });
  });

  it("removes links in an emptyDir without following them", async () => {
    const volumes = createVolumes({ rootDir: dir, listMountPoints });
    const pod = podWith({ name: "scratch", emptyDir: {} });
    const ready = await volumes.prepare(pod, { signal });
    await writeFile(join(dir, "precious"), "x");
    await symlink(join(dir, "precious"), join(ready.get("scratch")?.hostPath ?? "", "link"));
    await volumes.release("u1", { signal });
    expect(await readFile(join(dir, "precious"), "utf8")).toBe("x");
  });

  it("removes what somebody put in the place of a volume, and nothing of what it leads to", async () => {
    const volumes = createVolumes({ rootDir: dir, listMountPoints });
    const elsewhere = join(dir, "elsewhere");
    await mkdir(elsewhere);
    await writeFile(join(elsewhere, "precious"), "x");
    const places = join(dir, "pods/u1/volumes/kubernetes.io~empty-dir");
    await mkdir(places, { recursive: true });
    await symlink(elsewhere, join(places, "moved"));
    await writeFile(join(places, "file"), "y");
    await volumes.release("u1", { signal });
    expect(await readFile(join(elsewhere, "precious"), "utf8")).toBe("x");
    await expect(stat(places)).rejects.toThrow("ENOENT");
  });

  it("says in the reference's words why a volume is not ready, each time it tried, and gives up in the end", async () => {
    const events: VolumeEvent[] = [];
    const clock = createFakeClock();
    const metrics = createRecordingMetrics();
    const volumes = createVolumes({ rootDir: dir, listMountPoints, clock, metrics, onEvent: (event) => events.push(event) });
    const path = join(dir, "definitely-not-here");
    const ended = volumes
      .prepare(podWith({ name: "a", hostPath: { path, type: "Directory" } }), { signal })
      .catch((error: unknown) => error);
    // At 0, 0.5, 1.5, 3.5 and 7.5 s: as often as the reference was recorded to try.
    for (const [index, stepMs] of [0, 500, 1000, 2000, 4000].entries()) {
      await clock.advance(stepMs);
      await eventually(() => expect(events).toHaveLength(index + 1));
      // One failure's event comes before its wait begins.
      await eventually(() => expect(clock.pendingCount).toBe(2));
    }
    expect(events).toEqual(
      Array.from({ length: 5 }, () => ({
        ref: { namespace: "default", name: "p", uid: "u1" },
        type: "Warning",
        reason: "FailedMount",
        message: `MountVolume.SetUp failed for volume "a" : hostPath type check failed: ${path} is not a directory`,
      })),
    );
    await clock.advance(123_000);
    expect(await ended).toMatchObject({
      code: "not-ready",
      message: "unmounted volumes=[a], unattached volumes=[], failed to process volumes=[]: context deadline exceeded",
      cause: { code: "host-path-type" },
    });
    const labels = { volume_plugin: "kubernetes.io/host-path", operation_name: "volume_mount", status: "fail-unknown", migrated: "false" };
    expect(metrics.observations("storage_operation_duration_seconds", labels)).toHaveLength(events.length);
    expect(clock.pendingCount).toBe(0);
  });

  it("goes on by itself when the host was put right", async () => {
    const clock = createFakeClock();
    const volumes = createVolumes({ rootDir: dir, listMountPoints, clock });
    const path = join(dir, "late");
    const ready = volumes.prepare(podWith({ name: "a", hostPath: { path, type: "Directory" } }), { signal });
    await eventually(() => expect(clock.pendingCount).toBe(2));
    await mkdir(path);
    await clock.advance(500);
    expect(await ready).toEqual(new Map([["a", { hostPath: path }]]));
  });

  it("stops when it is told to, and remembers when to try again", async () => {
    const clock = createFakeClock();
    const events: VolumeEvent[] = [];
    const volumes = createVolumes({ rootDir: dir, listMountPoints, clock, onEvent: (event) => events.push(event) });
    const pod = podWith({ name: "a", hostPath: { path: join(dir, "missing"), type: "Directory" } });
    const stop = new AbortController();
    const first = volumes.prepare(pod, { signal: stop.signal }).catch((error: unknown) => error);
    await eventually(() => expect(clock.pendingCount).toBe(2));
    await clock.advance(600);
    await eventually(() => expect(events).toHaveLength(2));
    await eventually(() => expect(clock.pendingCount).toBe(2));
    stop.abort(new Error("the pod changed"));
    expect(await first).toMatchObject({ message: "the pod changed" });
    expect(events).toHaveLength(2);
    const again = new AbortController();
    const second = volumes.prepare(pod, { signal: again.signal }).catch((error: unknown) => error);
    await clock.advance(100);
    expect(events).toHaveLength(2);
    await clock.advance(900);
    await eventually(() => expect(events).toHaveLength(3));
    again.abort(new Error("enough"));
    await second;
    expect(clock.pendingCount).toBe(0);
  });

  it.each([
    [{ emptyDir: { medium: "Memory" } }, "spec.volumes[0].emptyDir.medium: nothing can be mounted here"],
    [{ emptyDir: { medium: "HugePages-2Mi" } }, 'spec.volumes[0].emptyDir.medium: the medium "HugePages-2Mi" is not supported by nk yet'],
    [{ nfs: { server: "x", path: "/" } }, "volume source nfs is not supported by nk yet (spec.volumes[0].nfs)"],
    [
      { persistentVolumeClaim: { claimName: "c" } },
      "volume source persistentVolumeClaim is not supported by nk yet (spec.volumes[0].persistentVolumeClaim)",
    ],
    [{ csi: { driver: "d" } }, "volume source csi is not supported by nk yet (spec.volumes[0].csi)"],
    [{ ephemeral: {} }, "volume source ephemeral is not supported by nk yet (spec.volumes[0].ephemeral)"],
    [{ secret: { secretName: "s" } }, "spec.volumes[0].secret: there is no API server to read objects from"],
    [{ projected: { sources: [] } }, "spec.volumes[0].projected: nothing can be mounted here"],
  ])("refuses %j at once, with its path", async (source, text) => {
    const events: VolumeEvent[] = [];
    const volumes = createVolumes({ rootDir: dir, listMountPoints, onEvent: (event) => events.push(event) });
    await expect(volumes.prepare(podWith({ name: "v", ...source }), { signal })).rejects.toMatchObject({
      code: "unsupported-source",
      message: text,
    });
    expect(events.map(({ message }) => message)).toEqual([
      `Unable to attach or mount volumes: unmounted volumes=[v], unattached volumes=[], failed to process volumes=[v]: ${text}`,
    ]);
  });

  it("sets up only what a container mounts", async () => {
    const volumes = createVolumes({ rootDir: dir, listMountPoints });
    const { spec = { containers: [] }, ...rest } = podWith({ name: "used", emptyDir: {} });
    const withMore = {
      ...rest,
      spec: { ...spec, volumes: [...(spec.volumes ?? []), { name: "unused", nfs: { server: "x", path: "/" } }] },
    };
    expect([...(await volumes.prepare(withMore, { signal })).keys()]).toEqual(["used"]);
  });

  it("counts the volumes that are wanted and those that are ready", async () => {
    const metrics = createRecordingMetrics();
    const volumes = createVolumes({ rootDir: dir, listMountPoints, metrics });
    const count = (state: string): number =>
      metrics.value("volume_manager_total_volumes", { plugin_name: "kubernetes.io/empty-dir", state });
    await volumes.prepare(podWith({ name: "a", emptyDir: {} }, { name: "b", emptyDir: {} }), { signal });
    expect([count("desired_state_of_world"), count("actual_state_of_world")]).toEqual([2, 2]);
    await volumes.release("u1", { signal });
    expect([count("desired_state_of_world"), count("actual_state_of_world")]).toEqual([0, 0]);
    const labels = { volume_plugin: "kubernetes.io/empty-dir", operation_name: "volume_unmount", status: "success", migrated: "false" };
    expect(metrics.observations("storage_operation_duration_seconds", labels)).toHaveLength(2);
    const overall = { plugin_name: "kubernetes.io/empty-dir", operation_name: "overall_volume_mount" };
    expect(metrics.observations("volume_operation_total_seconds", overall)).toHaveLength(2);
  });

  it("cannot be made without a way to see mounts", () => {
    expect(() => createVolumes({ rootDir: dir })).toThrow("would be removed through mounts");
  });

  it("leaves what it did not make, and says so", async () => {
    await mkdir(join(dir, "pods/u1/volumes/kubernetes.io~csi/pv/mount"), { recursive: true });
    await mkdir(join(dir, "pods/u1/volumes/kubernetes.io~nfs"), { recursive: true });
    const volumes = createVolumes({ rootDir: dir, listMountPoints });
    await expect(volumes.release("u1", { signal })).rejects.toMatchObject({ code: "unsupported-source" });
    await expect(stat(join(dir, "pods/u1/volumes/kubernetes.io~csi/pv/mount"))).resolves.toBeDefined();
    await expect(stat(join(dir, "pods/u1/volumes/kubernetes.io~nfs"))).rejects.toThrow("ENOENT");
  });

  it("removes nothing while something is mounted in it", async () => {
    const made = createVolumes({ rootDir: dir, listMountPoints });
    const ready = await made.prepare(podWith({ name: "scratch", emptyDir: {} }), { signal });
    const path = ready.get("scratch")?.hostPath ?? "";
    await writeFile(join(path, "data"), "x");
    const volumes = createVolumes({ rootDir: dir, listMountPoints: () => Promise.resolve([join(path, "inner")]) });
    await expect(volumes.release("u1", { signal })).rejects.toMatchObject({ code: "mounted" });
    expect(await readFile(join(path, "data"), "utf8")).toBe("x");
  });

  it("refuses a pod without a uid", async () => {
    await expect(createVolumes({ rootDir: dir, listMountPoints }).release("", { signal })).rejects.toMatchObject({ code: "unsafe-path" });
  });

  it.each(["u1/../u2", "..", "."])("refuses the uid %j, which leads into another pod's folder", async (uid) => {
    const volumes = createVolumes({ rootDir: dir, listMountPoints });
    await mkdir(join(dir, "pods/u2/volumes/kubernetes.io~empty-dir/data"), { recursive: true });
    await expect(volumes.release(uid, { signal })).rejects.toMatchObject({ code: "unsafe-path" });
    await expect(stat(join(dir, "pods/u2/volumes/kubernetes.io~empty-dir/data"))).resolves.toBeDefined();
  });

  it.each(["..", "a/../../../../u2/volumes/kubernetes.io~empty-dir/a"])("refuses the volume name %j", async (name) => {
    const volumes = createVolumes({ rootDir: dir, listMountPoints });
    await expect(volumes.prepare(podWith({ name, emptyDir: {} }), { signal })).rejects.toMatchObject({ code: "unsafe-path" });
  });

  it("leaves the mode that a container gave its emptyDir, also to the next kubelet", async () => {
    const pod = podWith({ name: "pgdata", emptyDir: {} });
    const ready = await createVolumes({ rootDir: dir, listMountPoints }).prepare(pod, { signal });
    const path = ready.get("pgdata")?.hostPath ?? "";
    await chmod(path, 0o700);
    await createVolumes({ rootDir: dir, listMountPoints }).prepare(pod, { signal });
    expect((await stat(path)).mode & 0o777).toBe(0o700);
  });

  it("takes up an emptyDir that an earlier kubelet was making when it died", async () => {
    const path = join(dir, "pods/u1/volumes/kubernetes.io~empty-dir/scratch");
    await mkdir(`${path}.new`, { recursive: true });
    await createVolumes({ rootDir: dir, listMountPoints }).prepare(podWith({ name: "scratch", emptyDir: {} }), { signal });
    expect((await stat(path)).mode & 0o777).toBe(0o777);
    await expect(stat(`${path}.new`)).rejects.toThrow("ENOENT");
  });

  it("sees a mount below a kubelet root that is a symbolic link", async () => {
    await mkdir(join(dir, "real"));
    await symlink(join(dir, "real"), join(dir, "root"));
    const real = join(dir, "real/pods/u1/volumes/kubernetes.io~empty-dir/scratch");
    const volumes = createVolumes({ rootDir: join(dir, "root"), listMountPoints: () => Promise.resolve([real]) });
    await volumes.prepare(podWith({ name: "scratch", emptyDir: {} }), { signal });
    await writeFile(join(real, "data"), "x");
    await expect(volumes.release("u1", { signal })).rejects.toMatchObject({ code: "mounted" });
    expect(await readFile(join(real, "data"), "utf8")).toBe("x");
  });

  it("removes directories that are nested deeper than a path can name", async () => {
    const volumes = createVolumes({ rootDir: dir, listMountPoints });
    const ready = await volumes.prepare(podWith({ name: "scratch", emptyDir: {} }), { signal });
    const path = ready.get("scratch")?.hostPath ?? "";
    const chain = Array.from({ length: 14 }, () => "d".repeat(250)).join("/");
    // Three chains of 3500 bytes, each moved into the end of the one before.
    await mkdir(join(path, "3", chain), { recursive: true });
    await mkdir(join(path, "2", chain), { recursive: true });
    await mkdir(join(path, "1", chain), { recursive: true });
    await rename(join(path, "3"), join(path, "2", chain, "3"));
    await rename(join(path, "2"), join(path, "1", chain, "2"));
    await volumes.release("u1", { signal });
    await expect(stat(path)).rejects.toThrow("ENOENT");
  });
});
