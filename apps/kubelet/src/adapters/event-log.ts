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
  /** An event about this node. */
  recordNode(event: RecordedNodeEvent): void;
}

/** An event without the object that it is about. */
export type RecordedNodeEvent = Pick<RecordedEvent, "type" | "reason" | "message">;

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
  forward?: {
    readonly recorder: EventForwarder;
    readonly versions: PodVersions;
    readonly recordNode: (event: RecordedNodeEvent) => void;
  },
): EventLog => ({
  recordNode: (event) => {
    logger.info("Event occurred", { object: "", fieldPath: "", kind: "Node", apiVersion: "v1", ...event });
    forward?.recordNode(event);
  },
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
