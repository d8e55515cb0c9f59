import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { ContainerdVersion, ControlPlaneKind } from "@nk/tool-lab";

/** The measurements with an API server, in the order in which they are made. */
export const CLUSTER_MEASUREMENTS = ["single", "init", "scheduled", "burst"] as const;
export type ClusterMeasurement = (typeof CLUSTER_MEASUREMENTS)[number];

/** The measurements of static pods. */
export const STANDALONE_MEASUREMENTS = ["start", "change", "remove", "burst", "idle"] as const;
export type StandaloneMeasurement = (typeof STANDALONE_MEASUREMENTS)[number];

interface SharedOptions {
  readonly json: boolean;
  readonly containerd: ContainerdVersion;
  /** How many pods are started one after another. */
  readonly pods: number;
  readonly idleSeconds: number;
  readonly yes: boolean;
  /** Undefined: apps/kubelet is bundled first and measured (standalone), or nothing is compared (cluster). */
  readonly kubelet: string | undefined;
  /** Where kubelets' logs go; undefined: with the lab. */
  readonly log: string | undefined;
}

/** What `--standalone` measures. */
export interface StandaloneOptions extends SharedOptions {
  readonly mode: "standalone";
  readonly only: readonly StandaloneMeasurement[];
}

/** What is measured with an API server. */
export interface ClusterOptions extends SharedOptions {
  readonly mode: "cluster";
  readonly only: readonly ClusterMeasurement[];
  /** How many pods come at once. */
  readonly burstPods: number;
  /** Undefined: real when its binaries are there. */
  readonly controlPlane: ControlPlaneKind | undefined;
}

/** What the command line asks for. */
export type BenchOptions = StandaloneOptions | ClusterOptions;

/** A wrong command line. */
export class UsageError extends Error {}

/** The text of --help. */
export const USAGE = `npm run bench -- [options]

Measures this repository's kubelet on a private containerd and an API server against its goals; exit code 1 when one is missed.

  --json                 print one JSON object instead of a table
  --only NAME[,NAME]     ${CLUSTER_MEASUREMENTS.join(", ")} (default: all)
  --containerd 1.6|2.1   the system's containerd, or Debian sid's (default: 2.1)
  --control-plane KIND   real (needs KUBEBUILDER_ASSETS) or embedded (default: real if it can be)
  --kubelet PATH         another kubelet to measure in the same run; its figures stand beside ours and decide nothing
  --pods N               pods of each image started one after another (default: 20)
  --burst-pods N         pods that come at once (default: 60)
  --idle-seconds N       how long the idle kubelet is watched (default: 30)
  --log FILE             keep the kubelets' logs there, with verbosity 4
  --yes                  install missing Debian packages without asking

  --standalone           static pods without an API server instead; then
    --only NAME[,NAME]   ${STANDALONE_MEASUREMENTS.join(", ")} (default: all)
    --kubelet FILE       another entry point (default: apps/kubelet, bundled first; from sources it needs twice the memory)
    --pods N             pods started one after another (default: 40)
`;

const parseNames = <T extends string>(text: string | undefined, all: readonly T[]): readonly T[] => {
  if (text === undefined) return all;
  const names = text.split(",");
  const unknown = names.find((name) => !all.some((one) => one === name));
  if (unknown !== undefined) throw new UsageError(`--only takes ${all.join(", ")}, not ${unknown}`);
  return all.filter((name) => names.includes(name));
};

const parseCount = (flag: string, text: string): number => {
  if (!/^[1-9]\d{0,3}$/u.test(text)) throw new UsageError(`${flag} is a number from 1 to 9999, not ${text}`);
  return Number(text);
};

const readFlags = (argv: readonly string[]) => {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        json: { type: "boolean", default: false },
        standalone: { type: "boolean", default: false },
        only: { type: "string" },
        containerd: { type: "string", default: "2.1" },
        "control-plane": { type: "string" },
        pods: { type: "string" },
        "burst-pods": { type: "string" },
        "idle-seconds": { type: "string", default: "30" },
        kubelet: { type: "string" },
        log: { type: "string" },
        yes: { type: "boolean", short: "y", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
};

/** Reads the command line; "help" if that is what it asks for. */
export const parseBenchOptions = (argv: readonly string[]): BenchOptions | "help" => {
  const { help, json, standalone, only, containerd, pods, kubelet, log, yes, ...rest } = readFlags(argv);
  if (help) return "help";
  if (containerd !== "1.6" && containerd !== "2.1") throw new UsageError(`--containerd is 1.6 or 2.1, not ${containerd}`);
  const controlPlane = rest["control-plane"];
  if (controlPlane !== undefined && controlPlane !== "real" && controlPlane !== "embedded")
    throw new UsageError(`--control-plane is real or embedded, not ${controlPlane}`);
  const shared = {
    json,
    containerd,
    pods: parseCount("--pods", pods ?? (standalone ? "40" : "20")),
    idleSeconds: parseCount("--idle-seconds", rest["idle-seconds"]),
    yes,
    kubelet: kubelet === undefined ? undefined : resolve(kubelet),
    log,
  } as const;
  if (!standalone) {
    const burstPods = parseCount("--burst-pods", rest["burst-pods"] ?? "60");
    return { ...shared, mode: "cluster", only: parseNames(only, CLUSTER_MEASUREMENTS), burstPods, controlPlane };
  }
  if (controlPlane !== undefined || rest["burst-pods"] !== undefined)
    throw new UsageError("--control-plane and --burst-pods do not go with --standalone");
  return { ...shared, mode: "standalone", only: parseNames(only, STANDALONE_MEASUREMENTS) };
};
