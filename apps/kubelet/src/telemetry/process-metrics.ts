import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { memoryUsage } from "node:process";
import type { Counter, MetricRegister } from "@nk/stdx";
import type { PrometheusRegister } from "./prometheus.ts";

/** Jiffies a second as user space sees them: 100 on every architecture that Linux runs Node on. */
const TICKS_PER_SECOND = 100;

/** What /proc says of one process. */
export interface ProcessFacts {
  readonly cpuSeconds: number;
  readonly virtualMemoryBytes: number;
  readonly openFiles: number;
  /** Undefined: no limit. */
  readonly maxFiles: number | undefined;
  readonly maxVirtualMemoryBytes: number | undefined;
  /** Of its network namespace, as the reference counts them. */
  readonly receivedBytes: number;
  readonly transmittedBytes: number;
}

/** The fields of `stat` after the command, whose name may hold spaces and parentheses; [0] is the third of proc(5). */
const statFields = (stat: string): readonly number[] =>
  stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);

const softLimit = (limits: string, name: string): number | undefined => {
  const line = limits.split("\n").find((one) => one.startsWith(name));
  const value = Number(line?.slice(name.length).trim().split(/\s+/)[0]);
  return Number.isFinite(value) ? value : undefined;
};

/** netstat has pairs of lines: `IpExt: names` and `IpExt: values`. */
const ipCounter = (netstat: string, name: string): number => {
  const [names = [], values = []] = netstat
    .split("\n")
    .filter((line) => line.startsWith("IpExt:"))
    .map((line) => line.split(" "));
  return Number(values[names.indexOf(name)] ?? 0);
};

/** Reads `procDir`, e.g. /proc/self. */
export const readProcessFacts = async (procDir: string): Promise<ProcessFacts> => {
  const text = (file: string): Promise<string> => readFile(join(procDir, file), "latin1");
  const [stat, limits, netstat, files] = await Promise.all([
    text("stat"),
    text("limits"),
    text("net/netstat"),
    readdir(join(procDir, "fd")),
  ]);
  const fields = statFields(stat);
  return {
    cpuSeconds: ((fields[11] ?? 0) + (fields[12] ?? 0)) / TICKS_PER_SECOND,
    virtualMemoryBytes: fields[20] ?? 0,
    // Without the one that the listing itself needs.
    openFiles: files.length - 1,
    maxFiles: softLimit(limits, "Max open files"),
    maxVirtualMemoryBytes: softLimit(limits, "Max address space"),
    receivedBytes: ipCounter(netstat, "InOctets"),
    transmittedBytes: ipCounter(netstat, "OutOctets"),
  };
};

/** A counter that somebody else counts. */
const following = (counter: Counter): ((total: number) => void) => {
  let last = 0;
  return (total) => {
    counter.inc({}, total - last);
    last = Math.max(last, total);
  };
};

/** What "no limit" is in the reference's metrics: the largest 64-bit number. */
const UNLIMITED = 2 ** 64;

/** Since when the process runs; on every metrics page, there with a stability of its own. */
export const registerStartTime = (
  register: MetricRegister,
  { startedAtMs, isStandalonePage }: { readonly startedAtMs: number; readonly isStandalonePage: boolean },
): void =>
  register
    .gauge({
      name: "process_start_time_seconds",
      help: `${isStandalonePage ? "[ALPHA] " : ""}Start time of the process since unix epoch in seconds.`,
    })
    .set(startedAtMs / 1000);

/** The reference's metrics of its own process; /proc is looked at when the metrics are read, and at no other time. */
export const registerProcessMetrics = (
  register: PrometheusRegister,
  { procDir = "/proc/self" }: { readonly procDir?: string } = {},
): void => {
  const counter = (name: string, help: string): ((total: number) => void) => following(register.counter({ name, help }));
  const gauge = (name: string, help: string): ((value: number) => void) => {
    const metric = register.gauge({ name, help });
    return (value) => metric.set(value);
  };
  const cpu = counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.");
  const received = counter("process_network_receive_bytes_total", "Number of bytes received by the process over the network.");
  const transmitted = counter("process_network_transmit_bytes_total", "Number of bytes sent by the process over the network.");
  const openFiles = gauge("process_open_fds", "Number of open file descriptors.");
  const maxFiles = gauge("process_max_fds", "Maximum number of open file descriptors.");
  const resident = gauge("process_resident_memory_bytes", "Resident memory size in bytes.");
  const virtual = gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.");
  const maxVirtual = gauge("process_virtual_memory_max_bytes", "Maximum amount of virtual memory available in bytes.");
  register.beforeRender(async () => {
    const facts = await readProcessFacts(procDir);
    cpu(facts.cpuSeconds);
    received(facts.receivedBytes);
    transmitted(facts.transmittedBytes);
    openFiles(facts.openFiles);
    maxFiles(facts.maxFiles ?? UNLIMITED);
    resident(memoryUsage.rss());
    virtual(facts.virtualMemoryBytes);
    maxVirtual(facts.maxVirtualMemoryBytes ?? UNLIMITED);
  });
};
