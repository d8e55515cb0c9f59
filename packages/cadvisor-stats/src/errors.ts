export const CADVISOR_STATS_ERROR_CODES = ["not-mounted", "invalid-option"] as const;

export type CadvisorStatsErrorCode = (typeof CADVISOR_STATS_ERROR_CODES)[number];

/** Why nothing can be measured at all. A cgroup, interface or disk that is gone is never an error: it is left out. */
export class CadvisorStatsError extends Error {
  override readonly name = "CadvisorStatsError";
  readonly code: CadvisorStatsErrorCode;
  readonly details: { readonly path?: string };

  constructor(code: CadvisorStatsErrorCode, message: string, options: { readonly path?: string; readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.path === undefined ? {} : { path: options.path };
  }
}

/** Whether an unknown value is a CadvisorStatsError, also across two copies of this package. */
export const isCadvisorStatsError = (value: unknown): value is CadvisorStatsError =>
  value instanceof Error && value.name === "CadvisorStatsError" && "code" in value;
