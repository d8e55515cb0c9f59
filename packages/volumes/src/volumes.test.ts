import { chmod, mkdir, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pod, Volume } from "@nk/pod-model";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createVolumes, ensureHostPath } from "./index.ts";
import type { VolumeEvent } from "./index.ts";

let dir = "";

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "nk-volumes-"));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const podWith = (...volumes: readonly Volume[]): Pod => ({
  metadata: { name: "p", namespace: "default", uid: "u1" },
  spec: { containers: [], volumes },
});

const signal = new AbortController().signal;

const listMountPoints = (): Promise<readonly string[]> => Promise.resolve(["/", "/proc"]);

describe("a hostPath", () => {
  it("is taken as it is when it has no type", async () => {
    await expect(ensureHostPath(join(dir, "missing"), "")).resolves.toBeUndefined();
  });

  it.each([
    ["Directory", "is not a directory"],
    ["File", "is not a file"],
    ["Socket", "is not a socket file"],
    ["CharDevice", "is not a character device"],
    ["BlockDevice", "is not a block device"],
  ])("of type %s fails when it is missing or something else", async (type, text) => {
    const missing = join(dir, "missing");
    await expect(ensureHostPath(missing, type)).rejects.toThrow(`hostPath type check failed: ${missing} ${text}`);
    const wrong = join(dir, "wrong");
    await (type === "File" ? mkdir(wrong) : writeFile(wrong, ""));
    await expect(ensureHostPath(wrong, type)).rejects.toThrow(text);
  });

  it("is found for each type that exists", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(join(dir, "socket"), () => resolve());
    });
    await writeFile(join(dir, "file"), "");
    await expect(
      Promise.all([
        ensureHostPath(dir, "Directory"),
        ensureHostPath(join(dir, "file"), "File"),
        ensureHostPath(join(dir, "socket"), "Socket"),
        ensureHostPath("/dev/null", "CharDevice"),
      ]),
    ).resolves.toHaveLength(4);
    server.close();
  });

  it("is made by the OrCreate types, and kept when it is there", async () => {
    await ensureHostPath(join(dir, "a/b"), "DirectoryOrCreate");
    expect((await stat(join(dir, "a/b"))).mode & 0o777).toBe(0o755);
    await ensureHostPath(join(dir, "f"), "FileOrCreate");
    await writeFile(join(dir, "f"), "kept");
    await ensureHostPath(join(dir, "f"), "FileOrCreate");
    expect(await readFile(join(dir, "f"), "utf8")).toBe("kept");
    await expect(ensureHostPath(join(dir, "f"), "DirectoryOrCreate")).rejects.toThrow("is not a directory");
    await expect(ensureHostPath(join(dir, "no/parent"), "FileOrCreate")).rejects.toMatchObject({ code: "host-path" });
  });

  it("of an unknown type fails", async () => {
    await expect(ensureHostPath(dir, "Pipe")).rejects.toThrow("Pipe is an invalid volume type");
  });
});

describe("volumes", () => {
  it("makes an emptyDir that every user may write, keeps its content, and removes it with the pod", async () => {
    const volumes = createVolumes({ rootDir: dir, listMountPoints });
    const pod = podWith({ name: "scratch", emptyDir: {} });
    const path = join(dir, "pods/u1/volumes/kubernetes.io~empty-dir/scratch");
    expect(await volumes.prepare(pod, { signal })).toEqual(new Map([["scratch", { hostPath: path }]]));
    expect((await stat(path)).mode & 0o777).toBe(0o777);
    await writeFile(join(path, "data"), "x");
    await volumes.prepare(pod, { signal });
    expect(await readFile(join(path, "data"), "utf8")).toBe("x");
    await volumes.release("u1", { signal });
    await volumes.release("u1", { signal });
    await expect(stat(path)).rejects.toThrow("ENOENT");
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

  it("says in the reference's words why a volume is not ready", async () => {
    const events: VolumeEvent[] = [];
    const volumes = createVolumes({ rootDir: dir, listMountPoints, onEvent: (event) => events.push(event) });
    const path = join(dir, "definitely-not-here");
    await expect(volumes.prepare(podWith({ name: "a", hostPath: { path, type: "Directory" } }), { signal })).rejects.toMatchObject({
      code: "host-path-type",
    });
    expect(events).toMatchObject([
      {
        type: "Warning",
        reason: "FailedMount",
        message: `MountVolume.SetUp failed for volume "a" : hostPath type check failed: ${path} is not a directory`,
      },
    ]);
  });

  it("refuses what it does not support, and a name that leaves the pod's folder", async () => {
    const volumes = createVolumes({ rootDir: dir, listMountPoints });
    await expect(volumes.prepare(podWith({ name: "m", emptyDir: { medium: "Memory" } }), { signal })).rejects.toThrow(
      "emptyDir.medium is not supported by nk yet",
    );
    await expect(volumes.prepare(podWith({ name: "n", nfs: { server: "x", path: "/" } }), { signal })).rejects.toThrow(
      "volume source nfs is not supported by nk yet",
    );
    await expect(volumes.prepare(podWith({ name: "../../../../x", emptyDir: {} }), { signal })).rejects.toThrow("cannot be a file name");
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
