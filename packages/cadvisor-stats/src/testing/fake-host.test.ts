import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSeededRandom } from "@nk/stdx/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createCollector } from "../collector.ts";
import { formatCadvisorMetrics } from "../metrics/cadvisor-metrics.ts";
import { computeRates } from "../rates.ts";
import { buildSummary, formatSummary } from "../summary/build-summary.ts";
import { openFakeHost } from "./fake-host.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "nk-fake-host-"));
});

afterEach(() => rmSync(directory, { recursive: true }));

describe.each([1, 2] as const)("a fake host with cgroup v%d", (version) => {
  it("is read as it was set, and its rates are those of its changes", async () => {
    const host = openFakeHost(directory, { version, memoryBytes: 2 ** 30 });
    host.set("/a/b", { cpuNanos: 1_000_000_000n, memoryBytes: 5000, inactiveFileBytes: 1000, pids: [7, 8], cpuQuotaMicros: 50_000 });
    using collector = createCollector(host);
    const before = await collector.collect();
    expect([...before.cgroups.keys()]).toEqual(["/", "/a/b"]);
    expect(before.cgroups.get("/a/b")).toMatchObject({
      cpu: { usageNanos: 1_000_000_000n },
      memory: { usageBytes: 5000, workingSetBytes: 4000 },
      tasks: 2,
      processes: { processes: 2 },
      limits: { cpuQuotaMicros: 50_000 },
    });
    expect(before.cgroups.get("/")?.limits.memoryBytes).toBe(2 ** 30);
    host.set("/a/b", { cpuNanos: 3_000_000_000n, memoryBytes: 5000, readBytes: 4096n });
    const after = await collector.collect();
    const [first, second] = [before.cgroups.get("/a/b"), after.cgroups.get("/a/b")];
    const rates = first && second && computeRates({ ...first, monotonicMs: 0 }, { ...second, monotonicMs: 2000 });
    expect(rates).toMatchObject({ cpuNanoCores: 1e9, readBytesPerSecond: 2048 });
  });

  it("forgets a cgroup that is removed, though its files are kept open, and knows one made in its place", async () => {
    const host = openFakeHost(directory, { version });
    using collector = createCollector(host);
    host.set("/a", { memoryBytes: 1 });
    expect((await collector.collect()).cgroups.get("/a")?.memory?.usageBytes).toBe(1);
    host.remove("/a");
    expect((await collector.collect({ paths: ["/a"] })).cgroups.size).toBe(0);
    host.set("/a", { memoryBytes: 2 });
    expect((await collector.collect()).cgroups.get("/a")?.memory?.usageBytes).toBe(2);
  });

  it("may have anything at all in its files: nothing throws, and every page is well-formed", async () => {
    const random = createSeededRandom(version);
    const pieces = [
      "0",
      "-1",
      "max",
      "18446744073709551615",
      "\0",
      "\n",
      " ",
      "usage_usec",
      "some avg10=",
      "8:0 ",
      "Read",
      "rbytes=",
      "ÿ",
      "1e9",
      "99999999999999999999",
    ];
    const garbage = (): string =>
      Array.from({ length: Math.floor(random() * 12) }, () => pieces[Math.floor(random() * pieces.length)] ?? "").join(
        random() < 0.5 ? "" : " ",
      );
    const host = openFakeHost(directory, { version });
    host.set("/a", {});
    using collector = createCollector(host);
    const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    for (let round = 0; round < 60; round += 1) {
      for (const entry of files) if (random() < 0.5) writeFileSync(join(entry.parentPath, entry.name), garbage());
      const snapshot = await collector.collect({ processes: "descriptors" });
      const page = [...formatCadvisorMetrics({ snapshot, format: "openmetrics" })].join("");
      expect(page.split("\n").filter((line) => !/^(# |\w+(\{.*\})? -?[\d.e+]+( \d+\.\d{3})?$|$)/.test(line))).toEqual([]);
      const summary = buildSummary({
        nodeName: "n",
        snapshot,
        pods: [{ name: "p", namespace: "n", uid: "u", path: "/a", containers: [] }],
      });
      expect(() => JSON.parse([...formatSummary(summary)].join("")) as unknown).not.toThrow();
    }
  });
});
