import type { CriMethods, DeepPartial, ServerStreamMethod, UnaryMethod } from "@nk/cri-api";
import type { Clock } from "@nk/stdx";
import type { CriErrorCode } from "../errors.ts";
import type { EventHub } from "./event-hub.ts";
import type { FakeContainer, FakeStore } from "./store.ts";

/** How a container's program behaves; without one it runs until it is stopped. */
export interface FakeProgram {
  /** It exits by itself so many milliseconds after its start. */
  readonly exitAfterMs?: number;
  /** Default 0. */
  readonly exitCode?: number;
  /** Default `Completed` for 0, else `Error`. */
  readonly reason?: string;
  /** Ignores the stop signal: it is killed when the grace period ends. */
  readonly ignoresStop?: boolean;
  /** Exit code after the stop signal; default 143. */
  readonly stopExitCode?: number;
  /** StartContainer fails with this message, as it does for a command that does not exist; the container then counts as exited. */
  readonly startError?: string;
  /** Written to the log at the start, when logs are on. */
  readonly output?: string;
}

/** Outcome of a command in a container. */
export interface FakeExecResult {
  readonly stdout?: string;
  readonly stderr?: string;
  /** Default 0. */
  readonly exitCode?: number;
  /** How long it takes; default 0. */
  readonly afterMs?: number;
}

/** Where real runtimes differ; measured on containerd 1.6.20 and 2.1.9. */
export interface FakeQuirks {
  /** Whether stopping an unknown sandbox or container is a success, as the CRI wants it, or not-found. */
  readonly stopsUnknown: boolean;
  /** The code of a second sandbox or container of one name. */
  readonly reservedNameCode: CriErrorCode;
  /** Whether a container can be created (not started) in a stopped sandbox. */
  readonly createsInStopped: boolean;
  /** Whether `image_id` is filled; containerd leaves it empty and gives the id as `image_ref`. */
  readonly givesImageId: boolean;
  /** Whether a container's status says its user. */
  readonly givesUser: boolean;
  /** Whether Status lists handlers and features. */
  readonly givesHandlers: boolean;
}

/** What the handlers share. */
export interface FakeWorld {
  readonly store: FakeStore;
  readonly hub: EventHub;
  readonly clock: Clock;
  readonly quirks: FakeQuirks;
  /** Whether log files are written. */
  readonly logs: boolean;
  /** Whether PodSandboxStatus carries the containers' statuses. */
  readonly containersInSandboxStatus: boolean;
  /** Whether every image can be pulled, or only those that were added to the registry. */
  readonly pullable: ReadonlySet<string> | "any";
  readonly pullDelayMs: number;
  program(container: FakeContainer): FakeProgram | undefined;
  execute(container: FakeContainer, command: readonly string[]): FakeExecResult;
}

/** What a handler knows of its call. */
export interface HandlerContext {
  /** Aborts when the caller has gone or the runtime stops. */
  readonly signal: AbortSignal;
}

/** Handlers by RPC; one that is missing is Unimplemented. */
export type FakeHandlers = {
  readonly [K in keyof CriMethods]?: CriMethods[K] extends UnaryMethod<infer Request, infer Response>
    ? (request: Request, context: HandlerContext) => DeepPartial<Response> | Promise<DeepPartial<Response>>
    : CriMethods[K] extends ServerStreamMethod<infer Request, infer Response>
      ? (request: Request, context: HandlerContext) => Iterable<DeepPartial<Response>> | AsyncIterable<DeepPartial<Response>>
      : never;
};

/** Whether every pair of the selector is among the labels. */
export const hasLabels = (labels: { readonly [key: string]: string }, selector: { readonly [key: string]: string } | undefined): boolean =>
  Object.entries(selector ?? {}).every(([key, value]) => labels[key] === value);
