import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { POD_MODEL_ERROR_CODES } from "./errors.ts";

const readme = readFileSync(join(import.meta.dirname, "../README.md"), "utf8");

describe("the README", () => {
  it("lists every error code", () => {
    const codes = [...readme.matchAll(/^\| `([^`]+)` \|/gmu)].map(([, code]) => code);
    expect(codes).toEqual([...POD_MODEL_ERROR_CODES]);
  });
});
