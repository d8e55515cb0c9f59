/**
 * A pod states something that cannot be turned into a request to the runtime: a missing ConfigMap, a root user that is not allowed, a name
 * that is no DNS name. The message is shown to the pod's owner as it stands, so it is upstream's, word for word where upstream has one.
 */
export class ConfigRejectedError extends Error {
  override readonly name = "ConfigRejectedError";
  readonly code = "CONFIG_REJECTED";
}

/** The error to throw. */
export const rejectConfig = (message: string): ConfigRejectedError => new ConfigRejectedError(message);

/** Whether `error` says that the pod's own configuration cannot be carried out (waiting reason CreateContainerConfigError). */
export const isConfigRejectedError = (error: unknown): error is ConfigRejectedError => error instanceof ConfigRejectedError;
