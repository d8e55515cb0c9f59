import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readEnvFile } from "./env-files.ts";

let dir = "";
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "nk-env-"));
  await mkdir(join(dir, "volume/sub"), { recursive: true });
  await writeFile(join(dir, "secret"), "A='host'\n");
  await writeFile(join(dir, "volume/sub/app.env"), "A='ä'\n");
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const read = (path: string): Promise<string> => readEnvFile({ volumeHostPath: join(dir, "volume"), path }, {});

describe("an env file", () => {
  it("is read, also through links inside its volume", async () => {
    await symlink("sub/app.env", join(dir, "volume/link"));
    expect(await read("sub/app.env")).toBe("A='ä'\n");
    expect(await read("link")).toBe("A='ä'\n");
  });

  it.each([
    ["../secret", "must not contain '..'"],
    ["/etc/passwd", "it is absolute"],
    ["sub", "not a regular file"],
    ["gone", "it does not exist"],
    ["sub/app.env/x", "not a directory"],
  ])("at %s is not read", async (path, why) => {
    await expect(read(path)).rejects.toThrow(why);
  });

  it("is not read through a link that leads out of the volume", async () => {
    await symlink(join(dir, "secret"), join(dir, "volume/absolute"));
    await symlink("../secret", join(dir, "volume/relative"));
    await expect(read("absolute")).rejects.toThrow("it leads outside");
    await expect(read("relative")).rejects.toThrow("it leads outside");
  });

  it("is no pipe that nobody writes to, and no file without end", async () => {
    execFileSync("mkfifo", [join(dir, "volume/pipe")]);
    await expect(read("pipe")).rejects.toThrow("not a regular file");
    await truncate(join(dir, "volume/sub/app.env"), 3 * 1024 * 1024);
    await expect(read("sub/app.env")).rejects.toThrow("more than 2097152");
  });
});
