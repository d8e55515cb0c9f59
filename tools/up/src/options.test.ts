import { expect, it } from "vitest";
import { UsageError, parseUpOptions } from "./options.ts";

it("fills in defaults", () => {
  expect(parseUpOptions([], "/default")).toEqual({
    once: false,
    standalone: false,
    yes: false,
    containerd: undefined,
    kubectl: undefined,
    manifests: "/default",
    keepLogs: false,
  });
});

it("reads every option", () => {
  const argv = ["--once", "--yes", "--containerd", "2.1", "--kubectl=1.32", "--manifests=/m", "--keep-logs"];
  const expected = { once: true, standalone: false, yes: true, containerd: "2.1", kubectl: "1.32", manifests: "/m", keepLogs: true };
  expect(parseUpOptions(argv, "/default")).toEqual(expected);
  expect(parseUpOptions(["--standalone"], "/default")).toMatchObject({ standalone: true });
  expect(parseUpOptions(["--help"], "/default")).toBe("help");
});

it.each(["--containerd=1.7", "--kubectl=1.20", "--standalone --kubectl=1.36", "--wrong", "stray"])("refuses %s", (line) => {
  expect(() => parseUpOptions(line.split(" "), "/default")).toThrow(UsageError);
});
