import type { Status, StatusDetails } from "@nk/pod-model";

/** What the fake answers instead of an object. */
export class ApiStatusError extends Error {
  override readonly name = "ApiStatusError";
  readonly status: Status;
  readonly code: number;

  constructor(code: number, reason: string, options: { readonly message: string; readonly details?: StatusDetails }) {
    super(options.message);
    this.code = code;
    this.status = {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: options.message,
      reason,
      code,
      ...(options.details === undefined ? {} : { details: options.details }),
    };
  }
}

/** The Status of a deletion that left nothing. */
export const successStatus: Status = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" };
