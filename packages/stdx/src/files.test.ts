import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { joinWithin, writeFileAtomic } from "./files.ts";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "nk-stdx-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe("writeFileAtomic", () => {
  it("replaces a file and leaves nothing else behind", async () => {
    const path = join(directory, "state.json");
    await writeFileAtomic(path, "old");
    await writeFileAtomic(path, new TextEncoder().encode("new"), { fsync: false });
    expect(await readFile(path, "utf8")).toBe("new");
    expect(await readdir(directory)).toEqual(["state.json"]);
  });

  it("gives the file exactly the mode it was told, whatever the old file had", async () => {
    const path = join(directory, "key.pem");
    await writeFileAtomic(path, "public", { mode: 0o666 });
    expect((await stat(path)).mode & 0o777).toBe(0o666);
    await writeFileAtomic(path, "secret", { mode: 0o600 });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("keeps the old state and removes its temporary file on failure", async () => {
    const path = join(directory, "taken");
    await mkdir(path);
    await expect(writeFileAtomic(path, "x")).rejects.toMatchObject({ code: "EISDIR" });
    expect(await readdir(directory)).toEqual(["taken"]);
    await chmod(directory, 0o700);
    await expect(writeFileAtomic(join(directory, "missing", "file"), "x")).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("writes a file whose name has the greatest length", async () => {
    const path = join(directory, "n".repeat(255));
    await writeFileAtomic(path, "long");
    expect(await readFile(path, "utf8")).toBe("long");
  });
});

describe("joinWithin", () => {
  it.each([
    [["a", "b"], "/root/a/b"],
    [["/etc/hosts"], "/root/etc/hosts"],
    [["a/../b"], "/root/b"],
    [["..a"], "/root/..a"],
    [[], "/root/"],
  ])("joins %j", (parts, expected) => {
    expect(joinWithin("/root", ...parts)).toBe(expected);
  });

  it.each([[[".."]], [["a", "../.."]], [["../root/a"]], [["a", "..", "..", "root", "a"]], [["a\0b"]]])("refuses %j", (parts) => {
    expect(() => joinWithin("/root", ...parts)).toThrow("leads outside");
  });
});
