import type { Lab } from "@nk/tool-lab";
import type { RunLogs } from "./logs.ts";
import type { UpOptions } from "./options.ts";
import type { Progress } from "./progress.ts";

/** What a run works with. */
export interface UpContext {
  readonly root: string;
  readonly options: UpOptions;
  readonly progress: Progress;
  readonly logs: RunLogs;
  /** Aborts when the user wants to stop. */
  readonly signal: AbortSignal;
  /** When the program started, on the monotonic clock. */
  readonly startMs: number;
}

/** The result of --once, in milliseconds. */
export interface OnceResult {
  readonly ok: true;
  /** From the pod's creation (its request to the API, or its manifest in the folder) to its being Running and Ready. */
  readonly podReadyMs: number;
  /** From the kubelet's start until the API shows its node as Ready; absent with --standalone. */
  readonly nodeReadyMs?: number;
  /** Everything before the pod's creation. */
  readonly setupMs: number;
}

/** The two ways to run, each in a lab that is there. */
export interface UpMode {
  /** Runs one pod to Ready. */
  once(context: UpContext, lab: Lab): Promise<OnceResult>;
  /** Shows pods until the user stops it; then it rejects with the signal's reason. */
  table(context: UpContext, lab: Lab): Promise<void>;
}

/** The node's name, in the cluster and in the names of static pods. */
export const NODE_NAME = "nk-up";
/** How long a pod may take until it is Ready. */
export const POD_TIMEOUT_MS = 60_000;
/** How long pods may fail to be listed before that is an error. */
export const PATIENCE_MS = 10_000;
