import { constants } from "node:fs";
import { open } from "node:fs/promises";

/** The end of a file, and whether anything is before it. */
export interface FileTail {
  readonly bytes: Uint8Array;
  readonly isCut: boolean;
}

/**
 * The last bytes of a regular file. A container can put anything where its file was: a symbolic link is not followed, a pipe is not waited
 * for, a device is not read. Throws the error of node:fs, or one that says that it is no regular file.
 */
export const readTail = async (path: string, maxBytes: number): Promise<FileTail> => {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new Error(`open ${path}: not a regular file`);
    const start = Math.max(0, stats.size - maxBytes);
    const buffer = new Uint8Array(Math.min(stats.size, maxBytes));
    let length = 0;
    while (length < buffer.length) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, start + length);
      if (bytesRead === 0) break;
      length += bytesRead;
    }
    return { bytes: buffer.subarray(0, length), isCut: start > 0 };
  } finally {
    await file.close();
  }
};
