import type { PodRef } from "@nk/pod-model";

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

/** Everything the engine calls. */
export interface ProbesPorts {
  /** Absent: exec probes cannot be carried out and count as errors. */
  readonly exec?: ExecPort;
  readonly events: EventPort;
}
