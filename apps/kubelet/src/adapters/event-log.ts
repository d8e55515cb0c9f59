import type { Logger } from "@nk/stdx";
import type { ObjectReference, PodRef, PodUid } from "@nk/pod-model";

/** A Kubernetes event about a pod, as every package's event port has it. */
export interface RecordedEvent {
  readonly ref: PodRef;
  readonly fieldPath?: string;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
}

/** Where the packages record events: the log, and the API where there is one. */
export interface EventLog {
  record(event: RecordedEvent): void;
}

/** Sends events on; `EventRecorder` of event-recorder fits. */
export interface EventForwarder {
  record(event: {
    readonly involved: ObjectReference;
    readonly type: "Normal" | "Warning";
    readonly reason: string;
    readonly message: string;
    readonly fieldPath?: string;
  }): void;
}

/** Versions of pods as the API showed them last; events name the version they are about. */
export type PodVersions = Map<PodUid, string>;

/** Writes each event as the reference's "Event occurred" line, and hands it to `forward`. */
export const createEventLog = (
  logger: Logger,
  forward?: { readonly recorder: EventForwarder; readonly versions: PodVersions },
): EventLog => ({
  record: ({ ref, fieldPath, type, reason, message }) => {
    logger.info("Event occurred", {
      object: `${ref.namespace}/${ref.name}`,
      fieldPath: fieldPath ?? "",
      kind: "Pod",
      apiVersion: "v1",
      type,
      reason,
      message,
    });
    if (forward === undefined) return;
    const resourceVersion = forward.versions.get(ref.uid);
    const version = resourceVersion === undefined ? {} : { resourceVersion };
    const involved: ObjectReference = { apiVersion: "v1", kind: "Pod", ...ref, ...version };
    forward.recorder.record({ involved, type, reason, message, ...(fieldPath === undefined ? {} : { fieldPath }) });
  },
});
