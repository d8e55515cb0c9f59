import type { LogFields, Logger } from "@nk/stdx";

export interface KlogOptions {
  readonly format: "text" | "json";
  /** Asked for each debug line: they are written from 4 on, as upstream's debug verbosity. */
  readonly verbosity: () => number;
  readonly pid: number;
  readonly nowMs: () => number;
  readonly write: (line: string) => void;
}

type Level = "I" | "W" | "E";

const two = (value: number): string => String(value).padStart(2, "0");

/** klog's header: `I0102 15:04:05.000000   PID nk]`. */
const header = (level: Level, options: KlogOptions): string => {
  const nowMs = options.nowMs();
  const now = new Date(nowMs);
  const micros = String(Math.floor((nowMs % 1000) * 1000)).padStart(6, "0");
  const time = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}.${micros}`;
  return `${level}${two(now.getMonth() + 1)}${two(now.getDate())} ${time} ${String(options.pid).padStart(7)} nk]`;
};

/** Also ends causes that contain themselves. */
const MOST_CAUSES = 8;

/** An error's message with those of its causes; never its fields, which may hold a request. */
const errorText = (error: unknown, causes: number = 0): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined || causes >= MOST_CAUSES ? error.message : `${error.message}: ${errorText(error.cause, causes + 1)}`;
};

const fieldValue = (value: unknown): unknown => {
  if (value instanceof Error) return errorText(value);
  return typeof value === "bigint" ? value.toString() : value;
};

/** JSON of anything: what cannot be told is said to be so, because a log line must never be what fails. */
const toJson = (value: unknown): string => {
  try {
    return (JSON.stringify(value, (_key, item: unknown) => fieldValue(item)) as string | undefined) ?? "null";
  } catch (error) {
    return JSON.stringify(`not printable: ${errorText(error)}`);
  }
};

const textFields = (fields: LogFields): string =>
  Object.entries(fields)
    .map(([key, value]) => ` ${key === "error" ? "err" : key}=${toJson(value)}`)
    .join("");

const jsonLine = (level: Level, message: string, options: KlogOptions & { readonly fields: LogFields }): string => {
  const { error, ...rest } = options.fields;
  const fixed = {
    ts: options.nowMs(),
    ...(level === "I" ? { v: 0 } : {}),
    level,
    msg: message,
    ...(error === undefined ? {} : { err: errorText(error) }),
  };
  // Field by field, so that one which cannot be told takes no other with it.
  const members = Object.entries({ ...fixed, ...rest }).filter(([, value]) => value !== undefined);
  return `{${members.map(([key, value]) => `${JSON.stringify(key)}:${toJson(value)}`).join(",")}}`;
};

/** Lines in klog's text form or in component-base's JSON form, each one `write`. */
export const createKlog = (options: KlogOptions, fixed: LogFields = {}): Logger => {
  const line = (level: Level, message: string, fields: LogFields = {}): void => {
    const all = { ...fixed, ...fields };
    if (options.format === "json") options.write(`${jsonLine(level, message, { ...options, fields: all })}\n`);
    else options.write(`${header(level, options)} ${JSON.stringify(message)}${textFields(all)}\n`);
  };
  return {
    debug: (message, fields) => {
      if (options.verbosity() >= 4) line("I", message, fields);
    },
    info: (message, fields) => line("I", message, fields),
    warn: (message, fields) => line("W", message, fields),
    error: (message, fields) => line("E", message, fields),
    child: (fields) => createKlog(options, { ...fixed, ...fields }),
  };
};
