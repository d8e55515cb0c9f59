import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { ContainerdVersion } from "@nk/tool-lab";

/** The measurements, in the order in which they are made. */
export const MEASUREMENTS = ["start", "change", "remove", "burst", "idle"] as const;
export type Measurement = (typeof MEASUREMENTS)[number];

/** What the command line asks for. */
export interface BenchOptions {
  readonly json: boolean;
  readonly only: readonly Measurement[];
  readonly containerd: ContainerdVersion;
  /** How many pods are started one after another, and changed and removed. */
  readonly pods: number;
  readonly idleSeconds: number;
  readonly yes: boolean;
  /** Entry point of the kubelet; undefined: apps/kubelet is bundled first. */
  readonly kubelet: string | undefined;
  /** Where the kubelet's log goes; undefined: with the lab. */
  readonly log: string | undefined;
}

/** A wrong command line. */
export class UsageError extends Error {}

/** The text of --help. */
export const USAGE = `npm run bench -- [options]

Measures this repository's kubelet on a private containerd against its goals; exit code 1 when one is missed.

  --json                 print one JSON object instead of a table
  --only NAME[,NAME]     ${MEASUREMENTS.join(", ")} (default: all)
  --containerd 1.6|2.1   the system's containerd, or Debian sid's (default: 2.1)
  --pods N               pods started one after another (default: 40)
  --idle-seconds N       how long the idle kubelet is watched (default: 30)
  --kubelet FILE         another entry point (default: apps/kubelet, bundled first; from sources it needs twice the memory)
  --log FILE             keep the kubelet's log there, with verbosity 4
  --yes                  install missing Debian packages without asking
`;

const isMeasurement = (name: string): name is Measurement => MEASUREMENTS.some((one) => one === name);

const parseNames = (text: string | undefined): readonly Measurement[] => {
  if (text === undefined) return MEASUREMENTS;
  const names = text.split(",");
  const unknown = names.find((name) => !isMeasurement(name));
  if (unknown !== undefined) throw new UsageError(`--only takes ${MEASUREMENTS.join(", ")}, not ${unknown}`);
  return MEASUREMENTS.filter((name) => names.includes(name));
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
        only: { type: "string" },
        containerd: { type: "string", default: "2.1" },
        pods: { type: "string", default: "40" },
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
  const { help, json, only, containerd, pods, kubelet, log, yes, ...rest } = readFlags(argv);
  if (help) return "help";
  if (containerd !== "1.6" && containerd !== "2.1") throw new UsageError(`--containerd is 1.6 or 2.1, not ${containerd}`);
  return {
    json,
    only: parseNames(only),
    containerd,
    pods: parseCount("--pods", pods),
    idleSeconds: parseCount("--idle-seconds", rest["idle-seconds"]),
    yes,
    kubelet: kubelet === undefined ? undefined : resolve(kubelet),
    log,
  };
};
