import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CERTIFICATES_ERROR_CODES } from "./errors.ts";

const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");

describe("the README", () => {
  it("lists every error code", () => {
    const section = /## Errors([\s\S]*?)\n## /u.exec(readme)?.[1] ?? "";
    const codes = [...section.matchAll(/^\| `([^`]+)` \|/gmu)].map(([, code]) => code);
    expect(codes).toEqual([...CERTIFICATES_ERROR_CODES]);
  });
});
