import type { DeviceIo, IoCounts, IoUsage } from "../model.ts";
import { parseBigCount } from "../parse.ts";
import { parsePressure } from "./pressure.ts";
import type { CgroupSource } from "./source.ts";

/** The name of a device by `major:minor`. */
export type DeviceName = (numbers: string) => string;

type Counts = { -readonly [kind in keyof IoCounts]: IoCounts[kind] };

interface Entry {
  readonly bytes: Counts;
  readonly operations: Counts;
}

const createEntry = (): Entry => ({ bytes: { read: 0n, write: 0n }, operations: { read: 0n, write: 0n } });

const V1_KINDS: { readonly [word: string]: keyof IoCounts } = {
  Read: "read",
  Write: "write",
  Sync: "sync",
  Async: "async",
  Discard: "discard",
  Total: "total",
};

const V2_KINDS: { readonly [word: string]: readonly [keyof Entry, keyof IoCounts] } = {
  rbytes: ["bytes", "read"],
  wbytes: ["bytes", "write"],
  dbytes: ["bytes", "discard"],
  rios: ["operations", "read"],
  wios: ["operations", "write"],
  dios: ["operations", "discard"],
};

const isDevice = (word: string | undefined): word is string => word !== undefined && /^\d+:\d+$/.test(word);

const addV1 = (entries: Map<string, Entry>, text: string | undefined, key: keyof Entry): void => {
  for (const line of (text ?? "").split("\n")) {
    const [device, word = "", count] = line.split(" ");
    const kind = V1_KINDS[word];
    const value = parseBigCount(count);
    if (!isDevice(device) || kind === undefined || value === undefined) continue;
    const entry = entries.get(device) ?? createEntry();
    entry[key][kind] = value;
    entries.set(device, entry);
  }
};

const parseV2 = (text: string): Map<string, Entry> => {
  const entries = new Map<string, Entry>();
  for (const line of text.split("\n")) {
    const [device, ...words] = line.split(" ");
    if (!isDevice(device)) continue;
    const entry = createEntry();
    for (const word of words) {
      const at = word.indexOf("=");
      const kind = V2_KINDS[word.slice(0, at)];
      const value = parseBigCount(word, at + 1);
      if (kind !== undefined && value !== undefined) entry[kind[0]][kind[1]] = value;
    }
    entries.set(device, entry);
  }
  return entries;
};

const toDevices = (entries: ReadonlyMap<string, Entry>, nameOf: DeviceName): readonly DeviceIo[] =>
  [...entries].map(([numbers, { bytes, operations }]) => {
    const [major = 0, minor = 0] = numbers.split(":").map(Number);
    return { major, minor, device: nameOf(numbers), bytes, operations };
  });

/** Disk traffic of a cgroup; undefined when it is gone or has no such controller. */
export const readIo = (source: CgroupSource, nameOf: DeviceName): IoUsage | undefined => {
  const pressure = parsePressure(source.readUnified("io.pressure"));
  let entries: Map<string, Entry>;
  if (source.version === 2) {
    const text = source.readUnified("io.stat");
    if (text === undefined) return pressure === undefined ? undefined : { devices: [], pressure };
    entries = parseV2(text);
  } else {
    const bytes = source.read("blkio", "blkio.throttle.io_service_bytes_recursive");
    if (bytes === undefined) return undefined;
    entries = new Map();
    addV1(entries, bytes, "bytes");
    if (entries.size > 0) addV1(entries, source.read("blkio", "blkio.throttle.io_serviced_recursive"), "operations");
  }
  return { devices: toDevices(entries, nameOf), ...(pressure === undefined ? {} : { pressure }) };
};
