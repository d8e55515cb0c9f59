import type { CriErrorCode } from "../errors.ts";

/** What a handler of the fake throws to answer with a gRPC status. */
export class StatusError extends Error {
  override readonly name = "StatusError";
  readonly code: CriErrorCode;

  constructor(code: CriErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The answer for an unknown sandbox, container or image. */
export const notFound = (what: string, id: string): StatusError => new StatusError("not-found", `${what} "${id}": not found`);
