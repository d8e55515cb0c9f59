import { formatJson } from "../json.ts";
import type { CgroupStats } from "../model.ts";
import type { Rates } from "../rates.ts";
import { computeRates } from "../rates.ts";
import type { ContainerInput, PodInput, SummaryInput } from "./input.ts";
import type { Summary, SummaryContainer, SummaryNode, SummaryPod } from "./model.ts";
import type { MissingPressure } from "./usage.ts";
import { formatTime, toSummaryCpu, toSummaryIo, toSummaryMemory, toSummaryNetwork, toSummarySwap } from "./usage.ts";

export interface SummaryOptions {
  /** As `?only_cpu_and_memory=true`. Default false. */
  readonly onlyCpuAndMemory?: boolean;
}

/** Leaves out the properties that are undefined. */
const present = <T extends object>(value: { readonly [key in keyof T]: T[key] | undefined }): T =>
  Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as T;

const ratesOf = ({ previous }: SummaryInput, stats: CgroupStats): Rates | undefined => {
  const before = previous?.cgroups.get(stats.path);
  return before && computeRates(before, stats);
};

type Usage = Pick<SummaryContainer, "startTime" | "cpu" | "memory" | "io" | "swap">;

interface Subject {
  readonly stats: CgroupStats;
  readonly startedAtMs: number | undefined;
  readonly missing: MissingPressure;
}

const usageOf = (input: SummaryInput, options: SummaryOptions, subject: Subject): Usage => {
  const { stats, missing } = subject;
  const startedAtMs = subject.startedAtMs ?? stats.createdAtMs;
  return present<Usage>({
    startTime: startedAtMs === undefined ? undefined : formatTime(startedAtMs),
    cpu: toSummaryCpu(stats, ratesOf(input, stats), missing),
    memory: toSummaryMemory(stats, missing),
    io: options.onlyCpuAndMemory === true ? undefined : toSummaryIo(stats, missing),
    swap: toSummarySwap(stats),
  });
};

const buildContainer = (
  container: ContainerInput & { readonly missing: MissingPressure },
  input: SummaryInput,
  options: SummaryOptions,
): readonly SummaryContainer[] => {
  const { name, path, startedAtMs, rootfs, logs, missing } = container;
  const stats = input.snapshot.cgroups.get(path);
  if (stats === undefined) return [];
  const files = options.onlyCpuAndMemory === true ? {} : { rootfs, logs };
  return [present<SummaryContainer>({ name, ...usageOf(input, options, { stats, startedAtMs, missing }), ...files })];
};

/** A pod without a cgroup, its own or a container's, has ended or not begun. */
const buildPod = (pod: PodInput, input: SummaryInput, options: SummaryOptions): readonly SummaryPod[] => {
  const { name, namespace, uid, path, startedAtMs } = pod;
  const stats = input.snapshot.cgroups.get(path);
  const containers = pod.containers.flatMap((container) => buildContainer({ ...container, missing: "absent" }, input, options));
  if (stats === undefined && containers.length === 0) return [];
  const own = stats === undefined ? {} : usageOf(input, options, { stats, startedAtMs, missing: "zero" });
  const rest =
    options.onlyCpuAndMemory === true
      ? {}
      : { network: stats && toSummaryNetwork(stats), volume: pod.volumes, "ephemeral-storage": pod.ephemeralStorage };
  return [present<SummaryPod>({ podRef: { name, namespace, uid }, containers, ...own, ...rest })];
};

const buildNode = (input: SummaryInput, options: SummaryOptions): SummaryNode => {
  const { nodeName, bootTimeMs, fs, imageFs, containerFs, tasks } = input;
  const stats = input.snapshot.cgroups.get("/");
  const systemContainers = (input.systemContainers ?? []).flatMap((one) => buildContainer({ ...one, missing: "zero" }, input, options));
  const own = stats === undefined ? {} : usageOf(input, options, { stats, startedAtMs: bootTimeMs, missing: "zero" });
  if (options.onlyCpuAndMemory === true) return present<SummaryNode>({ nodeName, systemContainers, ...own });
  return present<SummaryNode>({
    nodeName,
    systemContainers,
    ...own,
    network: stats && toSummaryNetwork(stats),
    fs,
    runtime: imageFs === undefined && containerFs === undefined ? undefined : present({ imageFs, containerFs }),
    rlimit: tasks && present({ time: formatTime(tasks.timeMs), maxpid: tasks.maxTasks, curproc: tasks.tasks }),
  });
};

/** The Summary of a node from what was read: /stats/summary of the kubelet of Kubernetes 1.36. */
export const buildSummary = (input: SummaryInput, options: SummaryOptions = {}): Summary => ({
  node: buildNode(input, options),
  pods: input.pods.flatMap((pod) => buildPod(pod, input, options)),
});

/** A Summary as JSON, in pieces: the node, then each pod. 64-bit numbers are written exactly. */
export function* formatSummary(summary: Summary): Generator<string> {
  yield `{"node":${formatJson(summary.node)},"pods":[`;
  for (const [index, pod] of summary.pods.entries()) yield `${index === 0 ? "" : ","}${formatJson(pod)}`;
  yield "]}";
}
