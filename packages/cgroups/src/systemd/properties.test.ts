import { describe, expect, it } from "vitest";
import type { CgroupResources } from "../resources.ts";
import { computeSliceProperties, computeUnitProperties } from "./properties.ts";

const INFINITY = 2n ** 64n - 1n;

const properties = (version: 1 | 2, resources: CgroupResources): object =>
  Object.fromEntries(computeUnitProperties(version, resources).map(([name, { value }]) => [name, value]));

describe("properties of a unit", () => {
  it.each<[CgroupResources, object, object]>([
    [{ cpuShares: 0 }, { CPUShares: 2n }, { CPUWeight: 1n }],
    [{ cpuQuotaMicros: "max" }, { CPUQuotaPerSecUSec: INFINITY }, { CPUQuotaPerSecUSec: INFINITY }],
    [
      { cpuQuotaMicros: 12_345, cpuPeriodMicros: 50_000 },
      { CPUQuotaPeriodUSec: 50_000n, CPUQuotaPerSecUSec: 250_000n },
      { CPUQuotaPeriodUSec: 50_000n, CPUQuotaPerSecUSec: 250_000n },
    ],
    [
      { memoryBytes: "max", tasks: 0 },
      { MemoryLimit: INFINITY, TasksMax: 1n },
      { MemoryMax: INFINITY, TasksMax: 1n },
    ],
    [
      { swapBytes: 0, memoryMinBytes: 1, memoryLowBytes: 2, memoryHighBytes: "max", ioWeight: 7 },
      {},
      { IOWeight: 7n, MemoryMin: 1n, MemoryLow: 2n, MemoryHigh: INFINITY, MemorySwapMax: 0n },
    ],
    [{ cpus: "0-3,8", memoryNodes: "1" }, {}, { AllowedCPUs: [0x0f, 0x01], AllowedMemoryNodes: [0x02] }],
    [{ hugePageBytes: { "2MB": 0 } }, {}, {}],
  ])("of %j are systemd's names under v1 and v2", (resources, v1, v2) => {
    expect([properties(1, resources), properties(2, resources)]).toEqual([v1, v2]);
  });

  it("of a new slice want its parent, but at the top", () => {
    const names = (slice: string): readonly string[] => computeSliceProperties(1, slice).map(([name]) => name);
    expect(names("a-b.slice")).toEqual([
      "Description",
      "Wants",
      "CPUAccounting",
      "MemoryAccounting",
      "BlockIOAccounting",
      "TasksAccounting",
      "DefaultDependencies",
    ]);
    expect(names("a.slice")).not.toContain("Wants");
  });
});
