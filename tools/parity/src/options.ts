import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { ControlPlaneKind } from "@nk/tool-lab";

/** What the command line asks for. */
export interface ParityOptions {
  /** Names of recordings. */
  readonly only: readonly string[];
  /** Undefined: this repository's. */
  readonly kubelet: string | undefined;
  /** Undefined: as KUBEBUILDER_ASSETS says. */
  readonly controlPlane: ControlPlaneKind | undefined;
  readonly json: boolean;
  /** A folder for what was seen. */
  readonly keep: string | undefined;
  readonly verbose: boolean;
  readonly yes: boolean;
}

/** A wrong command line. */
export class UsageError extends Error {}

/** The text of --help. */
export const USAGE = `npm run parity -- [options]

Runs the recorded scenarios of the reference kubelet in a cluster with this repository's and compares calls to the runtime, statuses,
events and logs. The last line is MATCHED/TOTAL; exit code 0 only when all match but for tools/parity/expected-differences.txt.

  --only p01,p05         these scenarios (default: all)
  --kubelet FILE         another kubelet: TypeScript, a bundle or a binary; nothing is expected to differ then
  --control-plane KIND   real (from KUBEBUILDER_ASSETS) or embedded (default: real when KUBEBUILDER_ASSETS is set)
  --json                 print one JSON object before the last line
  --keep DIR             keep what was seen there: the kubelet's log, a file for each scenario
  --verbose              statuses on the way that differ, too
  --yes                  install missing Debian packages without asking
`;

const pickNames = (text: string | undefined, names: readonly string[]): readonly string[] => {
  if (text === undefined) return names;
  return text.split(",").flatMap((wanted) => {
    const found = names.filter((name) => name === wanted || name.startsWith(`${wanted}-`));
    if (found.length === 0) throw new UsageError(`there is no recording ${wanted}`);
    return found;
  });
};

const readFlags = (argv: readonly string[]) => {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        only: { type: "string" },
        kubelet: { type: "string" },
        "control-plane": { type: "string" },
        json: { type: "boolean", default: false },
        keep: { type: "string" },
        verbose: { type: "boolean", default: false },
        yes: { type: "boolean", short: "y", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
};

/** Reads the command line; "help" if that is what it asks for. @throws UsageError */
export const parseParityOptions = (argv: readonly string[], names: readonly string[]): ParityOptions | "help" => {
  const { help, only, kubelet, keep, json, verbose, yes, ...rest } = readFlags(argv);
  if (help) return "help";
  const kind = rest["control-plane"];
  if (kind !== undefined && kind !== "real" && kind !== "embedded")
    throw new UsageError(`--control-plane is real or embedded, not ${kind}`);
  return {
    only: pickNames(only, names),
    kubelet: kubelet === undefined ? undefined : resolve(kubelet),
    controlPlane: kind,
    json,
    keep: keep === undefined ? undefined : resolve(keep),
    verbose,
    yes,
  };
};
