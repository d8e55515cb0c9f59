import type { CgroupResources, Controller, DeviceLimit, FileWrite, Limit, ReadFile } from "../resources.ts";
import { formatLimit, parseNumber, setting } from "../resources.ts";

type Amount = Exclude<keyof DeviceLimit, "device">;

const V1_FILES: readonly (readonly [name: Amount, file: string])[] = [
  ["readBytes", "blkio.throttle.read_bps_device"],
  ["writeBytes", "blkio.throttle.write_bps_device"],
  ["readOperations", "blkio.throttle.read_iops_device"],
  ["writeOperations", "blkio.throttle.write_iops_device"],
];

const V2_KEYS: readonly (readonly [name: Amount, key: string])[] = [
  ["readBytes", "rbps"],
  ["writeBytes", "wbps"],
  ["readOperations", "riops"],
  ["writeOperations", "wiops"],
];

/** Weight by the scheduler's own file. */
const BFQ_WEIGHT = { 1: "blkio.bfq.weight", 2: "io.bfq.weight" } as const;

/** Both ranges begin at 1 and have this default. */
const DEFAULT_WEIGHT = 100;

/** 1 to 10000 as BFQ's 1 to 1000: the same up to the default, above it by a straight line to the end (systemd: BFQ_WEIGHT). */
const bfqWeight = (weight: number): number =>
  weight <= DEFAULT_WEIGHT ? weight : Math.round(DEFAULT_WEIGHT + ((weight - DEFAULT_WEIGHT) * 900) / 9900);

const fromBfqWeight = (weight: number | undefined): number | undefined => {
  if (weight === undefined || weight <= DEFAULT_WEIGHT) return weight;
  return Math.round(DEFAULT_WEIGHT + ((weight - DEFAULT_WEIGHT) * 9900) / 900);
};

const computeV1 = ({ ioWeight, deviceLimits = [] }: CgroupResources): readonly FileWrite[] => [
  ...(ioWeight === undefined ? [] : [{ file: BFQ_WEIGHT[1], value: String(bfqWeight(ioWeight)) }]),
  ...deviceLimits.flatMap((limits) =>
    V1_FILES.flatMap(([name, file]) => {
      const limit = limits[name];
      // Zero lifts a limit.
      return limit === undefined ? [] : [{ file, value: `${limits.device} ${formatLimit(limit, "0")}` }];
    }),
  ),
];

const computeV2 = ({ ioWeight, deviceLimits = [] }: CgroupResources, read: ReadFile): readonly FileWrite[] => {
  // Which of them there is depends on the scheduler of the disks and on the kernel's configuration.
  const isBfq = read(BFQ_WEIGHT[2]) !== undefined;
  const weight = isBfq
    ? { file: BFQ_WEIGHT[2], value: String(bfqWeight(ioWeight ?? 0)) }
    : { file: "io.weight", value: `default ${ioWeight ?? 0}` };
  return [
    ...(ioWeight === undefined ? [] : [weight]),
    ...deviceLimits.flatMap((limits) => {
      const words = V2_KEYS.flatMap(([name, key]) => (limits[name] === undefined ? [] : [`${key}=${formatLimit(limits[name])}`]));
      return words.length === 0 ? [] : [{ file: "io.max", value: `${limits.device} ${words.join(" ")}` }];
    }),
  ];
};

const parseV1Devices = (read: ReadFile): readonly DeviceLimit[] => {
  const byDevice = new Map<string, { [name in Amount]?: Limit }>();
  for (const [name, file] of V1_FILES) {
    for (const [, device = "", value] of (read(file) ?? "").matchAll(/^(\d+:\d+) (\d+)$/gm)) {
      byDevice.set(device, { ...byDevice.get(device), [name]: Number(value) });
    }
  }
  return [...byDevice].map(([device, limits]) => ({ device, ...limits }));
};

const parseV2Devices = (text: string): readonly DeviceLimit[] =>
  [...text.matchAll(/^(\d+:\d+) (.*)$/gm)].map(([, device = "", words = ""]) => {
    const limits = V2_KEYS.flatMap(([name, key]): readonly (readonly [Amount, Limit])[] => {
      const value = new RegExp(`(?:^| )${key}=(\\d+|max)`).exec(words)?.[1];
      return value === undefined ? [] : [[name, value === "max" ? "max" : Number(value)]];
    });
    return { device, ...Object.fromEntries(limits) };
  });

/** Traffic to disks: v1 calls the controller blkio. */
export const IO: Controller = {
  name: "blkio",
  settings: ["ioWeight", "deviceLimits"],
  files: { 1: [BFQ_WEIGHT[1], ...V1_FILES.map(([, file]) => file)], 2: ["io.weight", BFQ_WEIGHT[2], "io.max"] },
  computeWrites: (version, resources, read) => (version === 1 ? computeV1(resources) : computeV2(resources, read)),
  parse: (version, read) => {
    const devices = version === 1 ? parseV1Devices(read) : parseV2Devices(read("io.max") ?? "");
    const weight =
      fromBfqWeight(parseNumber(read(BFQ_WEIGHT[version])?.replace("default ", ""))) ??
      (version === 1 ? undefined : parseNumber(/^default (\d+)$/m.exec(read("io.weight") ?? "")?.[1]));
    return { ...setting("ioWeight", weight), ...setting("deviceLimits", devices.length === 0 ? undefined : devices) };
  },
};
