import type { CgroupResources, Controller, FileWrite, Limit, ReadFile } from "../resources.ts";
import { formatLimit, parseLimit, setting } from "../resources.ts";

const V1 = {
  memory: "memory.limit_in_bytes",
  memoryAndSwap: "memory.memsw.limit_in_bytes",
  soft: "memory.soft_limit_in_bytes",
} as const;

const V2_FILES: readonly (readonly [file: string, name: "memoryMinBytes" | "memoryLowBytes" | "memoryHighBytes"])[] = [
  ["memory.min", "memoryMinBytes"],
  ["memory.low", "memoryLowBytes"],
  ["memory.high", "memoryHighBytes"],
];

const amount = (limit: Limit | undefined): number => (limit === undefined || limit === "max" ? Infinity : limit);

/** Memory and swap together, as v1 wants it; undefined when swap is not to be set. No limit of memory leaves none of both. */
const memoryAndSwap = ({ memoryBytes, swapBytes }: CgroupResources): Limit | undefined => {
  if (memoryBytes === "max" || (memoryBytes !== undefined && swapBytes === "max")) return "max";
  return memoryBytes === undefined || swapBytes === undefined || swapBytes === "max" ? undefined : memoryBytes + swapBytes;
};

/** The kernel refuses a limit of memory above that of both, even for a moment: when they grow, the second goes first. */
const computeV1 = (resources: CgroupResources, read: ReadFile): readonly FileWrite[] => {
  const { memoryBytes, memoryLowBytes } = resources;
  const both = memoryAndSwap(resources);
  const memory: readonly FileWrite[] = memoryBytes === undefined ? [] : [{ file: V1.memory, value: formatLimit(memoryBytes, "-1") }];
  // Without swap accounting there is no such file, and no swap to limit.
  const swap: readonly FileWrite[] =
    both === undefined ? [] : [{ file: V1.memoryAndSwap, value: formatLimit(both, "-1"), isOptional: true }];
  const grows = amount(both) > amount(parseLimit(read(V1.memoryAndSwap)));
  return [
    ...(grows ? [...swap, ...memory] : [...memory, ...swap]),
    ...(memoryLowBytes === undefined ? [] : [{ file: V1.soft, value: formatLimit(memoryLowBytes, "-1") }]),
  ];
};

const computeV2 = (resources: CgroupResources): readonly FileWrite[] => {
  const { memoryBytes, swapBytes } = resources;
  const isNoSwap = swapBytes === 0 || swapBytes === "max";
  return [
    ...(swapBytes === undefined ? [] : [{ file: "memory.swap.max", value: formatLimit(swapBytes), isOptional: isNoSwap }]),
    ...(memoryBytes === undefined ? [] : [{ file: "memory.max", value: formatLimit(memoryBytes) }]),
    ...V2_FILES.flatMap(([file, name]) => {
      const limit = resources[name];
      return limit === undefined ? [] : [{ file, value: formatLimit(limit) }];
    }),
  ];
};

const parseV1 = (read: ReadFile): CgroupResources => {
  const memoryBytes = parseLimit(read(V1.memory));
  const both = parseLimit(read(V1.memoryAndSwap));
  const isNumbers = typeof both === "number" && typeof memoryBytes === "number";
  return {
    ...setting("memoryBytes", memoryBytes),
    ...setting("swapBytes", isNumbers ? Math.max(0, both - memoryBytes) : both),
    ...setting("memoryLowBytes", parseLimit(read(V1.soft))),
  };
};

/** Memory and swap. */
export const MEMORY: Controller = {
  name: "memory",
  settings: ["memoryBytes", "swapBytes", "memoryMinBytes", "memoryLowBytes", "memoryHighBytes"],
  files: { 1: Object.values(V1), 2: ["memory.max", "memory.swap.max", ...V2_FILES.map(([file]) => file)] },
  computeWrites: (version, resources, read) => (version === 1 ? computeV1(resources, read) : computeV2(resources)),
  parse: (version, read) => {
    if (version === 1) return parseV1(read);
    const rest = V2_FILES.map(([file, name]) => setting(name, parseLimit(read(file))));
    return Object.assign(
      {},
      setting("memoryBytes", parseLimit(read("memory.max"))),
      setting("swapBytes", parseLimit(read("memory.swap.max"))),
      ...rest,
    );
  },
};
