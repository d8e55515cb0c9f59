import { linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFakeClock } from "@nk/stdx/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readDirectoryUsage } from "./directory-usage.ts";
import { createFilesystemReader, statSpace } from "./filesystems.ts";
import type { FilesystemSpace } from "./filesystems.ts";

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "nk-fs-"));
});

afterEach(() => rmSync(root, { recursive: true }));

describe("filesystems", () => {
  it("are each device once, each tmpfs by its place, and no overlay or kernel one", async () => {
    for (const path of ["dev/shm", "sys/fs/cgroup", "var/lib/with blank"]) mkdirSync(join(root, path), { recursive: true });
    const procRoot = join(import.meta.dirname, "../test/fixtures/proc");
    const found = await createFilesystemReader({ procRoot, hostRoot: root }).read();
    expect(found.map(({ device, mountPoint, fsType, major }) => [device, mountPoint, fsType, major])).toEqual([
      ["/dev/shm", "/dev/shm", "tmpfs", 0],
      ["/dev/vda", "/", "ext4", 254],
      ["/sys/fs/cgroup", "/sys/fs/cgroup", "tmpfs", 0],
      ["/var/lib/with blank", "/var/lib/with blank", "tmpfs", 0],
    ]);
    const disk = found[1];
    expect(disk?.disk).toMatchObject({ readsMerged: 415_234 });
    expect(disk?.capacityBytes).toBeGreaterThan(disk?.availableBytes ?? 0);
    expect(disk?.inodes).toBeGreaterThan(disk?.inodesFree ?? 0);
  });

  it("that are gone are left out", async () => {
    const found = await createFilesystemReader({ procRoot: join(import.meta.dirname, "../test/fixtures/proc"), hostRoot: root }).read();
    expect(found.map(({ device }) => device)).toEqual(["/dev/vda"]);
    expect(await createFilesystemReader({ procRoot: root }).read()).toEqual([]);
    await expect(statSpace(join(root, "absent"))).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("are not asked again while they owe an answer, as those of a server that is gone do", async () => {
    const clock = createFakeClock();
    const asked: string[] = [];
    let answer: ((space: FilesystemSpace) => void) | undefined;
    const space = { capacityBytes: 1, freeBytes: 1, availableBytes: 1 };
    const reader = createFilesystemReader({
      procRoot: join(import.meta.dirname, "../test/fixtures/proc"),
      clock,
      timeoutMs: 500,
      askSpace: (path) => {
        asked.push(path);
        return path === "/" ? new Promise((resolve) => (answer = resolve)) : Promise.resolve(space);
      },
    });
    const first = reader.read();
    await expect.poll(() => asked.length).toBe(4);
    await clock.advance(500);
    expect((await first).map(({ device }) => device)).not.toContain("/dev/vda");
    await reader.read();
    expect(asked.filter((path) => path === "/")).toHaveLength(1);
    answer?.(space);
    const again = reader.read();
    await expect.poll(() => asked.filter((path) => path === "/").length).toBe(2);
    answer?.(space);
    expect((await again).map(({ device }) => device)).toContain("/dev/vda");
  });

  it("of dead servers leave threads for the others, and are asked in turn when they are back", async () => {
    const servers = ["/nfs1", "/nfs2", "/nfs3", "/nfs4"];
    mkdirSync(join(root, "self"));
    const line = (path: string, type: string): string =>
      `1 1 0:1 / ${path} rw - ${type} ${path === "/" ? "/dev/vda" : `server:${path}`} rw\n`;
    writeFileSync(join(root, "self/mountinfo"), [...servers.map((path) => line(path, "nfs4")), line("/", "ext4")].join(""));
    const clock = createFakeClock();
    const space = { capacityBytes: 1, freeBytes: 1, availableBytes: 1 };
    const held: (() => void)[] = [];
    const askSpace = (path: string): Promise<FilesystemSpace> =>
      path === "/" ? Promise.resolve(space) : new Promise((resolve) => held.push(() => resolve(space)));
    const reader = createFilesystemReader({ procRoot: root, clock, timeoutMs: 500, askSpace });
    for (let time = 0; time < 2; time += 1) {
      const reading = reader.read();
      await expect.poll(() => clock.pendingCount).toBe(4 - 2 * time);
      await clock.advance(500);
      expect((await reading).map(({ mountPoint }) => mountPoint)).toEqual(["/"]);
      expect(held).toHaveLength(2);
    }
    for (const answer of held.splice(0)) answer();
    const again = reader.read();
    for (let answered = 0; answered < 4; answered += 1) {
      await expect.poll(() => held.length).toBeGreaterThan(0);
      held.shift()?.();
    }
    expect((await again).map(({ mountPoint }) => mountPoint)).toEqual(["/", ...servers]);
  });

  it("stop being asked when the caller gives up", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(createFilesystemReader().read({ signal })).rejects.toThrow("enough");
  });
});

describe("the usage of a directory", () => {
  it("counts a file with two names once, and no link's target", async () => {
    mkdirSync(join(root, "a/b"), { recursive: true });
    writeFileSync(join(root, "a/file"), Buffer.alloc(100_000));
    linkSync(join(root, "a/file"), join(root, "a/b/again"));
    symlinkSync("/usr", join(root, "a/link"));
    const blocks = ["a", "a/b", "a/file"].reduce((sum, path) => sum + statSync(join(root, path)).blocks * 512, 0);
    expect(await readDirectoryUsage(join(root, "a"))).toEqual({ usedBytes: blocks, inodesUsed: 4, isComplete: true });
  });

  it("is nothing for what is not there, and a part when there is too much", async () => {
    expect(await readDirectoryUsage(join(root, "absent"))).toEqual({ usedBytes: 0, inodesUsed: 0, isComplete: true });
    for (let file = 0; file < 20; file += 1) writeFileSync(join(root, String(file)), "");
    expect(await readDirectoryUsage(root, { maxEntries: 5, entriesPerSlice: 2 })).toMatchObject({ inodesUsed: 5, isComplete: false });
  });

  it("lets others go on while one large directory is listed, and stops there when it is aborted", async () => {
    for (let file = 0; file < 50; file += 1) writeFileSync(join(root, String(file)), "");
    const controller = new AbortController();
    let turns = 0;
    const clock = {
      ...createFakeClock(),
      sleep: (_ms: number, { signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> => {
        turns += 1;
        if (turns === 3) controller.abort(new Error("enough"));
        return new Promise((resolve, reject) => (signal?.aborted === true ? reject(new Error("enough")) : resolve()));
      },
    };
    const before = readdirSync("/proc/self/fd").length;
    await expect(readDirectoryUsage(root, { entriesPerSlice: 10, clock, signal: controller.signal })).rejects.toThrow("enough");
    expect([turns, readdirSync("/proc/self/fd").length]).toEqual([3, before]);
    turns = 10;
    await readDirectoryUsage(root, { entriesPerSlice: 10, clock });
    // 51 are looked at, and 50 of them listed before.
    expect(turns).toBe(20);
  });
});
