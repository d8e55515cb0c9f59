import type { Filesystem } from "../filesystems.ts";
import type { CgroupStats } from "../model.ts";
import type { LabelSet } from "./exposition.ts";

/** Whose cgroup it is: what cannot be told from the cgroup. All empty for one that is nobody's. */
export interface ContainerLabels {
  readonly container?: string;
  readonly pod?: string;
  readonly namespace?: string;
  readonly image?: string;
  /** The runtime's name or id of the container. */
  readonly name?: string;
}

/** One cgroup with its labels. */
export interface ContainerSample {
  readonly stats: CgroupStats;
  /** container, id, image, name, namespace, pod: always all six, because a family's labels are the same for all (reference: server.go). */
  readonly labels: LabelSet;
  /** Filesystems are the machine's: none but for `/`. */
  readonly filesystems: readonly Filesystem[];
  /** The soft limit of open files of process 1; for `/` alone. */
  readonly maxOpenFiles?: number;
}

/** One value of a family, with the labels it has beside those of the container. */
export type Value = readonly [value: number, labels?: LabelSet];

export interface ContainerFamily {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  /** True for what comes from a cgroup's settings: it has no time. */
  readonly isSetting?: boolean;
  readonly values: (sample: ContainerSample) => readonly Value[];
}

export const NANOS_PER_SECOND = 1e9;

/** Nothing for what is not there. */
export const optional = (value: number | undefined): readonly Value[] => (value === undefined ? [] : [[value]]);
