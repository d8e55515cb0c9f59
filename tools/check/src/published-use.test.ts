import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { measureImports, runCommandHelps } from "./published-use.ts";

let project = "";
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "nk-published-use-"));
});
afterEach(() => {
  rmSync(project, { recursive: true });
});

const measure = (run: () => { readonly ok: boolean; readonly output: string }) =>
  measureImports([{ name: "@nk/cni-exec", dir: project, entries: ["@nk/cni-exec"], commands: [] }], project, run);

it("holds the least of several imports against the limit, whatever Node warns of beside it", () => {
  const rss = [90, 40, 60, 70, 80];
  const [outcome] = measure(() => ({
    ok: true,
    output: `(node:1) Warning: x\n{"rssMib":${rss.shift() ?? 99},"durationMs":5}\n(node:1) y\n`,
  }));
  expect(outcome).toMatchObject({ ok: true, output: expect.stringContaining("40.0 MiB RSS") as unknown });
  expect(rss).toEqual([]);
  expect(measure(() => ({ ok: true, output: '{"rssMib":90,"durationMs":5}\n' }))).toMatchObject([{ ok: false }]);
});

it("tells of an import that fails, instead of ending the whole check", () =>
  expect(measure(() => ({ ok: false, output: "Error: cannot find it" }))).toEqual([
    { what: "import cost of @nk/cni-exec", ok: false, output: "Error: cannot find it" },
  ]));

it("tells of a command that dies of a full disk with a stack trace, and is content with one sentence", () => {
  mkdirSync(join(project, "node_modules/.bin"), { recursive: true });
  const helpOn = (script: string) => {
    writeFileSync(join(project, "node_modules/.bin/tool"), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return runCommandHelps([{ name: "@nk/tool", dir: project, entries: [], commands: ["tool"] }], project, ([command, ...args]) => {
      const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8" });
      return { ok: status === 0, output: stdout + stderr };
    }).map(({ ok }) => ok);
  };
  expect(helpOn("echo help 2>/dev/null || { echo tool: no space >&2; exit 1; }")).toEqual([true, true]);
  expect(helpOn("echo help 2>/dev/null || { printf 'throw er;\\n  at write\\n' >&2; exit 1; }")).toEqual([true, false]);
  expect(helpOn("echo help 2>/dev/null; exit 0")).toEqual([true, false]);
});
