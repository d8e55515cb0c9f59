import { describe, expect, it } from "vitest";
import { parseParityOptions, UsageError } from "./options.ts";

const names = ["p01-minimal", "p02-token", "p18-init"];

describe("the command line", () => {
  it("runs everything with this repository's kubelet by default", () => {
    expect(parseParityOptions([], names)).toMatchObject({ only: names, kubelet: undefined, controlPlane: undefined, json: false });
  });

  it("picks scenarios by number or name", () => {
    expect(parseParityOptions(["--only", "p18,p01-minimal"], names)).toMatchObject({ only: ["p18-init", "p01-minimal"] });
  });

  it.each([["--only", "p99"], ["--only", "p0"], ["--control-plane", "kind"], ["--what"]])("refuses %s %s", (...argv) => {
    expect(() =>
      parseParityOptions(
        argv.filter((word) => word !== undefined),
        names,
      ),
    ).toThrow(UsageError);
  });

  it("asks for help", () => {
    expect(parseParityOptions(["-h"], names)).toBe("help");
  });
});
