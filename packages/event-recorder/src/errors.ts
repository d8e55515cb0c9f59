/** What can be wrong with how a recorder is made. Recording itself never throws. */
export const EVENT_RECORDER_ERROR_CODES = ["invalid-option"] as const;
export type EventRecorderErrorCode = (typeof EVENT_RECORDER_ERROR_CODES)[number];

/** The only error class of this package. */
export class EventRecorderError extends Error {
  override readonly name = "EventRecorderError";
  readonly code: EventRecorderErrorCode;

  constructor(code: EventRecorderErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Whether an unknown value is an EventRecorderError, also across two copies of this package. */
export const isEventRecorderError = (value: unknown): value is EventRecorderError =>
  value instanceof Error && value.name === "EventRecorderError" && "code" in value;
