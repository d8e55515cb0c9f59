import { describe, expect, it } from "vitest";
import { MEASUREMENTS, parseBenchOptions, UsageError } from "./options.ts";

describe("parseBenchOptions", () => {
  it("measures everything on containerd 2.1 when nothing is said", () => {
    expect(parseBenchOptions([])).toEqual({
      json: false,
      only: MEASUREMENTS,
      containerd: "2.1",
      pods: 40,
      idleSeconds: 30,
      yes: false,
      kubelet: undefined,
      log: undefined,
    });
  });

  it("keeps the order of the measurements, however they are named", () => {
    expect(parseBenchOptions(["--only", "idle,start", "--pods=3"])).toMatchObject({ only: ["start", "idle"], pods: 3 });
  });

  it.each([[["--only", "speed"]], [["--containerd", "1.7"]], [["--pods", "0"]], [["--idle-seconds", "1.5"]], [["--fast"]]])(
    "refuses %j",
    (argv) => {
      expect(() => parseBenchOptions(argv)).toThrow(UsageError);
    },
  );
});
