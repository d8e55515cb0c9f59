import type { DeviceName } from "./cgroup/io.ts";
import { parseCount, splitWords } from "./parse.ts";

/** Traffic of one block device since the machine started (Documentation/admin-guide/iostats.rst). */
export interface DiskStats {
  readonly reads: number;
  readonly readsMerged: number;
  readonly sectorsRead: number;
  readonly readMs: number;
  readonly writes: number;
  readonly writesMerged: number;
  readonly sectorsWritten: number;
  readonly writeMs: number;
  readonly inProgress: number;
  readonly ioMs: number;
  readonly weightedIoMs: number;
}

interface Line {
  readonly numbers: string;
  readonly name: string;
  readonly stats: DiskStats;
}

const parseLine = (line: string): Line | undefined => {
  const [major, minor, name, ...words] = splitWords(line);
  const counts = words.map((word) => parseCount(word));
  if (name === undefined || parseCount(major) === undefined || parseCount(minor) === undefined) return undefined;
  if (counts.length < 11 || counts.slice(0, 11).includes(undefined)) return undefined;
  const at = (index: number): number => counts[index] ?? 0;
  return {
    numbers: `${major}:${minor}`,
    name: `/dev/${name}`,
    stats: {
      reads: at(0),
      readsMerged: at(1),
      sectorsRead: at(2),
      readMs: at(3),
      writes: at(4),
      writesMerged: at(5),
      sectorsWritten: at(6),
      writeMs: at(7),
      inProgress: at(8),
      ioMs: at(9),
      weightedIoMs: at(10),
    },
  };
};

const parseLines = (text: string | undefined): readonly Line[] => (text ?? "").split("\n").flatMap((line) => parseLine(line) ?? []);

/** The devices of /proc/diskstats by name, e.g. `/dev/sda`. */
export const parseDiskStats = (text: string | undefined): ReadonlyMap<string, DiskStats> =>
  new Map(parseLines(text).map(({ name, stats }) => [name, stats]));

/** Names devices by `major:minor`; an unknown one has an empty name. Nothing is parsed before the first question. */
export const parseDeviceNames = (text: string | undefined): DeviceName => {
  let names: ReadonlyMap<string, string> | undefined;
  return (numbers) => {
    names ??= new Map(parseLines(text).map((line) => [line.numbers, line.name]));
    return names.get(numbers) ?? "";
  };
};
