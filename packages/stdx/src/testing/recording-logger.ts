import type { LogFields, Logger } from "../logger.ts";

/** One line that was logged. */
export interface LogEntry {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  /** Those of the line over those of its `child` loggers. */
  readonly fields: LogFields;
}

/** A logger that remembers; its children write to the same list. */
export interface RecordingLogger extends Logger {
  readonly entries: readonly LogEntry[];
}

/** A recording logger with nothing logged. */
export const createRecordingLogger = (): RecordingLogger => {
  const entries: LogEntry[] = [];
  const createChild = (inherited: LogFields): RecordingLogger => {
    const record =
      (level: LogEntry["level"]) =>
      (message: string, fields?: LogFields): void =>
        void entries.push({ level, message, fields: { ...inherited, ...fields } });
    return {
      entries,
      debug: record("debug"),
      info: record("info"),
      warn: record("warn"),
      error: record("error"),
      child: (fields) => createChild({ ...inherited, ...fields }),
    };
  };
  return createChild({});
};
