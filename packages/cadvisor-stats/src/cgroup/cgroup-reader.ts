import { statSync } from "node:fs";
import { join } from "node:path";
import type { Clock } from "@nk/stdx";
import type { KeptFiles } from "../kept-files.ts";
import type { StatsLayout } from "../layout.ts";
import type { Machine } from "../machine/memory.ts";
import type { CgroupLimits, CgroupStats, NetworkUsage } from "../model.ts";
import { parseCount } from "../parse.ts";
import { readCpu } from "./cpu.ts";
import type { DeviceName } from "./io.ts";
import { readIo } from "./io.ts";
import { readLimits } from "./limits.ts";
import { readMemory } from "./memory.ts";
import type { ProcessDetail } from "./processes.ts";
import { readProcesses } from "./processes.ts";
import { createCgroupSource } from "./source.ts";

export interface ReadContext {
  readonly nameOf: DeviceName;
  readonly machine: Machine;
  readonly processes: ProcessDetail;
  readonly network: NetworkUsage | undefined;
}

/** Reads one cgroup again and again. */
export interface CgroupReader {
  /** Undefined when there is no such cgroup, or no longer. */
  read(context: ReadContext): CgroupStats | undefined;
  /** The files it reads. */
  paths(): Iterable<string>;
}

/** The files that a cgroup gets when it is made and nobody touches later; a directory's own time changes with its children. */
const BIRTH_FILES = { 1: "cgroup.clone_children", 2: "cgroup.events" } as const;

const mtimeMs = (path: string): number => {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return Infinity;
  }
};

const readCreatedAtMs = (directories: readonly string[], version: 1 | 2): number | undefined => {
  const times = directories.flatMap((directory) => [mtimeMs(directory), mtimeMs(join(directory, BIRTH_FILES[version]))]);
  const earliest = Math.min(...times);
  return Number.isFinite(earliest) ? earliest : undefined;
};

/** The machine's own limits are its memory and swap. */
const limitsOf = (path: string, limits: CgroupLimits, machine: Machine): CgroupLimits => {
  const { memoryBytes, swapBytes } = path === "/" ? machine : {};
  return {
    ...limits,
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(swapBytes === undefined ? {} : { swapBytes }),
  };
};

/** Opens nothing before the first read. */
export const createCgroupReader = (options: {
  readonly layout: StatsLayout;
  readonly path: string;
  readonly files: KeptFiles;
  readonly procRoot: string;
  readonly clock: Clock;
}): CgroupReader => {
  const { layout, path, files, procRoot, clock } = options;
  const source = createCgroupSource(layout, path, files);
  let createdAtMs: number | undefined;

  const read = (context: ReadContext): CgroupStats | undefined => {
    const { nameOf, machine, network } = context;
    const cpu = readCpu(source);
    const memory = readMemory(source, () => machine.swapUsedBytes);
    // A v1 cgroup may be in one tree only; a v2 one has both or is gone.
    if (cpu === undefined && memory === undefined) {
      createdAtMs = undefined;
      return undefined;
    }
    createdAtMs ??= readCreatedAtMs(source.directories, source.version);
    const io = readIo(source, nameOf);
    const tasks = parseCount(source.read("pids", "pids.current")) ?? (path === "/" ? machine.tasks : undefined);
    const processes = readProcesses(source, procRoot, context.processes);
    return {
      path,
      timeMs: clock.nowMs(),
      monotonicMs: clock.monotonicMs(),
      ...(createdAtMs === undefined ? {} : { createdAtMs: Math.max(createdAtMs, machine.bootTimeMs ?? 0) }),
      ...(cpu === undefined ? {} : { cpu }),
      ...(memory === undefined ? {} : { memory }),
      ...(io === undefined ? {} : { io }),
      ...(tasks === undefined ? {} : { tasks }),
      ...(processes === undefined ? {} : { processes }),
      ...(network === undefined ? {} : { network }),
      limits: limitsOf(path, readLimits(source), machine),
    };
  };
  return { read, paths: () => source.paths() };
};
