import { lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openWithin } from "./index.ts";

let dir = "";
let root = "";

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "nk-within-"));
  root = join(dir, "root");
  await mkdir(root);
  await writeFile(join(dir, "secret"), "outside");
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const readWithin = async (path: string): Promise<string> => {
  const held = await openWithin({ root, path });
  try {
    return await readFile(held.path, "utf8");
  } finally {
    await held.close();
  }
};

describe("opening below a root", () => {
  it("finds files and the root itself", async () => {
    await mkdir(join(root, "a/b"), { recursive: true });
    await writeFile(join(root, "a/b/c"), "here");
    expect(await readWithin("a//./b/c")).toBe("here");
    const held = await openWithin({ root, path: "" });
    expect(held.stats.ino).toBe((await stat(root, { bigint: true })).ino);
    await held.close();
  });

  it("follows links that stay inside, relative, absolute and through '..'", async () => {
    await mkdir(join(root, "..2026_1"));
    await writeFile(join(root, "..2026_1/key"), "value");
    await symlink("..2026_1", join(root, "..data"));
    await symlink("..data/key", join(root, "key"));
    await mkdir(join(root, "deep"));
    await symlink("../..data", join(root, "deep/up"));
    await symlink(join(root, "..data/key"), join(root, "absolute"));
    expect(await readWithin("key")).toBe("value");
    expect(await readWithin("deep/up/key")).toBe("value");
    expect(await readWithin("absolute")).toBe("value");
  });

  it.each([
    ["a relative link out", "../secret"],
    ["an absolute link out", "/etc/passwd"],
    ["a link to a sibling whose name begins like the root's", "../root-2/x"],
    ["a link that climbs far", "../../../../../../etc/passwd"],
  ])("refuses %s", async (_what, target) => {
    await symlink(target, join(root, "link"));
    await expect(openWithin({ root, path: "link" })).rejects.toMatchObject({ code: "outside-root" });
    await expect(openWithin({ root, path: "link/below", createMode: 0o755 })).rejects.toMatchObject({ code: "outside-root" });
  });

  it.each([["../secret"], ["a/../../secret"], ["/etc/passwd"], ["a\0b"], ["x/".repeat(3000)]])("refuses the path %j", async (path) => {
    await expect(openWithin({ root, path })).rejects.toMatchObject({ code: "invalid-path" });
  });

  it("gives up on links that lead in a circle", async () => {
    await symlink("two", join(root, "one"));
    await symlink("one", join(root, "two"));
    await expect(openWithin({ root, path: "one" })).rejects.toMatchObject({ code: "invalid-path" });
  });

  it("says when there is nothing, or a file on the way", async () => {
    await writeFile(join(root, "file"), "");
    await expect(openWithin({ root, path: "missing" })).rejects.toMatchObject({ code: "not-found" });
    await expect(openWithin({ root, path: "file/x", createMode: 0o755 })).rejects.toMatchObject({ code: "not-found" });
    await expect(openWithin({ root: join(dir, "no-root"), path: "" })).rejects.toMatchObject({ code: "not-found" });
  });

  it("makes missing directories with the exact mode, also behind a link", async () => {
    await mkdir(join(root, "real"));
    await symlink("real", join(root, "link"));
    const held = await openWithin({ root, path: "link/a/b", createMode: 0o2777 });
    await held.close();
    expect((await lstat(join(root, "real/a"))).mode & 0o7777).toBe(0o2777);
    expect((await lstat(join(root, "real/a/b"))).mode & 0o7777).toBe(0o2777);
  });

  it("does not open what it names: a FIFO does not block", async () => {
    const { execFileSync } = await import("node:child_process");
    execFileSync("mkfifo", [join(root, "fifo")]);
    const held = await openWithin({ root, path: "fifo" });
    expect(held.stats.isFIFO()).toBe(true);
    await held.close();
  });

  it("keeps no descriptor open, also after failures", async () => {
    await mkdir(join(root, "a/b/c"), { recursive: true });
    await symlink("/", join(root, "a/b/out"));
    const countOpen = async (): Promise<number> => (await readdir("/proc/self/fd")).length;
    const before = await countOpen();
    for (let round = 0; round < 20; round += 1) {
      await (await openWithin({ root, path: "a/b/c" })).close();
      await expect(openWithin({ root, path: "a/b/out" })).rejects.toThrow("leads outside");
      await expect(openWithin({ root, path: "a/b/c/missing" })).rejects.toThrow("does not exist");
    }
    expect(await countOpen()).toBeLessThanOrEqual(before + 1);
  });
});
