import { execFileSync } from "node:child_process";
import { chmod, lstat, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { changeGroup } from "./index.ts";

/** The group of the test itself: changing to it needs no rights. */
const gid = process.getgid?.() ?? 0;

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "nk-group-"));
});
afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

const modeOf = async (path: string): Promise<number> => (await lstat(path)).mode & 0o7777;

describe("giving a tree to a group", () => {
  it("lets the group read and write files and enter directories, which pass the group on", async () => {
    await mkdir(join(dir, "tree/inner"), { recursive: true });
    await writeFile(join(dir, "tree/inner/file"), "", { mode: 0o600 });
    await chmod(join(dir, "tree/inner"), 0o700);
    let files = 0;
    await changeGroup({ path: join(dir, "tree"), gid, readOnly: false, onFile: () => (files += 1) });
    expect(await modeOf(join(dir, "tree/inner"))).toBe(0o2770);
    expect(await modeOf(join(dir, "tree/inner/file"))).toBe(0o660);
    expect(files).toBe(3);
  });

  it("gives no right to write where the volume is only read", async () => {
    await mkdir(join(dir, "tree"));
    await writeFile(join(dir, "tree/key"), "", { mode: 0o400 });
    await changeGroup({ path: join(dir, "tree"), gid, readOnly: true });
    expect(await modeOf(join(dir, "tree/key"))).toBe(0o440);
  });

  it("leaves what a link points at alone, and does not wait for a FIFO", async () => {
    await mkdir(join(dir, "tree"));
    await writeFile(join(dir, "outside"), "");
    await chmod(join(dir, "outside"), 0o600);
    await symlink(join(dir, "outside"), join(dir, "tree/link"));
    await symlink("/nowhere", join(dir, "tree/broken"));
    execFileSync("mkfifo", [join(dir, "tree/fifo")]);
    await changeGroup({ path: join(dir, "tree"), gid, readOnly: false });
    expect(await modeOf(join(dir, "outside"))).toBe(0o600);
  });

  it("stops when it is told to, and says what failed", async () => {
    await expect(changeGroup({ path: join(dir, "missing"), gid, readOnly: false })).rejects.toMatchObject({ code: "tree-failed" });
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(changeGroup({ path: dir, gid, readOnly: false }, { signal })).rejects.toThrow("enough");
  });
});
