import { execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { lstat, mkdir, mkdtemp, open, readdir, readFile, realpath, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createMounts, openWithin } from "../../src/index.ts";
import type { Mounts } from "../../src/index.ts";

const isRoot = process.getuid?.() === 0 && existsSync("/proc/self/mountinfo");

let dir = "";
let root = "";
let mounts: Mounts;

beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), "nk-real-mounts-")));
  root = join(dir, "root");
  await mkdir(join(root, "a"), { recursive: true });
  mounts = createMounts({ rootDir: root });
});

afterEach(async () => {
  for (const { mountPoint } of (await mounts.list({ below: dir })).toReversed()) execFileSync("umount", ["-l", mountPoint]);
  await rm(dir, { recursive: true, force: true });
});

describe.skipIf(!isRoot)("on the kernel's own mounts (needs root)", () => {
  it("mounts a tmpfs of the wanted size once, and ends it", async () => {
    const target = join(root, "a");
    await mounts.mountTmpfs({ target, sizeBytes: 65536n });
    await mounts.mountTmpfs({ target, sizeBytes: 65536n });
    expect(await mounts.find(target)).toMatchObject({ fsType: "tmpfs", superOptions: expect.arrayContaining(["size=64k"]) });
    expect((await mounts.list({ below: root })).length).toBe(1);
    expect((await stat(target)).mode & 0o7777).toBe(0o1777);
    await expect(writeFile(join(target, "big"), Buffer.alloc(100_000))).rejects.toThrow("ENOSPC");
    await mounts.unmount(target);
    expect(await mounts.find(target)).toBeUndefined();
  });

  it("mounts many that are asked for at once, each once and of its own size, whatever they are called", async () => {
    const names = Array.from({ length: 40 }, (_, index) => `v${index} #\\ "x"`);
    await Promise.all(names.map((name) => mkdir(join(root, name))));
    const wanted = names.map((name, index) => ({ target: join(root, name), sizeBytes: BigInt(4096 * (index + 1)) }));
    await Promise.all(wanted.map((request) => mounts.mountTmpfs(request)));
    await Promise.all(wanted.map((request) => mounts.mountTmpfs(request)));
    const found = await mounts.list({ below: root });
    expect(found.map(({ mountPoint }) => mountPoint).toSorted()).toEqual(wanted.map(({ target }) => target).toSorted());
    for (const { target, sizeBytes } of wanted) {
      const entry = found.find(({ mountPoint }) => mountPoint === target);
      expect(entry?.superOptions).toContain(`size=${sizeBytes / 1024n}k`);
    }
  });

  it("ends what is stacked, and detaches what is in use", async () => {
    const target = join(root, "a");
    const source = join(dir, "source");
    await mkdir(source);
    await mounts.bind({ source, target });
    await mounts.bind({ source, target });
    expect((await mounts.list({ below: target })).length).toBe(2);
    await mounts.unmount(target);
    expect(await mounts.find(target)).toBeUndefined();
    await mounts.mountTmpfs({ target });
    await writeFile(join(target, "file"), "");
    const held = await open(join(target, "file"));
    await expect(mounts.unmount(target)).rejects.toMatchObject({ code: "unmount-failed" });
    await mounts.unmount(target, { detach: true });
    expect(await mounts.find(target)).toBeUndefined();
    await held.close();
  });

  it("binds, also read-only, and says that a name with a blank is mounted", async () => {
    const target = join(root, "with blank");
    await mkdir(target);
    await mkdir(join(dir, "data"));
    await mounts.bind({ source: join(dir, "data"), target, readOnly: true });
    await expect(writeFile(join(target, "x"), "")).rejects.toThrow("EROFS");
    await writeFile(join(dir, "data/x"), "");
    expect(await readdir(target)).toEqual(["x"]);
    expect((await mounts.find(target))?.options).toContain("ro");
  });

  it("shares the root, so that mounts made in it later spread", async () => {
    await mounts.ensureSharedRoot();
    await mounts.ensureSharedRoot();
    expect((await mounts.list({ below: root })).length).toBe(1);
    expect((await mounts.find(root))?.propagation).toBe("shared");
    await mounts.setPropagation(root, "rprivate");
    expect((await mounts.find(root))?.propagation).toBe("private");
    await mounts.ensureSharedRoot();
    expect((await mounts.find(root))?.propagation).toBe("shared");
  });

  it("binds sub-paths: directories, files, again after a change, and what is behind links", async () => {
    const volume = join(dir, "volume");
    await mkdir(join(volume, "real/data"), { recursive: true });
    await symlink("real", join(volume, "link"));
    await writeFile(join(volume, "real/file"), "one");
    const target = join(root, "volume-subpaths/v/c/0");
    await mounts.bindSubPath({ root: volume, subPath: "link/data", target });
    await mounts.bindSubPath({ root: volume, subPath: "link/data", target });
    expect((await mounts.list({ below: root })).length).toBe(1);
    expect((await lstat(target)).ino).toBe((await lstat(join(volume, "real/data"))).ino);
    await mounts.bindSubPath({ root: volume, subPath: "real/file", target });
    expect(await readFile(target, "utf8")).toBe("one");
    expect((await mounts.list({ below: root })).length).toBe(1);
    await mounts.bindSubPath({ root: volume, subPath: "new/dir", target: join(root, "volume-subpaths/v/c/1"), createMode: 0o2775 });
    expect((await stat(join(volume, "new/dir"))).mode & 0o7777).toBe(0o2775);
    await mounts.bindSubPath({ root: volume, subPath: "other", target: join(root, "volume-subpaths/v/c/2") });
    expect((await stat(join(volume, "other"))).mode & 0o7777).toBe((await stat(volume)).mode & 0o7777);
  });

  it("never leaves the volume, whatever a container swaps meanwhile: a thousand tries", async () => {
    const volume = join(dir, "volume");
    const outside = join(dir, "outside");
    await mkdir(join(volume, "victim"), { recursive: true });
    await mkdir(outside);
    await writeFile(join(outside, "secret"), "");
    const outsideInode = (await stat(outside)).ino;
    const swapper = fork(join(import.meta.dirname, "swapper.mjs"), [volume, outside]);
    await once(swapper, "message");
    let opened = 0;
    let refused = 0;
    try {
      for (let attempt = 0; attempt < 1000; attempt += 1) {
        // One in ten is bound for real.
        try {
          if (attempt % 10 === 0) {
            const target = join(root, `volume-subpaths/v/c/${attempt}`);
            await mounts.bindSubPath({ root: volume, subPath: "victim/inner", target });
            expect(Number((await lstat(target)).ino)).not.toBe(outsideInode);
            expect(existsSync(join(target, "secret"))).toBe(false);
            await mounts.unmount(target);
          } else {
            const held = await openWithin({ root: volume, path: "victim/inner", createMode: 0o755 });
            expect((await readdir(held.path)).includes("secret")).toBe(false);
            await held.close();
          }
          opened += 1;
        } catch (error) {
          expect(error).toMatchObject({ name: "MountsError" });
          refused += 1;
        }
      }
    } finally {
      const exit = once(swapper, "exit");
      swapper.kill("SIGKILL");
      await exit;
    }
    expect(await readdir(outside)).toEqual(["secret"]);
    // Both ways were taken, or the race was none.
    expect(opened).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
  });
});
