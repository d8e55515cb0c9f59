import { describe, expect, it } from "vitest";
import { nearestName } from "./nearest-name.ts";

describe("the nearest name", () => {
  it.each([
    ["imagee", "image"],
    ["IMAGE", "image"],
    ["restartpolicy", "restartPolicy"],
    ["terminationGracePeriodSecs", "terminationGracePeriodSeconds"],
  ])("of %s is %s", (name, nearest) => {
    expect(nearestName(name, ["image", "name", "restartPolicy", "terminationGracePeriodSeconds"])).toBe(nearest);
  });

  it("is none when nothing is near, when most letters differ, or when the name is absurdly long", () => {
    expect(nearestName("xyzzy", ["image", "name"])).toBeUndefined();
    expect(nearestName("ab", ["cd"])).toBeUndefined();
    expect(nearestName("i".repeat(1_000_000), ["image"])).toBeUndefined();
  });
});
