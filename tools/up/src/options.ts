import { parseArgs } from "node:util";
import type { ContainerdVersion } from "@nk/tool-lab";

/** What the command line asks for. */
export interface UpOptions {
  /** Run one pod to Ready, print one line of JSON, tear down, exit. */
  readonly once: boolean;
  /** Install missing Debian packages without asking. */
  readonly yes: boolean;
  /** Default: 2.1 if the lab's cache holds it, else the system's. */
  readonly containerd: ContainerdVersion | undefined;
  /** Folder of pod manifests. */
  readonly manifests: string;
  readonly keepLogs: boolean;
}

/** The text of --help. */
export const USAGE = `npm run up -- [options]

Starts a private containerd and this repository's kubelet on a folder of pod manifests, and shows the pods live.
Ctrl-C stops everything and leaves nothing behind.

  --once                 run one pod to Ready, print {"ok":true,"podReadyMs":...,"setupMs":...}, tear down, exit
  --yes                  install missing Debian packages without asking
  --containerd 1.6|2.1   the system's containerd, or Debian sid's, fetched once (default: 2.1 if it is there already)
  --manifests DIR        pod manifests (default: examples/manifests)
  --keep-logs            keep the logs of containerd, kubelet and build
`;

/** A wrong command line. */
export class UsageError extends Error {}

/** Reads the command line; "help" if that is what it asks for. */
export const parseUpOptions = (argv: readonly string[], defaultManifests: string): UpOptions | "help" => {
  let values;
  try {
    ({ values } = parseArgs({
      args: [...argv],
      options: {
        once: { type: "boolean", default: false },
        yes: { type: "boolean", short: "y", default: false },
        containerd: { type: "string" },
        manifests: { type: "string", default: defaultManifests },
        "keep-logs": { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    }));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
  const { help, once, yes, containerd, manifests } = values;
  if (help) return "help";
  if (containerd !== undefined && containerd !== "1.6" && containerd !== "2.1")
    throw new UsageError(`--containerd is 1.6 or 2.1, not ${containerd}`);
  return { once, yes, containerd, manifests, keepLogs: values["keep-logs"] };
};
