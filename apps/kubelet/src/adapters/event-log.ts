import type { Logger } from "@nk/stdx";
import type { PodRef } from "@nk/pod-model";

/** A Kubernetes event about a pod, as every package's event port has it. */
export interface RecordedEvent {
  readonly ref: PodRef;
  readonly fieldPath?: string;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

/** Where the packages record events: the log. Without an API server there is no other place. */
export interface EventLog {
  record(event: RecordedEvent): void;
}

/** Writes each event as the reference's "Event occurred" line. */
export const createEventLog = (logger: Logger): EventLog => ({
  record: ({ ref, fieldPath, type, reason, message }) =>
    logger.info("Event occurred", {
      object: `${ref.namespace}/${ref.name}`,
      fieldPath: fieldPath ?? "",
      kind: "Pod",
      apiVersion: "v1",
      type,
      reason,
      message,
    }),
});
