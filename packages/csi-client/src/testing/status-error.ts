import type { CsiErrorCode } from "../errors.ts";

/** What a handler throws to answer with a gRPC status. */
export class CsiStatusError extends Error {
  override readonly name = "CsiStatusError";
  readonly code: CsiErrorCode;

  constructor(code: CsiErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** The answer for an unknown volume, snapshot or group. */
export const notFound = (what: string, id: string): CsiStatusError =>
  new CsiStatusError("not-found", `there is no ${what} ${JSON.stringify(id)}`);

/** The answer for a request that cannot be meant. */
export const invalidArgument = (message: string): CsiStatusError => new CsiStatusError("invalid-argument", message);
