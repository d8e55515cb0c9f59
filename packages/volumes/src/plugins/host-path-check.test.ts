import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createFakeClock } from "@nk/stdx/testing";
import { ensureHostPath } from "./host-path-check.ts";
import { createHostPathLooks } from "./host-path-looks.ts";

let dir = "";

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "nk-host-path-"));
});

afterEach(async () => {
  await rm(dir, { recursive: true, force: true });
});

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

  it("is lacking while what must exist does not, and never what can be made", async () => {
    const looks = createHostPathLooks({ clock: createFakeClock() });
    const missing = join(dir, "missing");
    expect(await looks.lacks(missing, "Directory")).toBe(true);
    expect(await looks.lacks(missing, "File")).toBe(true);
    for (const type of ["", "DirectoryOrCreate", "FileOrCreate"]) expect(await looks.lacks(missing, type)).toBe(false);
    await expect(stat(missing)).rejects.toThrow("ENOENT");
    expect(await looks.lacks(dir, "Directory")).toBe(false);
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
    await expect(ensureHostPath(join(dir, "no/parent"), "FileOrCreate")).rejects.toMatchObject({
      code: "host-path",
      message: `open ${join(dir, "no/parent")}: no such file or directory`,
    });
  });

  it("that the kernel will not have is refused, and not tried without end", async () => {
    await expect(ensureHostPath("/proc/no-such/dir", "DirectoryOrCreate")).rejects.toMatchObject({
      code: "host-path",
      message: expect.stringMatching(/^creating the directory \/proc\/no-such\/dir failed: E[A-Z]+:/),
    });
  });

  it("of an unknown type fails", async () => {
    await expect(ensureHostPath(dir, "Pipe")).rejects.toThrow("Pipe is an invalid volume type");
  });
});
