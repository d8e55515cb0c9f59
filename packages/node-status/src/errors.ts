/** What can go wrong outside the loops; inside them failures are logged and tried again. */
export const NODE_STATUS_ERROR_CODES = ["invalid-option", "unreadable-machine"] as const;
export type NodeStatusErrorCode = (typeof NODE_STATUS_ERROR_CODES)[number];

/** The only error class of this package. */
export class NodeStatusError extends Error {
  override readonly name = "NodeStatusError";
  readonly code: NodeStatusErrorCode;

  constructor(code: NodeStatusErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
  }
}

/** Whether an unknown value is a NodeStatusError, also across two copies of this package. */
export const isNodeStatusError = (value: unknown): value is NodeStatusError =>
  value instanceof Error && value.name === "NodeStatusError" && "code" in value;
