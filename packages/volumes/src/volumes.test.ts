import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
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
    await expect(volumes.prepare(podWith({ name: "../../../../x", emptyDir: {} }), { signal })).rejects.toThrow("u1");
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
});
