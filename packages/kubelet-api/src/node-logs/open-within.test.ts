import { constants } from "node:fs";
import { mkdir, mkdtemp, open, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runSubprocess } from "@nk/stdx";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { renderDirectory } from "./directory.ts";
import { openWithin } from "./open-within.ts";

let base = "";
let root = "";

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), "nk-open-within-"));
  root = join(base, "log");
  await mkdir(join(root, "pods"), { recursive: true });
});

afterEach(() => rm(base, { recursive: true }));

describe("openWithin", () => {
  it("does not open a pipe that a link leads to: whoever waits at its other end waits on", async () => {
    const pipe = join(base, "pipe");
    await runSubprocess(["mkfifo", pipe], { timeoutMs: 5000 });
    await symlink(pipe, join(root, "door"));
    let isReleased = false;
    const writing = open(pipe, "w").then((handle) => {
      isReleased = true;
      return handle;
    });
    for (let round = 0; round < 50; round += 1) {
      await expect(openWithin({ root, proc: "/proc" }, ["door"])).rejects.toMatchObject({ code: "forbidden" });
    }
    expect(isReleased).toBe(false);
    await using _reader = await open(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
    await (await writing).close();
  });

  it("keeps to the directory that was opened, though a link takes its name", async () => {
    await mkdir(join(base, "outside"));
    await Promise.all([writeFile(join(root, "pods/mine"), ""), writeFile(join(base, "outside/secret"), "")]);
    await using entry = await openWithin({ root, proc: "/proc" }, ["pods"]);
    await rename(join(root, "pods"), join(root, "old"));
    await symlink(join(base, "outside"), join(root, "pods"));
    expect(await renderDirectory(entry.fdPath, 10)).toContain("mine");
  });
});
