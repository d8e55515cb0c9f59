import { CgroupsError } from "./errors.ts";
import type { CgroupResources } from "./resources.ts";

const isWhole = (value: unknown): boolean => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

const isLimit = (value: unknown): boolean => value === "max" || isWhole(value);

const between =
  (least: number, most: number) =>
  (value: unknown): boolean =>
    isWhole(value) && Number(value) >= least && Number(value) <= most;

const isList = (value: unknown): boolean => typeof value === "string" && /^(\d+(-\d+)?)(,\d+(-\d+)?)*$/.test(value);

const everyValue =
  (isName: RegExp, isValue: (value: unknown) => boolean) =>
  (value: unknown): boolean =>
    typeof value === "object" && value !== null && Object.entries(value).every(([name, one]) => isName.test(name) && isValue(one));

const isDeviceLimits = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.every((one: unknown) => {
    if (typeof one !== "object" || one === null || !("device" in one) || !/^\d+:\d+$/.test(String(one.device))) return false;
    return Object.entries(one).every(([name, limit]) => name === "device" || isLimit(limit));
  });

/** What each setting has to be, in words that end a sentence. */
const RULES: { readonly [name in keyof Required<CgroupResources>]: readonly [isValid: (value: unknown) => boolean, words: string] } = {
  cpuShares: [between(0, 262_144), "a whole number up to 262144"],
  cpuQuotaMicros: [(value) => value === "max" || between(1000, Number.MAX_SAFE_INTEGER)(value), '"max" or at least 1000'],
  cpuPeriodMicros: [between(1000, 1_000_000), "a whole number from 1000 to 1000000"],
  cpus: [isList, "a list such as 0-3,8"],
  memoryNodes: [isList, "a list such as 0-3,8"],
  memoryBytes: [isLimit, '"max" or a whole number'],
  swapBytes: [isLimit, '"max" or a whole number'],
  memoryMinBytes: [isLimit, '"max" or a whole number'],
  memoryLowBytes: [isLimit, '"max" or a whole number'],
  memoryHighBytes: [isLimit, '"max" or a whole number'],
  tasks: [isLimit, '"max" or a whole number'],
  hugePageBytes: [everyValue(/^\d+[KMG]B$/, isLimit), 'by page size, e.g. { "2MB": 0 }'],
  ioWeight: [between(1, 10_000), "a whole number from 1 to 10000"],
  deviceLimits: [isDeviceLimits, 'a list such as [{ device: "8:0", readBytes: 1000000 }]'],
};

/** Throws CgroupsError `invalid-resources` for a value that no kernel takes. */
export const checkResources = (path: string, resources: CgroupResources): void => {
  for (const [name, value] of Object.entries(resources)) {
    const rule = RULES[name as keyof CgroupResources] as (typeof RULES)[keyof CgroupResources] | undefined;
    if (rule === undefined) throw new CgroupsError("invalid-resources", `apply to cgroup ${path}: there is no setting ${name}`, { path });
    const [isValid, words] = rule;
    if (value !== undefined && !isValid(value))
      throw new CgroupsError("invalid-resources", `apply to cgroup ${path}: ${name} has to be ${words}`, { path });
  }
};
