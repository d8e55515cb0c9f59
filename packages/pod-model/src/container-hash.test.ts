import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { containerHash } from "./container-hash.ts";

interface Recorded {
  readonly name: string;
  readonly image: string;
  readonly hash: string;
}

/** Captured from every CreateContainer in the recordings of the reference; see ORIGIN.md there. */
const recorded = JSON.parse(
  readFileSync(join(import.meta.dirname, "../test/fixtures/container-hashes.json"), "utf8"),
) as readonly Recorded[];

describe("containerHash", () => {
  it.each(recorded)("is $hash for container $name of $image, as the reference recorded it", ({ name, image, hash }) => {
    expect(containerHash({ name, image })).toBe(hash);
  });

  it("depends on nothing but name and image", () => {
    const container = { name: "a", image: "b", command: ["x"], env: [{ name: "K", value: "v" }] };
    expect(containerHash(container)).toBe(containerHash({ name: "a", image: "b" }));
    expect(containerHash({ name: "b", image: "a" })).not.toBe(containerHash(container));
  });

  it("accepts a missing image and letters that JSON escapes", () => {
    expect(containerHash({ name: "<&>\u2028" })).toMatch(/^[0-9a-f]{1,8}$/u);
  });
});
