import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { EVICTION_ERROR_CODES } from "./errors.ts";

const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");

describe("the README", () => {
  it("lists every error code", () => {
    const section = readme.split("\n## Errors\n")[1]?.split("\n## ")[0] ?? "";
    expect([...section.matchAll(/^\| `([^`]+)`/gmu)].map(([, code]) => code)).toEqual([...EVICTION_ERROR_CODES]);
  });
});
