import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { openWithin } from "@nk/mounts";

/** No environment is larger: a process's arguments and variables together have 2 MiB by default, and one variable 128 KiB. */
const MAX_BYTES = 2 * 1024 * 1024;

/** The text of an env file in a volume that containers can write to: nothing outside the volume is read, no pipe or device is opened. */
export const readEnvFile = async (
  { volumeHostPath, path }: { readonly volumeHostPath: string; readonly path: string },
  { signal }: { readonly signal?: AbortSignal },
): Promise<string> => {
  signal?.throwIfAborted();
  const held = await openWithin({ root: volumeHostPath, path });
  try {
    if (!held.stats.isFile()) throw new Error(`${path} is not a regular file`);
    if (held.stats.size > MAX_BYTES) throw new Error(`${path} has ${held.stats.size} bytes, more than ${MAX_BYTES}`);
    await using file = await open(held.path, constants.O_RDONLY | constants.O_NONBLOCK);
    const buffer = Buffer.alloc(Number(held.stats.size));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, 0);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await held.close();
  }
};
