import type { Clock } from "@nk/stdx";
import type { Collector } from "../collector.ts";
import { createCollector } from "../collector.ts";
import { createFilesystemReader } from "../filesystems.ts";
import { formatJson } from "../json.ts";
import { readMachineInfo } from "../machine/machine-info.ts";
import { formatCadvisorMetrics } from "../metrics/cadvisor-metrics.ts";
import type { ProcessDetail } from "../cgroup/processes.ts";
import type { Snapshot } from "../model.ts";
import { readOwnLimits } from "../own-limits.ts";
import { readOpenFileLimit } from "../task-limits.ts";
import type { Command } from "./arguments.ts";
import { HELP } from "./arguments.ts";
import { computeTop, formatBytes, formatTop } from "./table.ts";

/** What a command needs of the process. */
export interface CliContext {
  /** Resolves when more can be written. */
  readonly write: (text: string) => Promise<void>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

type Of<kind extends Command["kind"]> = Extract<Command, { readonly kind: kind }>;

/** The cgroups that the arguments name, with all below them; undefined for all. */
const selectPaths = (collector: Collector, paths: readonly string[]): { readonly paths?: readonly string[] } => {
  if (paths.length === 0 || paths.includes("/")) return {};
  const isNamed = (path: string): boolean => paths.some((one) => path === one || path.startsWith(`${one}/`));
  return { paths: collector.list().filter(isNamed) };
};

type Sampled = Of<"top" | "json" | "metrics">;

/** Descriptors are counted for a page, not for a table. */
const detailOf = ({ kind }: Sampled): ProcessDetail => (kind === "top" ? "none" : "descriptors");

const collect = (collector: Collector, command: Sampled, { signal }: CliContext): Promise<Snapshot> =>
  collector.collect({ ...selectPaths(collector, command.paths), processes: detailOf(command), signal });

const runTop = async (collector: Collector, command: Of<"top">, context: CliContext): Promise<void> => {
  const { clock, signal, write } = context;
  let previous = await collect(collector, command, context);
  for (let done = 0; done < command.count; done += 1) {
    await clock.sleep(command.intervalMs, { signal });
    const current = await collect(collector, command, context);
    const rows = computeTop(previous, current).slice(0, command.limit);
    await write(command.isJson ? `${formatJson(rows)}\n` : formatTop(rows));
    previous = current;
  }
};

const runSample = async (collector: Collector, command: Of<"json" | "metrics">, context: CliContext): Promise<void> => {
  const { procRoot, sysRoot } = command;
  const { clock, signal, write } = context;
  const machine = readMachineInfo({ procRoot, sysRoot, nowMs: clock.nowMs() });
  const filesystems = await createFilesystemReader({ procRoot, clock }).read({ signal });
  const snapshot = await collect(collector, command, context);
  if (command.kind === "metrics") {
    const maxOpenFiles = readOpenFileLimit({ procRoot });
    const { format } = command;
    const input = { snapshot, machine, filesystems, format, ...(maxOpenFiles === undefined ? {} : { maxOpenFiles }) };
    for (const piece of formatCadvisorMetrics(input)) await write(piece);
    return;
  }
  await write(`{"timeMs":${snapshot.timeMs},"cgroupVersion":${snapshot.cgroupVersion},"machine":${formatJson(machine)},`);
  await write(`"filesystems":${formatJson(filesystems)},"cgroups":[`);
  let separator = "";
  for (const stats of snapshot.cgroups.values()) {
    await write(`${separator}${formatJson(stats)}`);
    separator = ",\n";
  }
  await write("]}\n");
};

const runOwn = ({ procRoot, isJson }: Of<"own">, { write }: CliContext): Promise<void> => {
  const limits = readOwnLimits({ procRoot });
  if (isJson) return write(`${formatJson(limits)}\n`);
  const used = limits.memoryUsageBytes === undefined ? "" : ` (${formatBytes(limits.memoryUsageBytes)} used)`;
  return write(`cpus    ${limits.cpus}\nmemory  ${formatBytes(limits.memoryBytes)}${used}\ntasks   ${limits.tasks ?? "unlimited"}\n`);
};

/** Runs a command; rejects with CadvisorStatsError, or the signal's reason. */
export const runCommand = async (command: Command, context: CliContext): Promise<void> => {
  if (command.kind === "help") return context.write(HELP);
  if (command.kind === "own") return runOwn(command, context);
  const { cgroupRoot, procRoot } = command;
  using collector = createCollector({ cgroupRoot, procRoot, clock: context.clock });
  return await (command.kind === "top" ? runTop(collector, command, context) : runSample(collector, command, context));
};
