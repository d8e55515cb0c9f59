import { describe, expect, it } from "vitest";
import { isKubeletConfigError } from "./errors.ts";
import { parseFlags } from "./parse-flags.ts";

const flagsOf = (...argv: string[]): Record<string, unknown> => {
  const parsed = parseFlags(argv);
  return parsed.kind === "run" ? Object.fromEntries(parsed.flags) : { kind: parsed.kind };
};

const errorOf = (...argv: string[]): { code: string; message: string } => {
  try {
    parseFlags(argv);
  } catch (error) {
    if (isKubeletConfigError(error)) return { code: error.code, message: error.message };
  }
  return { code: "none", message: "" };
};

describe("parseFlags", () => {
  it.each([
    ["a value after =", ["--max-pods=7"], { "max-pods": 7 }],
    ["a value as the next argument", ["--max-pods", "7"], { "max-pods": 7 }],
    ["an underscore for a dash", ["--max_pods=7"], { "max-pods": 7 }],
    ["-v with a space", ["-v", "4"], { v: 4 }],
    ["-v with =", ["-v=4"], { v: 4 }],
    ["-v with nothing between", ["-v4"], { v: 4 }],
    ["--v", ["--v=4"], { v: 4 }],
    ["a bare bool", ["--fail-swap-on"], { "fail-swap-on": true }],
    ["a bool with a value", ["--fail-swap-on=F"], { "fail-swap-on": false }],
    ["the last of repeated values", ["--max-pods=1", "--max-pods=2"], { "max-pods": 2 }],
    ["growing lists", ["--cluster-dns=10.0.0.1,10.0.0.2", "--cluster-dns=::1"], { "cluster-dns": ["10.0.0.1", "10.0.0.2", "::1"] }],
    ["growing maps", ["--feature-gates=A=true,B=false", "--feature-gates=B=1"], { "feature-gates": { A: true, B: true } }],
    ["headers", ["--manifest-url-header=a:b,a:c:d"], { "manifest-url-header": { a: ["b", "c:d"] } }],
    ["headers given again", ["--manifest-url-header=a:1", "--manifest-url-header=a:2"], { "manifest-url-header": { a: ["1", "2"] } }],
    ["an empty value", ["--pod-manifest-path="], { "pod-manifest-path": "" }],
    ["a value that looks like a flag", ["--cluster-domain", "--x"], { "cluster-domain": "--x" }],
    ["thresholds", ["--eviction-hard=memory.available<1Gi"], { "eviction-hard": { "memory.available": "1Gi" } }],
    ["a final --", ["-v4", "--"], { v: 4 }],
    ["--version", ["--version"], { kind: "version" }],
    ["--version=raw", ["--version=raw"], { kind: "version" }],
    ["--version=false", ["--version=false"], { version: "false" }],
    ["-h", ["-h"], { kind: "help" }],
    ["--help beside others", ["-v4", "--help"], { kind: "help" }],
  ])("reads %s", (_, argv, expected) => {
    expect(flagsOf(...argv)).toEqual(expected);
  });

  it.each([
    [["--max-podz=1"], "unknown-flag", "unknown flag: --max-podz, did you mean --max-pods?"],
    [["--utterly-different-thing"], "unknown-flag", "unknown flag: --utterly-different-thing"],
    [["-x"], "unknown-flag", "unknown flag: -x"],
    [["--constructor"], "unknown-flag", "unknown flag: --constructor"],
    [["--container-runtime=remote"], "removed-flag", "which the reference has removed"],
    [["--max-pods"], "invalid-flag", "flag needs a value: --max-pods"],
    [["--max-pods=many"], "invalid-flag", "cannot read the value of --max-pods: it is not an integer"],
    [["--sync-frequency=60"], "invalid-flag", "it is not a duration"],
    [["--fail-swap-on=no"], "invalid-flag", "it is neither true nor false"],
    [["--fail-swap-on", "false"], "unexpected-argument", 'unexpected argument "false"'],
    [["pod.yaml"], "unexpected-argument", "takes only flags"],
    [["--", "--max-pods=1"], "unexpected-argument", "takes only flags"],
    [["-"], "unexpected-argument", "takes only flags"],
  ])("refuses %j", (argv, code, message) => {
    const error = errorOf(...argv);
    expect(error.code).toBe(code);
    expect(error.message).toContain(message);
  });

  it("keeps the values of flags out of its errors", () => {
    expect(errorOf("--manifest-url-header=topsecret").message).not.toContain("topsecret");
  });
});
