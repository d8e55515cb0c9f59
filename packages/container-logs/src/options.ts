import type { Clock } from "@nk/stdx";
import { systemClock } from "@nk/stdx";
import { ContainerLogsError } from "./errors.ts";
import type { LogStream } from "./log-line.ts";
import { parseTimestampNanos } from "./timestamp.ts";

/** What to read of a log and how. `sinceSeconds` is the caller's: it has the clock that counts. */
export interface ReadContainerLogOptions {
  /** Goes on with what is written later, across rotation, until the container is no longer running. Default false. */
  readonly follow?: boolean;
  /** Only the last so many lines of the file, 0 for none of what is there. Default: all. */
  readonly tailLines?: number;
  /** RFC 3339; lines before it are left out. Default: none is. */
  readonly sinceTime?: string;
  /** Ends after exactly so many bytes of output, timestamps included. Default: no limit. */
  readonly limitBytes?: number;
  /** Puts the time with nine decimals before each line. Default false. */
  readonly timestamps?: boolean;
  /** Only this stream. Default: both, in the order of the file. */
  readonly stream?: LogStream;
  readonly signal?: AbortSignal;
  /**
   * Asked when a followed log has nothing new, at most once in `recheckMs`. Default: always running, so that only the signal ends the
   * following.
   */
  readonly isContainerRunning?: (options: { readonly signal?: AbortSignal }) => Promise<boolean> | boolean;
  /** The rest of a longer line is dropped. Default 1 MiB; runtimes split at 16 KiB. */
  readonly maxLineBytes?: number;
  /** Bytes read at once, and about the size of the chunks that come out. Default 65 536. */
  readonly blockBytes?: number;
  /** A followed file is looked at after so long even if nothing tells of a change. Default 1000. */
  readonly recheckMs?: number;
  readonly clock?: Clock;
}

export type ResolvedReadOptions = Required<
  Pick<ReadContainerLogOptions, "follow" | "maxLineBytes" | "blockBytes" | "recheckMs" | "clock">
> & {
  readonly tailLines: number | undefined;
  readonly sinceNanos: bigint | undefined;
  readonly limitBytes: number;
  readonly timestamps: boolean;
  readonly stream: LogStream | undefined;
  readonly signal: AbortSignal | undefined;
  readonly isContainerRunning: NonNullable<ReadContainerLogOptions["isContainerRunning"]>;
};

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

/** The name mostly comes out of a request's query. */
const isStream = (value: string): value is LogStream => value === "stdout" || value === "stderr";

/** Fills in the defaults. Throws ContainerLogsError `invalid-option`. */
export const resolveReadOptions = (path: string, options: ReadContainerLogOptions): ResolvedReadOptions => {
  const refuse = (what: string): never => {
    throw new ContainerLogsError("invalid-option", `read log ${path}: ${what}`, { path });
  };
  const { tailLines, limitBytes, sinceTime, stream, maxLineBytes = 1024 * 1024, blockBytes = 65_536 } = options;
  if (tailLines !== undefined && !isCount(tailLines)) refuse("tailLines must be a whole number, 0 or more");
  if (limitBytes !== undefined && !isCount(limitBytes)) refuse("limitBytes must be a whole number, 0 or more");
  if (!isCount(maxLineBytes) || maxLineBytes === 0) refuse("maxLineBytes must be a whole number, 1 or more");
  if (!isCount(blockBytes) || blockBytes === 0) refuse("blockBytes must be a whole number, 1 or more");
  if (stream !== undefined && !isStream(stream)) refuse(`stream must be "stdout" or "stderr", not ${JSON.stringify(stream)}`);
  const sinceNanos = sinceTime === undefined ? undefined : parseTimestampNanos(sinceTime);
  if (sinceTime !== undefined && sinceNanos === undefined) refuse("sinceTime must be an RFC 3339 time");
  return {
    follow: options.follow ?? false,
    tailLines,
    sinceNanos,
    limitBytes: limitBytes ?? Infinity,
    timestamps: options.timestamps ?? false,
    stream,
    signal: options.signal,
    isContainerRunning: options.isContainerRunning ?? (() => true),
    maxLineBytes,
    blockBytes,
    recheckMs: options.recheckMs ?? 1000,
    clock: options.clock ?? systemClock,
  };
};
