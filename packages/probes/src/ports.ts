import type { Pod, PodRef } from "@nk/pod-model";

export interface ExecRequest {
  readonly containerId: string;
  readonly command: readonly string[];
  /** The runtime ends the command after so long. */
  readonly timeoutMs: number;
}

export type ExecAnswer =
  /** `output` is standard output and error together; more than 10 KiB of it is not read. */
  { readonly type: "exited"; readonly exitCode: number; readonly output: string } | { readonly type: "timed-out" };

/** Runs a command in a container. Rejects when it could not be run, which says nothing about the container's health. */
export interface ExecPort {
  exec(request: ExecRequest, options: { readonly signal: AbortSignal }): Promise<ExecAnswer>;
}

/** A Kubernetes event about one container. */
export interface ProbeEvent {
  readonly ref: PodRef;
  readonly fieldPath: string;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

/** Where events go; fire and forget, must not throw. */
export interface EventPort {
  record(event: ProbeEvent): void;
}

/** What was said of a container before. */
export interface RememberedVerdicts {
  /** Its startup probe had succeeded, or it had none and ran. */
  readonly started: boolean;
  readonly ready: boolean;
}

/** Verdicts of an engine before this one, so that a restart of the kubelet changes nothing. From memory; must not throw. */
export interface VerdictMemoryPort {
  /** Asked once for each probe of a container that ran before the engine did; undefined: nothing is known, it begins as a new one. */
  recall(pod: Pod, running: { readonly name: string; readonly containerId: string }): RememberedVerdicts | undefined;
}

/** Everything the engine calls. */
export interface ProbesPorts {
  /** Absent: every container begins as a new one. */
  readonly memory?: VerdictMemoryPort;
  /** Absent: exec probes cannot be carried out and count as errors. */
  readonly exec?: ExecPort;
  readonly events: EventPort;
}
