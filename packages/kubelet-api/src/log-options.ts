import { KubeletApiError } from "./errors.ts";

/** What a client asks of one container's log; numbers and times are checked. */
export interface ContainerLogRequest {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly tailLines?: number;
  /** RFC 3339, to the nanosecond if the client said so. */
  readonly sinceTime?: string;
  readonly limitBytes?: number;
  /** Absent for both. */
  readonly stream?: "stdout" | "stderr";
}

/** As the reference reads a boolean of a query: whatever is there is yes, but for `0` and `false` (Convert_Slice_string_To_bool). */
export const isTrue = (value: string | null): boolean => value !== null && value !== "0" && value.toLowerCase() !== "false";

const INVALID = '{"message": "Invalid request."}';

const undecodable = (): KubeletApiError => new KubeletApiError("bad-request", '{"message": "Unable to decode query."}');

const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n } as const;

/** An int64; what a double can't hold exactly is the greatest that it can: no log has as many lines, bytes or seconds. */
const wholeNumber = (query: URLSearchParams, name: string, minimum: number): number | undefined => {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^[+-]?\d{1,40}$/.test(text)) throw undecodable();
  const exact = BigInt(text.replace(/^\+/, ""));
  if (exact < INT64.min || exact > INT64.max) throw undecodable();
  if (exact < minimum) throw new KubeletApiError("invalid-options", INVALID);
  // No log is that long; clients say the largest int64 for "no limit", and what is no safe integer would be refused further on.
  return Math.min(Number(exact), Number.MAX_SAFE_INTEGER);
};

/** `tail` is an old name of `tailLines`; there, `all` means that it is not there. */
const withTail = (query: URLSearchParams): URLSearchParams => {
  const tail = query.get("tail");
  if (tail === null || tail === "") return query;
  const copy = new URLSearchParams(query);
  if (tail === "all") copy.delete("tailLines");
  else copy.set("tailLines", tail);
  return copy;
};

const RFC_3339 = /^\d{4}-\d\d-(\d\d)T(?:[01]\d|2[0-3]):\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/;

/** `Date.parse` takes the 30th of February for the 1st of March; Go takes it for a mistake. */
const isDayOfMonth = (time: string, day: string): boolean => new Date(`${time.slice(0, 10)}T00:00:00Z`).getUTCDate() === Number(day);

/** Who reads the log is stricter than a Date, and what it refuses comes too late for a status: only what it takes is passed on. */
const checkTime = (time: string): string => {
  const day = RFC_3339.exec(time)?.[1];
  if (day === undefined || Number.isNaN(Date.parse(time)) || !isDayOfMonth(time, day)) throw undecodable();
  return time.replace(/(\.\d{9})\d+/, "$1");
};

const sinceTime = (query: URLSearchParams, nowMs: number): string | undefined => {
  const seconds = wholeNumber(query, "sinceSeconds", 1);
  const time = query.get("sinceTime");
  if (seconds !== undefined && time !== null) throw new KubeletApiError("invalid-options", INVALID);
  // Nothing was logged before the epoch, and further back a Date ends.
  if (seconds !== undefined) return new Date(Math.max(0, nowMs - seconds * 1000)).toISOString();
  if (time === null || time === "") return undefined;
  return checkTime(time);
};

const streamOf = (query: URLSearchParams): Pick<ContainerLogRequest, "stream"> => {
  const stream = query.get("stream");
  if (stream === null || stream === "All") return {};
  if (stream === "Stdout") return { stream: "stdout" };
  if (stream === "Stderr") return { stream: "stderr" };
  throw new KubeletApiError("invalid-options", INVALID);
};

/** Reads the options of `/containerLogs` from a query, with the statuses and bodies of the reference. */
export const parseLogRequest = (
  target: { readonly namespace: string; readonly pod: string; readonly container: string },
  asked: URLSearchParams,
  nowMs: number,
): ContainerLogRequest => {
  const query = withTail(asked);
  const tail = wholeNumber(query, "tailLines", 0);
  const limitBytes = wholeNumber(query, "limitBytes", 1);
  const since = sinceTime(query, nowMs);
  const stream = streamOf(query);
  // The last lines of one stream are not known without reading both (reference: ValidatePodLogOptions).
  if (stream.stream !== undefined && tail !== undefined) throw new KubeletApiError("invalid-options", INVALID);
  return {
    ...target,
    follow: isTrue(query.get("follow")),
    previous: isTrue(query.get("previous")),
    timestamps: isTrue(query.get("timestamps")),
    ...(tail === undefined ? {} : { tailLines: tail }),
    ...(since === undefined ? {} : { sinceTime: since }),
    ...(limitBytes === undefined ? {} : { limitBytes }),
    ...stream,
  };
};
