import { constants } from "node:fs";
import * as threadedFiles from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { promptFiles } from "./prompt-files.ts";
import type { FileCalls } from "./prompt-files.ts";

let directory = "";
beforeEach(async () => {
  directory = await threadedFiles.mkdtemp(join(tmpdir(), "nk-stdx-"));
});
afterEach(async () => {
  await threadedFiles.rm(directory, { recursive: true, force: true });
});

const FORMS: readonly (readonly [string, FileCalls])[] = [
  ["promptFiles", promptFiles],
  ["node:fs/promises", threadedFiles],
];

const codeOf = async (task: Promise<unknown>): Promise<unknown> =>
  task.then(
    () => "no error",
    (error: NodeJS.ErrnoException) => error.code,
  );

describe.each(FORMS)("%s", (_name, files) => {
  it("writes, shows, renames and removes files as node does", async () => {
    const at = (name: string): string => join(directory, name);
    await files.mkdir(at("a/b"), { recursive: true, mode: 0o750 });
    const file = await files.open(at("a/one"), constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600);
    await file.writeFile("one");
    await file.chmod(0o640);
    await file.close();
    await files.writeFile(at("a/two"), new TextEncoder().encode("two"));
    await files.chmod(at("a/two"), 0o604);
    await files.symlink("one", at("a/link"));
    await files.rename(at("a/two"), at("a/three"));
    await files.access(at("a/three"));
    expect((await files.readdir(at("a"))).toSorted()).toEqual(["b", "link", "one", "three"]);
    const entries = await files.readdir(at("a"), { withFileTypes: true });
    expect(entries.filter((entry) => entry.isSymbolicLink()).map(({ name }) => name)).toEqual(["link"]);
    expect(await files.readFile(at("a/link"), "utf8")).toBe("one");
    expect((await files.readFile(at("a/three"))).equals(Buffer.from("two"))).toBe(true);
    expect(await files.readlink(at("a/link"))).toBe("one");
    expect(await files.realpath(at("a/link"))).toBe(join(await threadedFiles.realpath(directory), "a/one"));
    expect((await files.lstat(at("a/link"))).isSymbolicLink()).toBe(true);
    expect((await files.stat(at("a/link"))).mode & 0o777).toBe(0o640);
    expect((await files.stat(at("a/three"))).mode & 0o777).toBe(0o604);
    for (const name of ["a/link", "a/one", "a/three"]) await files.unlink(at(name));
    await files.rmdir(at("a/b"));
    await files.rmdir(at("a"));
    expect(await files.readdir(directory)).toEqual([]);
  });

  it("rejects, and never throws, with the error's code", async () => {
    const missing = join(directory, "missing");
    expect(await codeOf(files.lstat(missing))).toBe("ENOENT");
    expect(await codeOf(files.readFile(missing, "utf8"))).toBe("ENOENT");
    expect(await codeOf(files.readdir(missing))).toBe("ENOENT");
    expect(await codeOf(files.open(missing, "r"))).toBe("ENOENT");
    expect(await codeOf(files.readlink(directory))).toBe("EINVAL");
    expect(await codeOf(files.mkdir(directory))).toBe("EEXIST");
    expect(await codeOf(files.unlink(missing))).toBe("ENOENT");
  });
});
