import { describe, expect, it } from "vitest";
import { RULES } from "./rules.ts";
import { blankTexts } from "./workspace.ts";
import type { Member, Problem, SourceFile, Workspace } from "./workspace.ts";

const member = (name: string, dependencies: { readonly [name: string]: string } = {}): Member => ({
  dir: `packages/${name}`,
  kind: "package",
  manifest: { name: `@nk/${name}`, dependencies },
});

const source = (path: string, text: string, of: Member): SourceFile => ({
  path,
  member: of,
  text,
  code: blankTexts(text),
  isTest: path.endsWith(".test.ts"),
  isGenerated: false,
});

const check = (members: readonly Member[], files: readonly SourceFile[]): readonly Problem[] => {
  const workspace: Workspace = { root: "/", members, files, read: () => undefined };
  return RULES.flatMap((rule) => rule(workspace)).filter(({ rule }) => rule !== "readme" && rule !== "docs");
};

const rulesHit = (path: string, text: string): readonly string[] => check([], [source(path, text, member("pleg"))]).map(({ rule }) => rule);

describe("tidy", () => {
  it("refuses a package that knows another", () => {
    expect(check([member("pleg", { "@nk/images": "workspace:^", "@nk/stdx": "workspace:^" })], [])).toMatchObject([{ rule: "star" }]);
  });

  it("refuses a base package that knows more than the base allows", () => {
    expect(check([member("cri-api", { "@nk/stdx": "workspace:^" })], [])).toMatchObject([{ rule: "star" }]);
  });

  it.each([
    ["a deep import", 'import { x } from "@nk/stdx/src/clock.ts";', "imports"],
    ["an import of testing in product code", 'import { x } from "@nk/stdx/testing";', "imports"],
    ["an import that leaves the package", 'import { x } from "../../images/src/a.ts";', "imports"],
    ["a subprocess outside stdx", 'import { spawn } from "node:child_process";', "imports"],
    ["a global timer", "setTimeout(() => undefined, 5);", "globals"],
    ["the global clock", "const now = Date.now();", "globals"],
    ["a clock read by new Date()", "const now = new Date();", "globals"],
    ["the environment", "const home = process.env;", "globals"],
    ["a name that says nothing", "export const parseHelper = 1;", "names"],
    ["a handler by name only", "export const handleThing = 1;", "names"],
    ["an async compute", "export const computePlan = async () => 1;", "purity"],
    ["a suppression without a reason", "// oxlint-disable-next-line no-console", "suppressions"],
  ])("refuses %s", (_what, text, rule) => {
    expect(rulesHit("packages/pleg/src/thing.ts", text)).toContain(rule);
  });

  it("refuses a file past 400 lines and a file name that says nothing", () => {
    expect(rulesHit("packages/pleg/src/utils.ts", "x\n".repeat(401))).toEqual(["size", "names"]);
  });

  it("takes words in comments and strings for what they are", () => {
    expect(
      rulesHit("packages/pleg/src/thing.ts", '// setTimeout and Date.now() are not used\nconst text = "process.env console.log";'),
    ).toEqual([]);
  });

  it("accepts a suppression with a reason", () => {
    expect(rulesHit("packages/pleg/src/thing.ts", "// oxlint-disable-next-line no-await-in-loop -- one at a time on purpose")).toEqual([]);
  });
});
