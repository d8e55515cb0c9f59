import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CNI_EXEC_ERROR_CODES, CNI_SPEC_ERROR_CODES, describeSpecErrorCode } from "./errors.ts";
import { HELP } from "./cli/help.ts";

const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");
const sectionOf = (heading: string): string => readme.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";

describe("the README", () => {
  it("lists every error code", () =>
    expect([...sectionOf("Errors").matchAll(/^\| `([^`]+)`/gmu)].map(([, name]) => name)).toEqual([...CNI_EXEC_ERROR_CODES]));

  it("lists every option", () => {
    const source =
      readFileSync(join(import.meta.dirname, "options.ts"), "utf8")
        .split("export interface CniOptions")[1]
        ?.split("\n}")[0] ?? "";
    const options = [...source.matchAll(/^ {2}readonly (\w+)\?/gmu)].map(([, name = ""]) => name);
    expect(options).toHaveLength(12);
    for (const option of options) expect(sectionOf("Options")).toContain(`\`${option}\``);
  });
});

describe("the help", () => {
  it("names every option of the command line", () => {
    const source =
      readFileSync(join(import.meta.dirname, "cli/arguments.ts"), "utf8")
        .split("const OPTIONS = {")[1]
        ?.split("} as const")[0] ?? "";
    for (const [, name = ""] of source.matchAll(/^ {2}"?([\w-]+)"?:/gmu)) expect(HELP).toContain(`--${name}`);
  });
});

describe("the specification's error codes", () => {
  it("all have a meaning, and others none", () => {
    for (const code of Object.values(CNI_SPEC_ERROR_CODES)) expect(describeSpecErrorCode(code)).toMatch(/\w/);
    expect(describeSpecErrorCode(100)).toBeUndefined();
  });
});
