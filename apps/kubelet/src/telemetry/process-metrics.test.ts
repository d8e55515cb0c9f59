import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { createMetricsPages } from "./metrics-pages.ts";
import { readProcessFacts, registerProcessMetrics } from "./process-metrics.ts";
import { createPrometheusRegister } from "./prometheus.ts";

const FILES = {
  // The name of a process may hold anything.
  stat: "42 (a) b (c) S 1 42 42 0 -1 4194560 9 0 0 0 150 50 0 0 20 0 11 0 4711 1352134656 20201 18446744073709551615 1 1",
  limits:
    "Limit                     Soft Limit           Hard Limit           Units     \n" +
    "Max open files            1024                 524288               files     \n" +
    "Max address space         unlimited            unlimited            bytes     \n",
  "net/netstat": "TcpExt: SyncookiesSent\nTcpExt: 7\nIpExt: InNoRoutes InOctets OutOctets\nIpExt: 1 2000 3000\n",
  "fd/0": "",
  "fd/1": "",
  "fd/2": "",
};

const lay = async (files: { readonly [path: string]: string }): Promise<string> => {
  const dir = await mkdtemp(join(tmpdir(), "nk-proc-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
  return dir;
};

const value = (text: string, name: string): number => Number(new RegExp(`^${name} (.+)$`, "m").exec(text)?.[1]);

describe("the process's metrics", () => {
  it("are read from /proc", async () => {
    expect(await readProcessFacts(await lay(FILES))).toEqual({
      cpuSeconds: 2,
      virtualMemoryBytes: 1_352_134_656,
      openFiles: 2,
      maxFiles: 1024,
      maxVirtualMemoryBytes: undefined,
      receivedBytes: 2000,
      transmittedBytes: 3000,
    });
  });

  it("are looked up for each reading; a counter is the total, not the sum of totals", async () => {
    const procDir = await lay(FILES);
    const register = createPrometheusRegister();
    registerProcessMetrics(register, { procDir });
    expect(value(await register.render(), "process_cpu_seconds_total")).toBe(2);
    await writeFile(join(procDir, "stat"), FILES.stat.replace(" 150 50 ", " 250 50 "));
    const text = await register.render();
    expect(value(text, "process_cpu_seconds_total")).toBe(3);
    expect(value(text, "process_network_receive_bytes_total")).toBe(2000);
    expect(text).toContain("process_virtual_memory_max_bytes 1.8446744073709552e+19");
  });

  it("stay as they were where there is no /proc", async () => {
    const register = createPrometheusRegister();
    registerProcessMetrics(register, { procDir: "/nonexistent" });
    expect(await register.render()).toContain("process_open_fds 0");
  });
});

describe("the main page", () => {
  it("tells of this process, of Node, of the build and of itself", async () => {
    const { main } = createMetricsPages({ startedAtMs: 1000 });
    const text = await main.render();
    expect(value(text, "process_resident_memory_bytes")).toBeGreaterThan(10_000_000);
    expect(value(text, "process_max_fds")).toBeGreaterThan(0);
    expect(value(text, "process_start_time_seconds")).toBe(1);
    expect(value(text, "nodejs_heap_size_used_bytes")).toBeGreaterThan(1_000_000);
    expect(text).toMatch(
      /^kubernetes_build_info\{.*git_version="v1\.36\.\d+",go_version="v\d+.*",major="1",minor="36",platform="linux\/\w+"\} 1$/mu,
    );
    expect(text).toContain('registered_metrics_total{deprecated_version="",stability_level="BETA"} 2');
    expect(await main.render()).toContain('registered_metrics_total{deprecated_version="",stability_level="BETA"} 2');
  });
});
