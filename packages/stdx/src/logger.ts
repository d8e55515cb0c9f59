/** Values that go with a message, by fixed keys. Never a secret or an environment value. An error goes under `error`. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where log lines go. The message is constant; what varies is a field. Must not throw. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to every line. */
  child(fields: LogFields): Logger;
}

const ignore = (): void => {};

/** Logs nothing. The default wherever a logger is an option. */
export const noopLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore, child: () => noopLogger };
