import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { measureImports } from "./published-use.ts";

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
