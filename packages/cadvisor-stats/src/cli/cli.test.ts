import { join } from "node:path";
import { createFakeClock } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import type { Snapshot } from "../model.ts";
import { parseArguments } from "./arguments.ts";
import { runCommand } from "./run.ts";
import { computeTop, formatBytes, formatTop } from "./table.ts";

const fixtures = join(import.meta.dirname, "../../test/fixtures");
const roots = [
  "--cgroup-root",
  join(fixtures, "v2"),
  "--proc-root",
  join(fixtures, "proc"),
  "--sys-root",
  join(fixtures, "sys-two-sockets"),
];

const run = async (...argv: readonly string[]): Promise<string> => {
  let text = "";
  const clock = { ...createFakeClock(), sleep: () => Promise.resolve() };
  await runCommand(parseArguments([...argv, ...roots]), {
    clock,
    signal: new AbortController().signal,
    write: (piece) => {
      text += piece;
      return Promise.resolve();
    },
  });
  return text;
};

describe("arguments", () => {
  it.each([
    [["bogus"], "bogus is no command: use top, json, metrics or own"],
    [[], "say what to do: top, json, metrics or own"],
    [["json", "--count", "2"], "--count means nothing to json"],
    [["top", "--interval", "-1"], "--interval"],
    [["top", "--count", "0"], "--count 0: use a number above 0"],
    [["top", "kubepods"], "kubepods: a cgroup begins with /"],
    [["top", "--bogus"], "--bogus"],
  ])("%j are refused with a sentence", (argv, message) => {
    expect(() => parseArguments(argv)).toThrow(
      expect.objectContaining({ code: "invalid-option", message: expect.stringContaining(message) as string }),
    );
  });

  it("ask for help anywhere", () => expect(parseArguments(["top", "-h"])).toEqual({ kind: "help" }));
});

describe("commands", () => {
  it("print help with all of them in it", async () => {
    const help = await run("--help");
    for (const word of ["top", "json", "metrics", "own", "exit codes"]) expect(help).toContain(word);
  });

  it("print JSON of what a path names and all below it", async () => {
    const all = JSON.parse(await run("json")) as { cgroups: { path: string }[]; machine: { sockets: number } };
    expect(all.cgroups).toHaveLength(5);
    expect(all.machine.sockets).toBe(2);
    const some = JSON.parse(await run("json", "/kubepods.slice/kubepods-burstable.slice/")) as typeof all;
    expect(some.cgroups.map(({ path }) => path.split("/").length)).toEqual([3, 4, 5]);
    expect((JSON.parse(await run("json", "/absent")) as typeof all).cgroups).toEqual([]);
  });

  it("print metrics in either format", async () => {
    expect(await run("metrics")).toContain("# TYPE container_cpu_usage_seconds_total counter\n");
    expect(await run("metrics", "--openmetrics")).toMatch(/# EOF\n$/);
  });

  it("print what this process may use", async () => {
    expect(await run("own")).toMatch(/^cpus .*\nmemory .*\ntasks .*\n$/);
    expect(JSON.parse(await run("own", "--json"))).toHaveProperty("cpus");
  });
});

describe("top", () => {
  it("sorts by CPU, and leaves out what is in one sample only", () => {
    const at = (monotonicMs: number, usage: { readonly [path: string]: bigint }): Snapshot => ({
      timeMs: 0,
      cgroupVersion: 2,
      cgroups: new Map(
        Object.entries(usage).map(([path, usageNanos]) => [
          path,
          {
            path,
            timeMs: 0,
            monotonicMs,
            limits: { memoryBytes: 2 ** 30 },
            cpu: {
              usageNanos,
              userNanos: 0n,
              systemNanos: 0n,
              periods: 0,
              throttledPeriods: 0,
              throttledNanos: 0n,
              burstPeriods: 0,
              burstNanos: 0n,
            },
          },
        ]),
      ),
    });
    const rows = computeTop(at(0, { "/a": 0n, "/b": 0n, "/gone": 0n }), at(1000, { "/a": 1n, "/b": 1_500_000_000n, "/new": 9n }));
    expect(rows.map(({ path, cpuCores }) => [path, cpuCores])).toEqual([
      ["/b", 1.5],
      ["/a", 1e-9],
    ]);
    expect(formatTop(rows.slice(0, 1))).toBe(
      "  CPU  THROTTLED  MEMORY  LIMIT  READ/S  WRITE/S  TASKS  CGROUP\n1.500         0%       0  1.0Gi       0        0      0  /b\n",
    );
  });

  it.each([
    [0, "0"],
    [999, "999"],
    [1000, "1.0Ki"],
    [110_000_000, "105Mi"],
    [2 ** 40 * 1.5, "1.5Ti"],
  ])("writes %d bytes as %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});
