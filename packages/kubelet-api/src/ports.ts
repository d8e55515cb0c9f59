import type { Pod } from "@nk/pod-model";
import type { ContainerLogRequest } from "./log-options.ts";

/** Where the pods the servers show come from. */
export interface PodsPort {
  /** Every pod the kubelet knows, with its live status; mirror pods left out. Called on each request; must not block. */
  listPods(): readonly Pod[];
  /** The pods the runtime has running, in the reference's short form: names, images, no status. */
  listRunningPods(options: { readonly signal: AbortSignal }): Promise<readonly Pod[]>;
}

/** Where container logs come from. */
export interface LogsPort {
  /**
   * Opens a log. Rejects with a `KubeletApiError` (`not-found`, `bad-request`) before the first byte; what fails later ends the stream.
   * The chunks are written as they are; iteration stops when the client goes away.
   */
  openLog(request: ContainerLogRequest, options: { readonly signal: AbortSignal }): Promise<AsyncIterable<Uint8Array>>;
}

/** Metrics in the text format. */
export interface MetricsPort {
  readonly contentType: string;
  render(): Promise<string>;
}

/** Why a pod is where it is, in words and data. */
export interface ExplainPort {
  /** `undefined` when the UID is unknown. The value is written as JSON. */
  explainPod(uid: string): unknown;
}

/** One named check of `/healthz/NAME`; it throws when the kubelet is not well. */
export interface HealthCheck {
  readonly name: string;
  check(): void;
}
