import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { lstat, open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import type { Clock } from "@nk/stdx";

/** What one look at a file gave. */
export type FileReading =
  | { readonly type: "text"; readonly text: string; readonly digest: string }
  /** Gone, or a directory: no business of ours. */
  | { readonly type: "absent" }
  | { readonly type: "problem"; readonly message: string; readonly digest?: string };

/** How a file is read. */
export interface ReadFileOptions {
  readonly maxFileBytes: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** How long a file that may be half written is given to grow before it is believed. */
export const SETTLE_MS = 5;
/** A file still growing after so many looks is left to the next event. */
const MAX_LOOKS = 20;
const CHUNK_BYTES = 64 * 1024;
/** Buffered writers flush in multiples of this. */
const BLOCK_BYTES = 4096;

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "unknown";

const readAll = async (file: FileHandle, sizeBytes: number, maxBytes: number): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let totalBytes = 0;
  let nextBytes = Math.min(sizeBytes, maxBytes) + 1;
  for (;;) {
    const chunk = Buffer.allocUnsafe(nextBytes);
    const { bytesRead } = await file.read(chunk, 0, nextBytes);
    if (bytesRead > 0) chunks.push(chunk.subarray(0, bytesRead));
    totalBytes += bytesRead;
    if (bytesRead === 0 || totalBytes > maxBytes) return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
    nextBytes = CHUNK_BYTES;
  }
};

interface Look {
  readonly reading: FileReading;
  /** Changed while it was read. */
  readonly isMoving: boolean;
  readonly bytes?: Buffer;
}

const settled = (reading: FileReading): Look => ({ reading, isMoving: false });

const readOpened = async (file: FileHandle, maxFileBytes: number): Promise<Look> => {
  const before = await file.stat({ bigint: true });
  if (before.isDirectory()) return settled({ type: "absent" });
  if (!before.isFile()) return settled({ type: "problem", message: "not a regular file" });
  // Without its size: one that goes on growing stays the same problem, which is told once.
  const tooLarge: FileReading = { type: "problem", message: `file is larger than the limit of ${maxFileBytes} bytes`, digest: "too large" };
  if (before.size > BigInt(maxFileBytes)) return settled(tooLarge);
  const bytes = await readAll(file, Number(before.size), maxFileBytes);
  if (bytes.length > maxFileBytes) return settled(tooLarge);
  const after = await file.stat({ bigint: true });
  const isMoving = after.mtimeNs !== before.mtimeNs || after.size !== before.size || after.size !== BigInt(bytes.length);
  const digest = createHash("sha256").update(bytes).digest("base64");
  try {
    return { reading: { type: "text", text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), digest }, isMoving, bytes };
  } catch {
    return { reading: { type: "problem", message: "file is not UTF-8 text", digest }, isMoving, bytes };
  }
};

/** ENOENT on opening a name that is listed: a link to nothing, unless the name itself has gone meanwhile. */
const explainMissing = async (path: string): Promise<FileReading> => {
  try {
    await lstat(path);
    return { type: "problem", message: "symbolic link points to a file that does not exist" };
  } catch {
    return { type: "absent" };
  }
};

const lookOnce = async (path: string, maxFileBytes: number): Promise<Look> => {
  let file: FileHandle | undefined;
  try {
    // Without O_NONBLOCK, opening a FIFO would wait for its writer for ever.
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    return await readOpened(file, maxFileBytes);
  } catch (error) {
    const code = codeOf(error);
    if (code === "ENOENT" || code === "ENOTDIR") return settled(await explainMissing(path));
    return settled({ type: "problem", message: `read file: ${code}` });
  } finally {
    await file?.close();
  }
};

/** Whether a writer may have stopped in the middle: nothing there, no end of line, or exactly a number of blocks. */
const mayBeHalf = ({ bytes }: Look): boolean => {
  if (bytes === undefined) return false;
  const last = bytes.at(-1);
  return last === undefined || bytes.length % BLOCK_BYTES === 0 || (last !== 0x0a && last !== 0x7d);
};

/**
 * Reads a file that somebody may be writing: looks again, at most 20 times with 5 ms between, while the file changes under the eye or, once
 * more, when it looks cut off. A complete file that nobody writes is read once, without any wait. Rejects only when the signal aborts.
 */
export const readManifestFile = async (path: string, options: ReadFileOptions): Promise<FileReading> => {
  let look = await lookOnce(path, options.maxFileBytes);
  let isSuspect = look.isMoving || mayBeHalf(look);
  for (let looks = 1; isSuspect; looks += 1) {
    if (looks >= MAX_LOOKS) return { type: "problem", message: "file is still being written" };
    await options.clock.sleep(SETTLE_MS, { signal: options.signal });
    const next = await lookOnce(path, options.maxFileBytes);
    isSuspect = next.isMoving || digestOf(next) !== digestOf(look);
    look = next;
  }
  return look.reading;
};

const digestOf = ({ reading }: Look): string => (reading.type === "absent" ? "absent" : (reading.digest ?? reading.type));
