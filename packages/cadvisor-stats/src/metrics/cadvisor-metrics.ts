import type { Filesystem } from "../filesystems.ts";
import type { MachineInfo } from "../machine/machine-info.ts";
import type { CgroupStats, Snapshot } from "../model.ts";
import type { ContainerFamily, ContainerLabels, ContainerSample } from "./container-sample.ts";
import { CPU_FAMILIES } from "./cpu-families.ts";
import type { Family, LabelSet, MetricsFormat, Sample } from "./exposition.ts";
import { formatFamilies } from "./exposition.ts";
import { IO_FAMILIES } from "./io-families.ts";
import { machineFamilies } from "./machine-families.ts";
import { MEMORY_FAMILIES } from "./memory-families.ts";
import { OTHER_FAMILIES, PRESSURE_FAMILIES } from "./other-families.ts";

export interface CadvisorMetricsInput {
  readonly snapshot: Snapshot;
  /** Without it there are no `machine_…` metrics. */
  readonly machine?: MachineInfo;
  /** Of the machine; without them `container_fs_…` tells of devices only. */
  readonly filesystems?: readonly Filesystem[];
  /** Whose a cgroup is. Default: nobody's. */
  readonly labelsOf?: (stats: CgroupStats) => ContainerLabels;
  /** The soft limit of open files of process 1 (`readOpenFileLimit`). */
  readonly maxOpenFiles?: number;
  /** Of `cadvisor_version_info`; both empty by default, as in the kubelet. */
  readonly version?: { readonly version: string; readonly revision: string };
  /** Default `prometheus`. */
  readonly format?: MetricsFormat;
}

const FAMILIES: readonly ContainerFamily[] = [...CPU_FAMILIES, ...MEMORY_FAMILIES, ...IO_FAMILIES, ...OTHER_FAMILIES];

/** Every name of a container metric there can be. */
export const CONTAINER_METRIC_NAMES: readonly string[] = [...FAMILIES, ...PRESSURE_FAMILIES].map(({ name }) => name).toSorted();

const labelSet = (path: string, labels: ContainerLabels): LabelSet => ({
  container: labels.container ?? "",
  id: path,
  image: labels.image ?? "",
  name: labels.name ?? "",
  namespace: labels.namespace ?? "",
  pod: labels.pod ?? "",
});

const toSamples = (input: CadvisorMetricsInput): readonly ContainerSample[] => {
  const { snapshot, labelsOf = () => ({}), filesystems = [], maxOpenFiles } = input;
  return [...snapshot.cgroups.values()].map((stats) => ({
    stats,
    labels: labelSet(stats.path, labelsOf(stats)),
    filesystems: stats.path === "/" ? filesystems : [],
    ...(stats.path === "/" && maxOpenFiles !== undefined ? { maxOpenFiles } : {}),
  }));
};

function* samplesOf(family: ContainerFamily, containers: readonly ContainerSample[]): Generator<Sample> {
  for (const container of containers) {
    const time = family.isSetting === true ? {} : { timeMs: container.stats.timeMs };
    for (const [value, extra] of family.values(container)) {
      yield { labels: extra === undefined ? container.labels : { ...container.labels, ...extra }, value, ...time };
    }
  }
}

/** A gauge with one sample. */
const single = (name: string, help: string, sample: Sample): Family => ({ name, help, type: "gauge", samples: [sample] });

const ZERO: Sample = { labels: {}, value: 0 };

const versionInfo = ({ machine, version }: CadvisorMetricsInput): Family =>
  single(
    "cadvisor_version_info",
    "A metric with a constant '1' value labeled by kernel version, OS version, docker version, cadvisor version & cadvisor revision.",
    {
      labels: {
        cadvisorRevision: version?.revision ?? "",
        cadvisorVersion: version?.version ?? "",
        dockerVersion: "",
        kernelVersion: machine?.kernelVersion ?? "",
        osVersion: machine?.osVersion ?? "",
      },
      value: 1,
    },
  );

/**
 * The page /metrics/cadvisor, in pieces of one metric each: write them as they come. Names, types, labels and texts are cAdvisor's as
 * the kubelet of Kubernetes 1.36 shows them.
 */
export const formatCadvisorMetrics = (input: CadvisorMetricsInput): Generator<string> => {
  const containers = toSamples(input);
  const shown = input.snapshot.cgroupVersion === 2 ? [...FAMILIES, ...PRESSURE_FAMILIES] : FAMILIES;
  const families: Family[] = shown.map((family) => ({
    name: family.name,
    help: family.help,
    type: family.type,
    samples: samplesOf(family, containers),
  }));
  families.push(single("container_scrape_error", "1 if there was an error while getting container metrics, 0 otherwise", ZERO));
  if (input.machine !== undefined) {
    families.push(
      versionInfo(input),
      ...machineFamilies(input.machine),
      single("machine_scrape_error", "1 if there was an error while getting machine metrics, 0 otherwise.", ZERO),
    );
  }
  return formatFamilies(
    families.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    input.format ?? "prometheus",
  );
};
