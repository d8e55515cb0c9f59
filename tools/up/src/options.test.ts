import { expect, it } from "vitest";
import { UsageError, parseUpOptions } from "./options.ts";

it("fills in defaults", () => {
  expect(parseUpOptions([], "/default")).toEqual({
    once: false,
    yes: false,
    containerd: undefined,
    manifests: "/default",
    keepLogs: false,
  });
});

it("reads every option", () => {
  const argv = ["--once", "--yes", "--containerd", "2.1", "--manifests=/m", "--keep-logs"];
  expect(parseUpOptions(argv, "/default")).toEqual({ once: true, yes: true, containerd: "2.1", manifests: "/m", keepLogs: true });
  expect(parseUpOptions(["--help"], "/default")).toBe("help");
});

it.each([["--containerd=1.7"], ["--wrong"], ["stray"]])("refuses %s", (argument) => {
  expect(() => parseUpOptions([argument], "/default")).toThrow(UsageError);
});
