import type { ServerResponse } from "node:http";
import { extname } from "node:path";
import { pipeline } from "node:stream/promises";
import { KubeletApiError } from "../errors.ts";
import type { OpenEntry } from "./open-within.ts";

const SNIFF_BYTES = 512;
const TYPES: ReadonlyMap<string, string> = new Map([
  [".json", "application/json"],
  [".xml", "text/xml; charset=utf-8"],
  [".gz", "application/gzip"],
  [".log", "text/plain; charset=utf-8"],
  [".txt", "text/plain; charset=utf-8"],
]);

/** A log is never HTML, whatever somebody got a program to log: a browser would run it. */
const sniffType = (start: Uint8Array): string => {
  if (start[0] === 0x1f && start[1] === 0x8b) return "application/x-gzip";
  const isBinary = start.some((byte) => byte <= 0x08 || byte === 0x0b || (byte >= 0x0e && byte <= 0x1a) || (byte >= 0x1c && byte <= 0x1f));
  return isBinary ? "application/octet-stream" : "text/plain; charset=utf-8";
};

const typeOf = async ({ handle, path }: OpenEntry): Promise<string> => {
  const known = TYPES.get(extname(path));
  if (known !== undefined) return known;
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(SNIFF_BYTES), 0, SNIFF_BYTES, 0);
  return sniffType(buffer.subarray(0, bytesRead));
};

interface Range {
  readonly start: number;
  /** After the last byte. */
  readonly end: number;
}

/** One range; several at once are answered with the whole file, which RFC 9110 allows. @throws KubeletApiError for one that is not there */
const parseRange = (header: string | undefined, sizeBytes: number): Range | undefined => {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "");
  const [, first = "", last = ""] = match ?? [];
  if (match === null || (first === "" && last === "")) return undefined;
  const start = first === "" ? Math.max(0, sizeBytes - Number(last)) : Number(first);
  const end = first === "" || last === "" ? sizeBytes : Math.min(sizeBytes, Number(last) + 1);
  if (start < end) return { start, end };
  throw new KubeletApiError("range-not-satisfiable", "invalid range: failed to overlap\n", {
    headers: { "Content-Range": `bytes */${sizeBytes}` },
  });
};

/** Sends a file as far as it is written now; a growing log does not make the answer endless. */
export const sendFile = async (
  entry: OpenEntry,
  response: ServerResponse,
  request: { readonly range: string | undefined; readonly ifModifiedSince: string | undefined; readonly signal: AbortSignal },
): Promise<void> => {
  const { stats, handle } = entry;
  const modifiedMs = Math.floor(stats.mtimeMs / 1000) * 1000;
  const headers = { "Accept-Ranges": "bytes", "Last-Modified": new Date(modifiedMs).toUTCString(), "X-Content-Type-Options": "nosniff" };
  if (request.ifModifiedSince !== undefined && modifiedMs <= Date.parse(request.ifModifiedSince)) {
    response.writeHead(304, headers).end();
    return;
  }
  const range = parseRange(request.range, stats.size);
  const { start, end } = range ?? { start: 0, end: stats.size };
  response.writeHead(range === undefined ? 200 : 206, {
    ...headers,
    "Content-Type": await typeOf(entry),
    "Content-Length": end - start,
    ...(range === undefined ? {} : { "Content-Range": `bytes ${start}-${end - 1}/${stats.size}` }),
  });
  if (start === end) {
    response.end();
    return;
  }
  await pipeline(handle.createReadStream({ start, end: end - 1, autoClose: false }), response, { signal: request.signal });
};
