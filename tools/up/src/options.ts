import { parseArgs } from "node:util";
import type { ContainerdVersion, KubectlVersion } from "@nk/tool-lab";

/** What the command line asks for. */
export interface UpOptions {
  /** Run one pod to Ready, print one line of JSON, tear down, exit. */
  readonly once: boolean;
  /** No control plane: the kubelet runs the manifests as static pods. */
  readonly standalone: boolean;
  /** Install missing Debian packages without asking. */
  readonly yes: boolean;
  /** Default: 2.1 if the lab's cache holds it, else the system's. */
  readonly containerd: ContainerdVersion | undefined;
  /** Fetch Debian's kubectl of this version; default: the one that is there. */
  readonly kubectl: KubectlVersion | undefined;
  /** Folder of pod manifests. */
  readonly manifests: string;
  readonly keepLogs: boolean;
}

/** The text of --help. */
export const USAGE = `npm run up -- [options]

Starts a private containerd, an embedded control plane and this repository's kubelet as its node, creates a folder of pods through the API,
and shows all pods live. Prints commands for kubectl to try. Ctrl-C stops everything and leaves nothing behind.

  --once                 run one pod to Ready, print {"ok":true,"podReadyMs":...,"nodeReadyMs":...,"setupMs":...}, tear down, exit
  --standalone           no control plane: the kubelet runs the folder's pods as static pods
  --yes                  install missing Debian packages without asking
  --containerd 1.6|2.1   the system's containerd, or Debian sid's, fetched once (default: 2.1 if it is there already)
  --kubectl 1.32|1.36    Debian's kubectl, fetched once, never installed (default: the one that is there)
  --manifests DIR        pod manifests (default: examples/manifests)
  --keep-logs            keep the logs of containerd, control plane and kubelet
`;

/** A wrong command line. */
export class UsageError extends Error {}

/** One of the values, or undefined for an option that is not given. @throws UsageError */
const oneOf = <T extends string>(flag: string, value: string | undefined, allowed: readonly T[]): T | undefined => {
  if (value === undefined) return undefined;
  const found = allowed.find((one) => one === value);
  if (found === undefined) throw new UsageError(`${flag} is ${allowed.join(" or ")}, not ${value}`);
  return found;
};

/** Reads the command line; "help" if that is what it asks for. */
export const parseUpOptions = (argv: readonly string[], defaultManifests: string): UpOptions | "help" => {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        once: { type: "boolean", default: false },
        standalone: { type: "boolean", default: false },
        yes: { type: "boolean", short: "y", default: false },
        containerd: { type: "string" },
        kubectl: { type: "string" },
        manifests: { type: "string", default: defaultManifests },
        "keep-logs": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
  const { help, once, standalone, yes, manifests } = values;
  if (help) return "help";
  const containerd = oneOf("--containerd", values.containerd, ["1.6", "2.1"]);
  const kubectl = oneOf("--kubectl", values.kubectl, ["1.32", "1.36"]);
  if (standalone && kubectl !== undefined) throw new UsageError("--kubectl has nothing to ask with --standalone");
  return { once, standalone, yes, containerd, kubectl, manifests, keepLogs: values["keep-logs"] };
};
