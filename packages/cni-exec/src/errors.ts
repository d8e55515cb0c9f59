/** Every code a {@link CniError} can carry. */
export const CNI_EXEC_ERROR_CODES = [
  "invalid-config",
  "config-not-found",
  "invalid-argument",
  "incompatible-version",
  "plugin-not-found",
  "plugin-not-executable",
  "plugin-failed",
  "plugin-timeout",
  "plugin-output",
  "unsupported",
  "not-attached",
  "cache-failed",
  "incomplete",
  "queue-full",
] as const;

/** What went wrong, for programs; the README has the meaning of each code. */
export type CniErrorCode = (typeof CNI_EXEC_ERROR_CODES)[number];

/** The error codes that the CNI specification reserves, by what they mean (SPEC.md 1.1.0, section 5; 8 and 999 from libcni). */
export const CNI_SPEC_ERROR_CODES = {
  incompatibleVersion: 1,
  unsupportedField: 2,
  unknownContainer: 3,
  invalidEnvironment: 4,
  ioFailure: 5,
  decodingFailure: 6,
  invalidNetworkConfig: 7,
  invalidNetns: 8,
  tryAgainLater: 11,
  pluginNotAvailable: 50,
  limitedConnectivity: 51,
  internal: 999,
} as const;

const SPEC_MEANINGS: ReadonlyMap<number, string> = new Map([
  [CNI_SPEC_ERROR_CODES.incompatibleVersion, "incompatible CNI version"],
  [CNI_SPEC_ERROR_CODES.unsupportedField, "unsupported field in the network configuration"],
  [CNI_SPEC_ERROR_CODES.unknownContainer, "container unknown"],
  [CNI_SPEC_ERROR_CODES.invalidEnvironment, "invalid environment variables"],
  [CNI_SPEC_ERROR_CODES.ioFailure, "input or output failed"],
  [CNI_SPEC_ERROR_CODES.decodingFailure, "content cannot be decoded"],
  [CNI_SPEC_ERROR_CODES.invalidNetworkConfig, "invalid network configuration"],
  [CNI_SPEC_ERROR_CODES.invalidNetns, "invalid network namespace"],
  [CNI_SPEC_ERROR_CODES.tryAgainLater, "try again later"],
  [CNI_SPEC_ERROR_CODES.pluginNotAvailable, "the plugin is not available"],
  [CNI_SPEC_ERROR_CODES.limitedConnectivity, "the plugin is not available, and containers may have limited connectivity"],
  [CNI_SPEC_ERROR_CODES.internal, "internal error"],
]);

/** What the specification says about an error code of a plugin; undefined for codes of the plugin's own (100 and above). */
export const describeSpecErrorCode = (code: number): string | undefined => SPEC_MEANINGS.get(code);

/** The error a plugin itself reported: the specification's error object. */
export interface PluginError {
  /** One of {@link CNI_SPEC_ERROR_CODES}, or the plugin's own from 100; 0 when it gave none. */
  readonly code: number;
  readonly msg: string;
  readonly details: string;
}

/** What is known about a failure besides its code and message. */
export interface CniErrorDetails {
  /** The `type` of the plugin that was run, or was to be. */
  readonly plugin?: string | undefined;
  /** What it was told: ADD, DEL, CHECK, STATUS, GC or VERSION. */
  readonly command?: string | undefined;
  /** The file or executable in question. */
  readonly path?: string | undefined;
  /** What the plugin reported in the specification's form. */
  readonly pluginError?: PluginError | undefined;
  /** The end of what the plugin wrote to stderr, bounded by `maxStderrBytes`. */
  readonly stderr?: string | undefined;
  /** Null when a signal ended it. */
  readonly exitCode?: number | null | undefined;
  /** With "incomplete": what failed, in the order in which it was tried. */
  readonly errors?: readonly CniError[] | undefined;
}

/** The one error of this package. */
export class CniError extends Error {
  override readonly name = "CniError";
  readonly code: CniErrorCode;
  readonly details: CniErrorDetails;

  constructor(code: CniErrorCode, message: string, options: CniErrorDetails & { readonly cause?: unknown } = {}) {
    const { cause, ...details } = options;
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }
}

/** True for a {@link CniError}, also across two copies of this package. */
export const isCniError = (value: unknown): value is CniError => value instanceof Error && value.name === "CniError" && "code" in value;

/** Whether the plugin asked to be tried again later (code 11): the one failure that passes by itself. */
export const isTryAgainLater = (error: unknown): boolean =>
  isCniError(error) && error.details.pluginError?.code === CNI_SPEC_ERROR_CODES.tryAgainLater;

/** The error code of a failed system call, e.g. `EACCES`; empty for anything else. */
export const errnoOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";

/** The sentence of an unknown error. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
