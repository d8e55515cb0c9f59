import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { lstat, mkdir, mkdtemp, readdir, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { createMounts } from "@nk/mounts";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createNodeParts, recordedPod } from "./node-parts.ts";
import type { NodeParts } from "./node-parts.ts";

const isRoot = process.getuid?.() === 0 && existsSync("/proc/self/mountinfo");
const signal = new AbortController().signal;

let dir = "";
let parts: NodeParts;

beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), "nk-real-volumes-")));
  await mkdir(join(dir, "pods/u17/volumes"), { recursive: true });
  parts = createNodeParts(dir);
});

afterEach(async () => {
  parts.volumes[Symbol.dispose]();
  parts.objects[Symbol.dispose]();
  for (const { mountPoint } of (await createMounts({ rootDir: dir }).list({ below: dir })).toReversed()) {
    execFileSync("umount", ["-l", mountPoint]);
  }
  await rm(dir, { recursive: true, force: true });
});

const mounted = async (): Promise<readonly string[]> =>
  (await createMounts({ rootDir: dir }).list({ below: dir })).map(({ mountPoint }) => mountPoint.slice(dir.length + 1));

/** `drwxrwsrwx 0 2345` and the like. */
const describeFile = async (path: string): Promise<string> => {
  const { mode, uid, gid } = await lstat(path);
  return `${(mode & 0o7777).toString(8)} ${uid} ${gid}`;
};

const subPathOf = (
  ready: ReadonlyMap<string, { readonly hostPath: string }>,
  place: { volumeName: string; subPath: string; mountIndex: number },
): Promise<string> =>
  parts.volumes.resolveSubPath(
    { pod: recordedPod, containerName: "main", volumeHostPath: ready.get(place.volumeName)?.hostPath ?? "", ...place },
    { signal },
  );

describe.skipIf(!isRoot)("on the kernel's own mounts (needs root)", () => {
  it("gives the volumes of a recorded pod the modes, owners and places that the reference gave them", async () => {
    const ready = await parts.volumes.prepare(recordedPod, { signal });
    const path = (name: string): string => ready.get(name)?.hostPath ?? "";
    expect(Object.fromEntries([...ready].map(([name, { hostPath }]) => [name, hostPath.replace(dir, "")]))).toEqual({
      e: "/pods/u17/volumes/kubernetes.io~empty-dir/e",
      m: "/pods/u17/volumes/kubernetes.io~empty-dir/m",
      cm: "/pods/u17/volumes/kubernetes.io~configmap/cm",
      sec: "/pods/u17/volumes/kubernetes.io~secret/sec",
      dw: "/pods/u17/volumes/kubernetes.io~downward-api/dw",
      pr: "/pods/u17/volumes/kubernetes.io~projected/pr",
      hp: "/var/tmp",
    });
    // The listing of p17-volumes: cm and e on disk, the others in memory, with the sticky bit a tmpfs has.
    expect(await describeFile(path("cm"))).toBe("2777 0 2345");
    expect(await describeFile(path("e"))).toBe("2777 0 2345");
    for (const name of ["m", "dw", "pr", "sec"]) expect(await describeFile(path(name)), name).toBe("3777 0 2345");
    expect(await describeFile(join(path("cm"), "k1"))).toBe("777 0 2345");
    expect(await describeFile(join(path("cm"), "..data/k1"))).toBe("440 0 2345");
    expect(await describeFile(join(path("sec"), "nested/u"))).toBe("440 0 2345");
    expect(await describeFile(join(path("pr"), "..data/tok"))).toBe("640 0 2345");
    expect(await describeFile(join(path("pr"), "..data/user"))).toBe("644 0 2345");
    expect((await readdir(path("pr"))).filter((name) => !name.startsWith("..")).toSorted()).toEqual([
      "bin",
      "k1",
      "k2",
      "name",
      "pass",
      "tok",
      "user",
    ]);

    const places = [
      await subPathOf(ready, { volumeName: "e", subPath: "a/b", mountIndex: 7 }),
      await subPathOf(ready, { volumeName: "cm", subPath: "k1", mountIndex: 8 }),
      await subPathOf(ready, { volumeName: "e", subPath: "p17-volumes", mountIndex: 9 }),
    ];
    expect(places.map((place) => place.replace(dir, ""))).toEqual([
      "/pods/u17/volume-subpaths/e/main/7",
      "/pods/u17/volume-subpaths/cm/main/8",
      "/pods/u17/volume-subpaths/e/main/9",
    ]);
    expect(await describeFile(places[0] ?? "")).toBe("2777 0 2345");
    expect(await describeFile(places[1] ?? "")).toBe("440 0 2345");
    expect(await describeFile(join(path("e"), "a"))).toBe("2777 0 2345");
    expect(await readFile(places[1] ?? "", "utf8")).toBe("v1");
    expect(await mounted()).toHaveLength(7);
    const memory = await createMounts({ rootDir: dir }).find(path("m"));
    expect(memory?.superOptions).toContain("size=16384k");
  });

  it("leaves nothing of the pod, mounted or on disk", async () => {
    const ready = await parts.volumes.prepare(recordedPod, { signal });
    await subPathOf(ready, { volumeName: "e", subPath: "a/b", mountIndex: 7 });
    await subPathOf(ready, { volumeName: "cm", subPath: "k1", mountIndex: 8 });
    await writeFile(join(ready.get("m")?.hostPath ?? "", "file"), "");
    await parts.volumes.release("u17", { signal });
    expect(await mounted()).toEqual([]);
    expect(await readdir(join(dir, "pods/u17"), { recursive: true })).toEqual(["plugins", "volumes"]);
  });

  it("shows a changed object within two seconds, also to who holds the volume's directory", async () => {
    const ready = await parts.volumes.prepare(recordedPod, { signal });
    const startedMs = performance.now();
    parts.configMaps.put({ metadata: { name: "cm17", namespace: "rec" }, data: { k1: "changed" } });
    for (const name of ["cm", "pr"]) {
      await vi.waitFor(async () => expect(await readFile(join(ready.get(name)?.hostPath ?? "", "k1"), "utf8")).toBe("changed"));
    }
    expect(performance.now() - startedMs).toBeLessThan(2000);
    expect(await describeFile(join(ready.get("cm")?.hostPath ?? "", "..data/k1"))).toBe("440 0 2345");
  });

  it("unmounts what a container with propagation left in its volume", async () => {
    const ready = await parts.volumes.prepare(recordedPod, { signal });
    const inner = join(ready.get("e")?.hostPath ?? "", "inner");
    await mkdir(inner);
    await mkdir(join(dir, "precious"));
    await writeFile(join(dir, "precious/file"), "");
    execFileSync("mount", ["--bind", join(dir, "precious"), inner]);
    await parts.volumes.release("u17", { signal });
    expect(await mounted()).toEqual([]);
    expect(await readdir(join(dir, "precious"))).toEqual(["file"]);
  });

  it("converges and cleans up whenever the kubelet is killed: twenty times", async () => {
    const script = join(import.meta.dirname, "killed-kubelet.ts");
    for (let round = 0; round < 20; round += 1) {
      const kubelet = fork(script, [dir], { execArgv: ["--conditions=@nk/source"], stdio: ["ignore", "ignore", "inherit", "ipc"] });
      await once(kubelet, "message");
      await setTimeout(round * 11);
      const exit = once(kubelet, "exit");
      kubelet.kill("SIGKILL");
      await exit;
      const next = createNodeParts(dir);
      if (round % 2 === 0) {
        const ready = await next.volumes.prepare(recordedPod, { signal });
        const shown = await readdir(ready.get("cm")?.hostPath ?? "");
        expect(shown.filter((name) => name.startsWith(".."))).toHaveLength(2);
        expect(await readFile(join(ready.get("sec")?.hostPath ?? "", "nested/u"), "utf8")).toBe("alice");
        expect(await describeFile(ready.get("e")?.hostPath ?? "")).toBe("2777 0 2345");
      }
      await next.volumes.release("u17", { signal });
      next.volumes[Symbol.dispose]();
      next.objects[Symbol.dispose]();
      expect(await mounted()).toEqual([]);
      expect(await readdir(join(dir, "pods/u17"), { recursive: true })).toEqual(["plugins", "volumes"]);
    }
  });
});
