import { open, rename, rm } from "node:fs/promises";
import { basename, dirname, join, normalize } from "node:path";
import { StdxError } from "./errors.ts";

/** What {@link writeFileAtomic} takes. */
export interface WriteFileAtomicOptions {
  /** Permissions of the file, exact whatever the umask; default 0o644 less the umask. The file never has more than these. */
  readonly mode?: number | undefined;
  /** Whether the content and the rename survive a power cut; default true. */
  readonly fsync?: boolean | undefined;
}

const syncDirectory = async (path: string): Promise<void> => {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
};

/**
 * Replaces a file whole: readers see the old content or the new one, never a part. The content goes to a hidden (".") file in the same
 * directory first, which is removed on failure. Errors are those of node:fs.
 */
export const writeFileAtomic = async (path: string, data: string | Uint8Array, options: WriteFileAtomicOptions = {}): Promise<void> => {
  const { mode, fsync = true } = options;
  const directory = dirname(path);
  // Loaded with the first file: the module costs 1 MB, and whoever imports this package for something else writes none.
  const { randomBytes } = process.getBuiltinModule("node:crypto");
  const temporaryPath = join(directory, `.${basename(path).slice(0, 40)}.${randomBytes(8).toString("hex")}.tmp`);
  const file = await open(temporaryPath, "wx", mode ?? 0o644);
  try {
    try {
      if (mode !== undefined) await file.chmod(mode);
      await file.writeFile(data);
      if (fsync) await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporaryPath, path);
  } catch (error) {
    await rm(temporaryPath, { force: true });
    throw error;
  }
  if (fsync) await syncDirectory(directory);
};

/**
 * Joins path parts below a root; throws "path-escape" when ".." would climb out of it, or on a NUL. An absolute part counts as
 * relative to the root. Lexical: symbolic links are not looked at.
 */
export const joinWithin = (root: string, ...parts: readonly string[]): string => {
  const relativePath = normalize(join("./", ...parts));
  if (relativePath === ".." || relativePath.startsWith("../") || parts.some((part) => part.includes("\0"))) {
    throw new StdxError("path-escape", `cannot join ${JSON.stringify(parts.join("/"))} below ${root}: it leads outside`);
  }
  return join(root, relativePath);
};
