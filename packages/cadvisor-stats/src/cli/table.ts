import type { CgroupStats, Snapshot } from "../model.ts";
import type { Rates } from "../rates.ts";
import { computeRates } from "../rates.ts";

/** One line of `top`. */
export interface TopRow {
  readonly path: string;
  /** Cores: 1 is one fully used. */
  readonly cpuCores: number;
  readonly throttledShare: number;
  readonly workingSetBytes: number;
  readonly memoryLimitBytes?: number;
  readonly readBytesPerSecond: number;
  readonly writeBytesPerSecond: number;
  readonly tasks: number;
}

const toRow = (stats: CgroupStats, rates: Rates): TopRow => ({
  path: stats.path,
  cpuCores: (rates.cpuNanoCores ?? 0) / 1e9,
  throttledShare: rates.throttledShare ?? 0,
  workingSetBytes: stats.memory?.workingSetBytes ?? 0,
  ...(stats.limits.memoryBytes === undefined ? {} : { memoryLimitBytes: stats.limits.memoryBytes }),
  readBytesPerSecond: rates.readBytesPerSecond ?? 0,
  writeBytesPerSecond: rates.writeBytesPerSecond ?? 0,
  tasks: stats.tasks ?? 0,
});

/** What each cgroup used between two samples, the busiest first. One that is in one of them only has no row. */
export const computeTop = (previous: Snapshot, current: Snapshot): readonly TopRow[] =>
  [...current.cgroups.values()]
    .flatMap((stats) => {
      const before = previous.cgroups.get(stats.path);
      const rates = before && computeRates(before, stats);
      return rates === undefined ? [] : [toRow(stats, rates)];
    })
    .toSorted((a, b) => b.cpuCores - a.cpuCores || b.workingSetBytes - a.workingSetBytes);

const UNITS = ["", "Ki", "Mi", "Gi", "Ti", "Pi"];

/** Bytes with three digits and a unit, e.g. `1.5Gi`. */
export const formatBytes = (bytes: number): string => {
  let value = bytes;
  let unit = 0;
  for (; value >= 1000 && unit < UNITS.length - 1; unit += 1) value /= 1024;
  return `${unit === 0 || value >= 99.5 ? Math.round(value) : value.toFixed(1)}${UNITS[unit] ?? ""}`;
};

const HEADINGS = ["CPU", "THROTTLED", "MEMORY", "LIMIT", "READ/S", "WRITE/S", "TASKS", "CGROUP"];

const toCells = (row: TopRow): readonly string[] => [
  row.cpuCores.toFixed(3),
  `${Math.round(row.throttledShare * 100)}%`,
  formatBytes(row.workingSetBytes),
  row.memoryLimitBytes === undefined ? "-" : formatBytes(row.memoryLimitBytes),
  formatBytes(row.readBytesPerSecond),
  formatBytes(row.writeBytesPerSecond),
  String(row.tasks),
  row.path,
];

/** A table with a line for each row, numbers to the right and names to the left. */
export const formatTop = (rows: readonly TopRow[]): string => {
  const lines = [HEADINGS, ...rows.map(toCells)];
  const widths = HEADINGS.map((_heading, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map(
      (line) => `${line.map((cell, column) => (column === HEADINGS.length - 1 ? cell : cell.padStart(widths[column] ?? 0))).join("  ")}\n`,
    )
    .join("");
};
