import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { createTmpfsMount } from "./tmpfs.ts";

it("tmpfs that are made together with one that may be swapped stay out of swap", async () => {
  const rootDir = await mkdtemp(join(tmpdir(), "nk-tmpfs-"));
  onTestFinished(() => rm(rootDir, { recursive: true }));
  const seen: string[] = [];
  const made: string[] = [];
  const gate = Promise.withResolvers<void>();
  const mountTmpfs = createTmpfsMount({
    rootDir,
    clock: undefined,
    findReal: async (path) => void seen.push(path),
    run: async (_command, args) => {
      if (made.length === 0) {
        made.push("first");
        return gate.promise;
      }
      made.push(args[0] === "--all" ? await readFile(args.at(-1) ?? "", "utf8") : args.join(" "));
    },
  });
  const ask = async (name: string, noswap: boolean): Promise<{ readonly done: Promise<void> }> => {
    await mkdir(join(rootDir, name));
    const known = seen.length;
    const done = mountTmpfs({ target: join(rootDir, name), noswap });
    await expect.poll(() => seen.length).toBe(known + 1);
    return { done };
  };
  const asked = [await ask("a", false), await ask("b", false), await ask("c", true)];
  gate.resolve();
  await Promise.all(asked.map(({ done }) => done));
  expect(made).toEqual(["first", `-t tmpfs tmpfs ${rootDir}/b`, `tmpfs ${rootDir}/c tmpfs noswap 0 0\n`]);
});
