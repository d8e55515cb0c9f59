import { describe, expect, it } from "vitest";
import { parseCpu, parseStatusMib, readProcessCost } from "./process-cost.ts";

describe("parseCpu", () => {
  it("adds user and system time, whatever the command is called", () => {
    expect(parseCpu("77 (no) de (x) S 1 77 77 0 -1 4194560 9000 0 3 0 123 45 6 7 20 0 11 0 99 1000 200")).toEqual({
      cpuMs: 1680,
      childrenCpuMs: 130,
    });
  });
});

describe("parseStatusMib", () => {
  const status = "Name:\tnode\nVmHWM:\t  90000 kB\nVmRSS:\t   65536 kB\nRssAnon:\t   20480 kB\n";

  it("reads a field in MiB", () => {
    expect([parseStatusMib(status, "VmRSS"), parseStatusMib(status, "RssAnon")]).toEqual([64, 20]);
  });

  it("says which field is missing", () => {
    expect(() => parseStatusMib(status, "VmSwap")).toThrow("has no VmSwap");
  });
});

describe("readProcessCost", () => {
  it("reads a process that runs", async () => {
    const cost = await readProcessCost(process.pid);
    expect(cost.rssMib).toBeGreaterThan(cost.anonMib);
    expect(cost.anonMib).toBeGreaterThan(1);
    expect(cost.cpuMs).toBeGreaterThan(0);
  });
});
