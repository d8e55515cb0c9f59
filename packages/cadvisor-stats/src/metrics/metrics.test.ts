import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { createCollector } from "../collector.ts";
import { parseDiskStats } from "../disk-stats.ts";
import type { Filesystem } from "../filesystems.ts";
import { readMachineInfo } from "../machine/machine-info.ts";
import type { Snapshot } from "../model.ts";
import type { SummaryInput } from "../summary/input.ts";
import { CONTAINER_METRIC_NAMES, formatCadvisorMetrics } from "./cadvisor-metrics.ts";
import type { CadvisorMetricsInput } from "./cadvisor-metrics.ts";
import { formatFamilies } from "./exposition.ts";
import { formatResourceMetrics } from "./resource-metrics.ts";

const fixtures = join(import.meta.dirname, "../../test/fixtures");
const procRoot = join(fixtures, "proc");

interface Seen {
  readonly type: string;
  readonly labels: readonly string[];
}

/** Names, types and label names of the reference's page, a line each: `NAME TYPE labels {...}`. */
const readRecording = (name: string): ReadonlyMap<string, Seen> =>
  new Map(
    readFileSync(join(fixtures, "recording", name), "utf8")
      .split("\n")
      .filter((line) => /^\w+ (counter|gauge)/.test(line))
      .map((line) => {
        const [metric = "", type = "", , ...json] = line.split(" ");
        return [metric, { type, labels: json.length === 0 ? [] : Object.keys(JSON.parse(json.join(" ")) as object).toSorted() }];
      }),
  );

/** The same of a page of text, and every line of it has to be of the format. */
const readPage = (text: string): ReadonlyMap<string, Seen> => {
  const seen = new Map<string, Seen>();
  let type = "";
  for (const line of text.trimEnd().split("\n")) {
    if (line.startsWith("# HELP ")) continue;
    if (line.startsWith("# TYPE ")) type = line.split(" ")[3] ?? "";
    else {
      const match = /^(\w+)(?:\{((?:\w+="(?:[^"\\\n]|\\.)*",?)*)\})? \S+( \d+)?$/.exec(line);
      if (!match) throw new Error(`no sample: ${line}`);
      const labels = [...(match[2] ?? "").matchAll(/(\w+)="/g)].map(([, name]) => name ?? "");
      expect(labels).toEqual(labels.toSorted());
      const before = seen.get(match[1] ?? "");
      seen.set(match[1] ?? "", { type, labels: [...new Set([...(before?.labels ?? []), ...labels])].toSorted() });
    }
  }
  return seen;
};

const filesystems: readonly Filesystem[] = ["/dev/vda", "/dev/shm"].map((device) => {
  const disk = parseDiskStats(readFileSync(join(procRoot, "diskstats"), "utf8")).get(device);
  const space = { capacityBytes: 1000, freeBytes: 300, availableBytes: 200, inodes: 10, inodesFree: 4 };
  return { device, mountPoint: "/", fsType: "ext4", major: 254, minor: 0, ...space, ...(disk === undefined ? {} : { disk }) };
});

const machine = readMachineInfo({ procRoot, sysRoot: join(fixtures, "absent"), etcRoot: join(fixtures, "etc"), nowMs: 1000 });

const collect = async (name: string): Promise<Snapshot> => {
  using collector = createCollector({ cgroupRoot: join(fixtures, name), procRoot });
  return await collector.collect({ processes: "descriptors" });
};

const page = (input: CadvisorMetricsInput): string => [...formatCadvisorMetrics(input)].join("");

let v1: Snapshot;
let v2: Snapshot;

beforeAll(async () => {
  [v1, v2] = await Promise.all([collect("v1-hybrid"), collect("v2")]);
});

describe("/metrics/cadvisor", () => {
  it("has every name, type and label of the recording, and no other", () => {
    // No cgroup with a quota was on the recorded host.
    const snapshot = { ...v1, cgroups: new Map([...v1.cgroups].filter(([path]) => !path.endsWith("/c1"))) };
    const seen = readPage(page({ snapshot, machine, filesystems, maxOpenFiles: 1024 }));
    const recorded = readRecording("metrics-cadvisor.txt");
    expect([...seen.keys()].toSorted()).toEqual([...recorded.keys()].toSorted());
    for (const [name, { type, labels }] of recorded) expect([name, seen.get(name)]).toEqual([name, { type, labels }]);
  });

  it("has quotas, devices and pressure where there are any", () => {
    const names = readPage(page({ snapshot: v2, machine, filesystems }))
      .keys()
      .toArray();
    for (const name of [
      "container_cpu_cfs_throttled_seconds_total",
      "container_spec_cpu_quota",
      "container_fs_reads_bytes_total",
      "container_blkio_device_usage_total",
      "container_pressure_cpu_waiting_seconds_total",
    ])
      expect(names).toContain(name);
    expect(names.filter((name) => name.startsWith("container_") && name !== "container_scrape_error").toSorted()).toEqual(
      CONTAINER_METRIC_NAMES.filter((name) => name !== "container_ulimits_soft"),
    );
  });

  it("says what the files say, whose it is, and when it was read", () => {
    const labelsOf = ({ path }: { readonly path: string }) =>
      path.endsWith("/c1") ? { container: "app", pod: "p", namespace: "n", image: 'a"b\\', name: "c1" } : {};
    const lines = page({ snapshot: v1, labelsOf }).split("\n");
    const timeMs = v1.cgroups.get("/fixture-pod/c1")?.timeMs ?? 0;
    const own = 'container="app",id="/fixture-pod/c1",image="a\\"b\\\\",name="c1",namespace="n",pod="p"';
    expect(lines).toContain(`container_memory_working_set_bytes{${own}} 385024 ${timeMs}`);
    expect(lines).toContain(`container_cpu_usage_seconds_total{${own.replace(",id=", ',cpu="total",id=')}} 0.174351571 ${timeMs}`);
    expect(lines).toContain(`container_spec_memory_limit_bytes{${own}} 6.4e+07`);
    expect(lines).toContain(`container_spec_memory_swap_limit_bytes{${own}} 0`);
    expect(lines).toContain("# HELP container_memory_rss Size of RSS in bytes.");
    expect(lines.some((line) => line.startsWith("machine_"))).toBe(false);
  });

  it("comes in pieces, one for each name, sorted", () => {
    const names = [...formatCadvisorMetrics({ snapshot: v1, machine })].map((piece) => piece.split(" ")[2] ?? "");
    expect(names).toEqual([...new Set(names)].toSorted());
    expect(names.length).toBeGreaterThan(40);
  });

  it("is OpenMetrics when asked: totals, seconds, an end", () => {
    const text = page({ snapshot: v1, format: "openmetrics" });
    expect(text).toContain("# TYPE container_memory_failcnt counter\ncontainer_memory_failcnt_total{");
    expect(text).toContain("# TYPE container_cpu_user_seconds counter\ncontainer_cpu_user_seconds_total{");
    expect(text).toMatch(/^container_memory_rss\{.*\} \S+[.e]\S* \d+\.\d{3}$/m);
    expect(text.endsWith("\n# EOF\n")).toBe(true);
  });

  it("is an end alone when nothing was found", () => {
    expect([...formatFamilies([], "prometheus")]).toEqual([]);
    expect([...formatFamilies([{ name: "a", help: "", type: "gauge", samples: [] }], "openmetrics")]).toEqual(["# EOF\n"]);
  });
});

describe("/metrics/resource", () => {
  const input = (snapshot: Snapshot, path: string): SummaryInput => ({
    nodeName: "node-1",
    snapshot,
    pods: [
      {
        name: "p",
        namespace: "n",
        uid: "u",
        path: path.slice(0, path.lastIndexOf("/")),
        containers: [{ name: "app", path, startedAtMs: 1500 }],
      },
      { name: "gone", namespace: "n", uid: "v", path: "/absent", containers: [{ name: "app", path: "/absent/app" }] },
    ],
  });

  it("has every name, type and label of the recording, and no other", () => {
    const path = "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-abc.scope";
    const seen = readPage([...formatResourceMetrics(input(v2, path))].join(""));
    expect(Object.fromEntries(seen)).toEqual(Object.fromEntries(readRecording("metrics-resource.txt")));
  });

  it("leaves out what cannot be told, and pods that are gone", () => {
    const text = [...formatResourceMetrics(input(v1, "/fixture-pod/c1"))].join("");
    expect(text).toContain('container_start_time_seconds{container="app",namespace="n",pod="p"} 1.5\n');
    expect(text).toMatch(/^container_memory_working_set_bytes\{container="app",namespace="n",pod="p"\} 385024 \d+$/m);
    expect(text).not.toContain("container_swap_limit_bytes");
    expect(text).not.toContain("gone");
  });
});
