import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { createCollector } from "../collector.ts";
import type { Snapshot } from "../model.ts";
import { buildSummary, formatSummary } from "./build-summary.ts";
import type { SummaryInput } from "./input.ts";
import { toSummaryFs } from "./usage.ts";

const fixtures = join(import.meta.dirname, "../../test/fixtures");

/** Every path of keys in a value, members of lists taken together. */
const keysOf = (value: unknown, at = ""): readonly string[] => {
  if (Array.isArray(value)) return [...new Set(value.flatMap((one) => keysOf(one, `${at}[]`)))];
  if (typeof value !== "object" || value === null) return [`${at}:${typeof value}`];
  return Object.entries(value).flatMap(([key, member]) => keysOf(member, `${at}.${key}`));
};

const recorded = (name: string): readonly string[] =>
  keysOf(JSON.parse(readFileSync(join(fixtures, "recording", name), "utf8"))).toSorted();

const space = { capacityBytes: 100, freeBytes: 40, availableBytes: 30, inodes: 10, inodesFree: 4 };

const input = (snapshot: Snapshot): SummaryInput => {
  const fs = toSummaryFs(space, 0);
  return {
    nodeName: "node-1",
    snapshot,
    bootTimeMs: 1000,
    pods: [
      {
        name: "demo",
        namespace: "default",
        uid: "u",
        path: "/fixture-pod",
        startedAtMs: 2000,
        containers: [
          {
            name: "demo",
            path: "/fixture-pod/c1",
            startedAtMs: 3999,
            rootfs: toSummaryFs(space, 0, { usedBytes: 1, inodesUsed: 2 }),
            logs: fs,
          },
        ],
        volumes: [{ name: "v", ...fs }],
        ephemeralStorage: fs,
      },
      { name: "gone", namespace: "default", uid: "g", path: "/gone", containers: [{ name: "c", path: "/gone/c" }] },
    ],
    systemContainers: [{ name: "pods", path: "/fixture-pod" }],
    fs,
    imageFs: fs,
    containerFs: fs,
    tasks: { timeMs: 0, maxTasks: 32_768, tasks: 317 },
  };
};

let snapshot: Snapshot;

beforeAll(async () => {
  using collector = createCollector({ cgroupRoot: join(fixtures, "v1-hybrid"), procRoot: join(fixtures, "proc") });
  const found = await collector.collect();
  // On the recorded host containers had no pressure but swap limits, and the pods a memory limit.
  const pod = found.cgroups.get("/fixture-pod");
  const c1 = found.cgroups.get("/fixture-pod/c1");
  if (pod === undefined || c1 === undefined) throw new Error("the fixture is incomplete");
  const without = <T extends object>(value: T | undefined): T => ({ ...value, pressure: undefined }) as T;
  const plain = { ...c1, cpu: without(c1.cpu), memory: without(c1.memory), io: without(c1.io), limits: { ...c1.limits, swapBytes: 0 } };
  const limited = { ...pod, limits: { ...pod.limits, memoryBytes: 64_000_000 } };
  snapshot = { ...found, cgroups: new Map([...found.cgroups, [c1.path, plain], [pod.path, limited]]) };
});

const json = (options = {}): unknown => JSON.parse([...formatSummary(buildSummary(input(snapshot), options))].join(""));

describe("the Summary", () => {
  it("has the members of the recording, all of them and no other", () => {
    expect(keysOf(json()).toSorted()).toEqual(recorded("stats-summary.json"));
    expect(keysOf(json({ onlyCpuAndMemory: true })).toSorted()).toEqual(recorded("stats-summary-only-cpu-memory.json"));
  });

  it("says what was read", () => {
    const { node, pods } = buildSummary(input(snapshot));
    expect(pods).toHaveLength(1);
    expect(pods[0]?.containers[0]).toMatchObject({
      startTime: "1970-01-01T00:00:03Z",
      cpu: { usageNanoCores: 0, usageCoreNanoSeconds: 174_351_571n },
      memory: { availableBytes: 64_000_000 - 385_024, workingSetBytes: 385_024, pageFaults: 1232 },
      swap: { swapUsageBytes: 0, swapAvailableBytes: 0 },
      rootfs: { usedBytes: 1, inodesUsed: 2, capacityBytes: 100 },
    });
    expect(node.network).toMatchObject({ name: "eth0", interfaces: [{ name: "ifb0" }, { name: "ifb1" }, { name: "eth0" }] });
    expect(node.rlimit).toMatchObject({ maxpid: 32_768, curproc: 317 });
    expect(node.systemContainers[0]?.cpu?.psi?.some.total).toBeGreaterThan(0);
  });

  it("tells use per second from an earlier snapshot", () => {
    const c1 = snapshot.cgroups.get("/fixture-pod/c1");
    if (c1?.cpu === undefined) throw new Error("the fixture has no CPU");
    const before = { ...c1, monotonicMs: c1.monotonicMs - 10_000, cpu: { ...c1.cpu, usageNanos: 74_351_571n } };
    const previous = { ...snapshot, cgroups: new Map([[c1.path, before]]) };
    expect(buildSummary({ ...input(snapshot), previous }).pods[0]?.containers[0]?.cpu?.usageNanoCores).toBe(10_000_000);
  });

  it("writes 64-bit numbers exactly, in a piece for each pod", () => {
    const root = snapshot.cgroups.get("/");
    if (root?.cpu === undefined) throw new Error("the fixture has no root");
    const huge = { ...root, cpu: { ...root.cpu, usageNanos: 2n ** 64n - 1n } };
    const pieces = [
      ...formatSummary(
        buildSummary({ ...input(snapshot), snapshot: { ...snapshot, cgroups: new Map([...snapshot.cgroups, ["/", huge]]) } }),
      ),
    ];
    expect(pieces).toHaveLength(3);
    expect(pieces.join("")).toContain('"usageCoreNanoSeconds":18446744073709551615');
  });
});
