import { constants } from "node:fs";
import type { Stats } from "node:fs";
import { open, stat } from "node:fs/promises";
import { KubeClientError } from "../errors.ts";

/** A file's text, read again when the file changed. */
export interface WatchedFile {
  readonly path: string;
  /** The text as of now; `force` reads even if the file looks unchanged. @throws KubeClientError "credentials" */
  look(options?: { readonly force?: boolean | undefined }): Promise<string>;
}

/** No token and no certificate chain is a tenth as long. */
const MAX_BYTES = 1024 * 1024;

const stampOf = ({ mtimeMs, ctimeMs, size, ino }: Stats): string => `${mtimeMs} ${ctimeMs} ${size} ${ino}`;

/** The text of a file of at most 1 MiB. A pipe is not waited for. */
export const readBounded = async (path: string): Promise<string> => {
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const buffer = Buffer.alloc(MAX_BYTES + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length);
    length += bytesRead;
    if (bytesRead === 0 || length > MAX_BYTES) break;
  }
  if (length > MAX_BYTES) throw new Error(`longer than ${MAX_BYTES} bytes`);
  return buffer.toString("utf8", 0, length);
};

/** Symlinks are followed, so a `..data` swap and `kubelet-client-current.pem` are seen. */
export const createWatchedFile = (path: string): WatchedFile => {
  let last: { readonly stamp: string; readonly text: string } | undefined;
  return {
    path,
    async look({ force = false } = {}) {
      try {
        const stamp = stampOf(await stat(path));
        if (!force && last?.stamp === stamp) return last.text;
        const text = await readBounded(path);
        last = { stamp, text };
        return text;
      } catch (error) {
        throw new KubeClientError({ code: "credentials", message: `cannot read ${path}`, details: { file: path }, cause: error });
      }
    },
  };
};
