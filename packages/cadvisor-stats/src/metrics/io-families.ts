import type { DiskStats } from "../disk-stats.ts";
import type { Filesystem } from "../filesystems.ts";
import type { DeviceIo, IoCounts } from "../model.ts";
import type { ContainerFamily, ContainerSample, Value } from "./container-sample.ts";

const MS_PER_SECOND = 1000;

const ofFilesystems = (sample: ContainerSample, value: (filesystem: Filesystem) => number): readonly Value[] =>
  sample.filesystems.map((filesystem) => [value(filesystem), { device: filesystem.device }]);

const filesystemGauge = (name: string, help: string, value: (filesystem: Filesystem) => number): ContainerFamily => ({
  name,
  help,
  type: "gauge",
  values: (sample) => ofFilesystems(sample, value),
});

const ofDevices = ({ stats: { io } }: ContainerSample, value: (io: DeviceIo) => bigint): readonly Value[] =>
  (io?.devices ?? []).map((device) => [Number(value(device)), { device: device.device }]);

/** A disk's own counters, for the filesystems of the machine; zero for one without a disk. */
const ofDisks = (sample: ContainerSample, value: (disk: DiskStats) => number): readonly Value[] =>
  ofFilesystems(sample, ({ disk }) => (disk === undefined ? 0 : value(disk)));

interface DiskCounter {
  readonly name: string;
  readonly help: string;
  readonly disk: (disk: DiskStats) => number;
  readonly type?: "counter" | "gauge";
}

const diskFamily = ({ name, help, disk, type = "counter" }: DiskCounter): ContainerFamily => ({
  name,
  help,
  type,
  values: (sample) => ofDisks(sample, disk),
});

const OPERATIONS: readonly (readonly [operation: string, kind: keyof IoCounts])[] = [
  ["Async", "async"],
  ["Discard", "discard"],
  ["Read", "read"],
  ["Sync", "sync"],
  ["Total", "total"],
  ["Write", "write"],
];

const deviceUsage = (io: DeviceIo): readonly Value[] =>
  OPERATIONS.flatMap(([operation, kind]): readonly Value[] => {
    const bytes = io.bytes[kind];
    return bytes === undefined ? [] : [[Number(bytes), { device: io.device, major: String(io.major), minor: String(io.minor), operation }]];
  });

/** What a cgroup did to the devices, then what the disks of the machine's filesystems did altogether. */
const readsOrWrites = (options: {
  readonly name: string;
  readonly help: string;
  readonly kind: "read" | "write";
  readonly disk: (disk: DiskStats) => number;
}): ContainerFamily => ({
  name: options.name,
  help: options.help,
  type: "counter",
  values: (sample) => [...ofDevices(sample, ({ operations }) => operations[options.kind]), ...ofDisks(sample, options.disk)],
});

const DISK_COUNTERS: readonly DiskCounter[] = [
  { name: "container_fs_sector_reads_total", help: "Cumulative count of sector reads completed", disk: ({ sectorsRead }) => sectorsRead },
  { name: "container_fs_reads_merged_total", help: "Cumulative count of reads merged", disk: ({ readsMerged }) => readsMerged },
  {
    name: "container_fs_read_seconds_total",
    help: "Cumulative count of seconds spent reading",
    disk: ({ readMs }) => readMs / MS_PER_SECOND,
  },
  {
    name: "container_fs_sector_writes_total",
    help: "Cumulative count of sector writes completed",
    disk: ({ sectorsWritten }) => sectorsWritten,
  },
  { name: "container_fs_writes_merged_total", help: "Cumulative count of writes merged", disk: ({ writesMerged }) => writesMerged },
  {
    name: "container_fs_write_seconds_total",
    help: "Cumulative count of seconds spent writing",
    disk: ({ writeMs }) => writeMs / MS_PER_SECOND,
  },
  { name: "container_fs_io_current", help: "Number of I/Os currently in progress", disk: ({ inProgress }) => inProgress, type: "gauge" },
  {
    name: "container_fs_io_time_seconds_total",
    help: "Cumulative count of seconds spent doing I/Os",
    disk: ({ ioMs }) => ioMs / MS_PER_SECOND,
  },
  {
    name: "container_fs_io_time_weighted_seconds_total",
    help: "Cumulative weighted I/O time in seconds",
    disk: ({ weightedIoMs }) => weightedIoMs / MS_PER_SECOND,
  },
];

/** Names, types and texts of cAdvisor (metrics/prometheus.go). */
export const IO_FAMILIES: readonly ContainerFamily[] = [
  filesystemGauge("container_fs_inodes_free", "Number of available Inodes", ({ inodesFree }) => inodesFree ?? 0),
  filesystemGauge("container_fs_inodes_total", "Number of Inodes", ({ inodes }) => inodes ?? 0),
  filesystemGauge(
    "container_fs_limit_bytes",
    "Number of bytes that can be consumed by the container on this filesystem.",
    ({ capacityBytes }) => capacityBytes,
  ),
  filesystemGauge(
    "container_fs_usage_bytes",
    "Number of bytes that are consumed by the container on this filesystem.",
    ({ capacityBytes, freeBytes }) => capacityBytes - freeBytes,
  ),
  {
    name: "container_fs_reads_bytes_total",
    help: "Cumulative count of bytes read",
    type: "counter",
    values: (sample) => ofDevices(sample, ({ bytes }) => bytes.read),
  },
  {
    name: "container_fs_writes_bytes_total",
    help: "Cumulative count of bytes written",
    type: "counter",
    values: (sample) => ofDevices(sample, ({ bytes }) => bytes.write),
  },
  readsOrWrites({
    name: "container_fs_reads_total",
    help: "Cumulative count of reads completed",
    kind: "read",
    disk: ({ reads }) => reads,
  }),
  readsOrWrites({
    name: "container_fs_writes_total",
    help: "Cumulative count of writes completed",
    kind: "write",
    disk: ({ writes }) => writes,
  }),
  ...DISK_COUNTERS.map(diskFamily),
  {
    name: "container_blkio_device_usage_total",
    help: "Blkio Device bytes usage",
    type: "counter",
    values: ({ stats: { io } }) => (io?.devices ?? []).flatMap(deviceUsage),
  },
];
