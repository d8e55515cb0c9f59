import type { CoreEvent, ObjectReference } from "@nk/pod-model";

/** What changes when something is seen again; a strategic merge patch of the event (a JSON merge patch does as well). */
export interface EventPatch {
  readonly count: number;
  readonly lastTimestamp: string;
  readonly message: string;
}

/**
 * Where events go: the API server's core/v1 events. Calls for different objects overlap. Each resolves with the event as the server has
 * it now. Rejections are sorted by `classifyError`; the rate (the reference's eventRecordQPS 50, burst 100) is the client's business.
 */
export interface EventSink {
  /** Creates the event in `event.metadata.namespace`. */
  create(event: CoreEvent, options: { readonly signal: AbortSignal }): Promise<CoreEvent>;
  /** Patches the event of that name and namespace; `event` is what it should be afterwards. */
  patch(event: CoreEvent, patch: EventPatch, options: { readonly signal: AbortSignal }): Promise<CoreEvent>;
}

/** Everything `createEventRecorder` calls. */
export interface EventRecorderPorts {
  readonly sink: EventSink;
}

/** Something that happened to an object. */
export interface EventRequest {
  /** The object it is about. Without a name nothing is recorded. */
  readonly involved: ObjectReference;
  readonly type: "Normal" | "Warning";
  /** Short, UpperCamelCase; people and programs switch on it. */
  readonly reason: string;
  /** For people. Cut to `maxMessageBytes`. */
  readonly message: string;
  readonly annotations?: { readonly [key: string]: string } | undefined;
  /** The part of the object, e.g. `spec.containers{web}`; replaces that of `involved`. */
  readonly fieldPath?: string | undefined;
}
