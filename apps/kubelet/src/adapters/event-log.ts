import { createEmitter } from "@nk/stdx";
import type { Emitter, Logger } from "@nk/stdx";
import type { PodRef } from "@nk/pod-model";

/** A Kubernetes event about a pod, as every package's event port has it. */
export interface RecordedEvent {
  readonly ref: PodRef;
  readonly fieldPath?: string;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

/** Where the packages record events: the log, and whoever listens. Without an API server there is no other place. */
export interface EventLog {
  record(event: RecordedEvent): void;
  readonly events: Emitter<RecordedEvent>;
}

/** Writes each event as the reference's "Event occurred" line. */
export const createEventLog = (logger: Logger): EventLog => {
  const events = createEmitter<RecordedEvent>();
  return {
    events,
    record: (event) => {
      const { ref, fieldPath, type, reason, message } = event;
      logger.info("Event occurred", {
        object: `${ref.namespace}/${ref.name}`,
        fieldPath: fieldPath ?? "",
        kind: "Pod",
        apiVersion: "v1",
        type,
        reason,
        message,
      });
      events.emit(event);
    },
  };
};
