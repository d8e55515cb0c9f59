import { createHash } from "node:crypto";
import { normalize } from "node:path";
import { VolumesError } from "../errors.ts";

/** One file of a volume. */
export interface FileContent {
  readonly data: Uint8Array;
  /** Permissions, exact whatever the umask. */
  readonly mode: number;
  /** The user that owns it; default the kubelet's. */
  readonly uid?: number | undefined;
}

/** The files of a volume by their relative paths. */
export type Payload = ReadonlyMap<string, FileContent>;

const MAX_PATH_BYTES = 4096;
const MAX_NAME_BYTES = 255;

const checkPath = (path: string): void => {
  const refuse = (why: string): never => {
    throw new VolumesError("invalid-payload", `invalid path: ${why}`);
  };
  if (path === "") refuse('must not be empty: ""');
  if (path.startsWith("/")) refuse(`must be relative path: ${path}`);
  if (path.includes("\0")) refuse("must not contain NUL");
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) refuse(`must be less than or equal to ${MAX_PATH_BYTES} characters`);
  const parts = path.split("/");
  if (parts.includes("..")) refuse(`must not contain '..': ${path}`);
  if (parts.some((part) => Buffer.byteLength(part) > MAX_NAME_BYTES))
    refuse(`filenames must be less than or equal to ${MAX_NAME_BYTES} characters`);
  // Names that begin so are the writer's own.
  if (normalize(path).startsWith("..")) refuse(`must not start with '..': ${path}`);
};

const cleanPath = (path: string): string => normalize(path).replace(/\/+$/, "");

/**
 * The payload with its paths in one spelling. Throws `invalid-payload` for a path that is empty, absolute, has a `..`, begins with one, or
 * is longer than the kernel takes (texts as in pkg/volume/util/atomic_writer.go), and for more than `maxBytes` of content.
 */
export const checkPayload = (payload: Payload, maxBytes: number): Payload => {
  let bytes = 0;
  const clean = new Map<string, FileContent>();
  for (const [path, content] of payload) {
    checkPath(path);
    if (cleanPath(path) === ".") throw new VolumesError("invalid-payload", `invalid path: must name a file: ${path}`);
    bytes += content.data.byteLength;
    clean.set(cleanPath(path), content);
  }
  if (bytes > maxBytes)
    throw new VolumesError("invalid-payload", `the volume would hold ${bytes} bytes, more than the limit of ${maxBytes}`);
  return clean;
};

/** What tells one payload from another, without holding on to its content. */
export const digestPayload = (payload: Payload): string => {
  const hash = createHash("sha256");
  for (const [path, { data, mode, uid }] of [...payload].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(JSON.stringify([path, mode, uid ?? null, data.byteLength]));
    hash.update(data);
  }
  return hash.digest("base64");
};
