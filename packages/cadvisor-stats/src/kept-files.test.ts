import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { KeptFiles } from "./kept-files.ts";
import { createKeptFiles } from "./kept-files.ts";

let scratch: string;
let files: KeptFiles;

beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "nk-kept-"));
  files = createKeptFiles(10);
});

afterEach(() => {
  files.close();
  rmSync(scratch, { recursive: true });
});

describe("a kept file", () => {
  it("is read to its end where the kernel hands out a page at a time", () => {
    const last = readFileSync("/proc/self/maps", "latin1").trimEnd().split("\n").at(-1) ?? "none";
    // Opened, and kept.
    for (let time = 0; time < 2; time += 1) expect(files.read("/proc/self/maps")).toContain(last);
    expect(files.open).toBe(1);
  });

  it.each([0, 1, 2047, 2048, 16_383, 16_384, 16_385, 17_000, 65_536, 300_000])("is read whole when it has %i bytes", (length) => {
    const path = join(scratch, "file");
    const text = Array.from({ length }, (_unused, index) => String(index % 10)).join("");
    writeFileSync(path, text);
    expect(files.read(path) === text).toBe(true);
    writeFileSync(path, "short");
    expect(files.read(path)).toBe("short");
  });

  it("is cut where it is larger than any list of the kernel's", () => {
    const path = join(scratch, "file");
    writeFileSync(path, Buffer.alloc(20 * 1024 * 1024, "x"));
    expect(files.read(path)?.length).toBeLessThan(20 * 1024 * 1024);
  });
});
