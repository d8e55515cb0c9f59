import { constants } from "node:fs";
import * as threadedFiles from "node:fs/promises";
import { dirname, join } from "node:path";
import { promptFiles } from "@nk/stdx";
import type { Clock, FileCalls, RandomSource } from "@nk/stdx";
import { hasErrorCode, toVolumesError, VolumesError } from "../errors.ts";
import { removeTree } from "../remove-tree.ts";
import type { FileContent, Payload } from "./payload.ts";

/** The link that every visible name goes through: replacing it replaces all files at once. */
export const DATA_LINK = "..data";
const NEW_DATA_LINK = "..data_tmp";

/** `..2026_11_21_15_30_39.123456789`: a directory that holds one generation of the files. */
const GENERATION = /^\.\.\d{4}_\d\d_\d\d_\d\d_\d\d_\d\d\.\d+$/;

/** The steps of a write in their order; a kubelet can die before any of them. */
export const WRITE_STEPS = [
  "make-generation",
  "write-file",
  "set-ownership",
  "link-generation",
  "publish",
  "link-visible",
  "unlink-stale",
  "remove-generation",
] as const;

export type WriteStep = (typeof WRITE_STEPS)[number];

/** What {@link writePayload} takes. */
export interface WriteOptions {
  readonly clock: Clock;
  readonly random: RandomSource;
  /** Whether the directory lies in memory, where nothing has to be waited for; default false. */
  readonly inMemory?: boolean | undefined;
  /** The mode a file will have once its ownership is set; default its own. */
  readonly effectiveMode?: ((mode: number) => number) | undefined;
  /** Gives the files of the directory to their owners, before anybody sees the new ones. */
  readonly setOwnership?: (() => Promise<void>) | undefined;
  /** Called before each step, with the path for those that repeat; what it throws ends the write there. For tests. */
  readonly atStep?: ((step: WriteStep) => void) | undefined;
}

/** So many are written or compared on the spot in 10 ms; with more, and an object may hold a hundred thousand, nothing else would be done meanwhile. */
const MAX_PROMPT_FILES = 256;

/** A directory, and how files in it are reached. */
interface Place {
  readonly directory: string;
  readonly files: FileCalls;
}

const readLinkOrUndefined = async (files: FileCalls, path: string): Promise<string | undefined> => {
  try {
    return await files.readlink(path);
  } catch (error) {
    // EINVAL: something that is no link, such as a directory for a nested mount.
    if (hasErrorCode(error, "ENOENT", "EINVAL")) return undefined;
    throw error;
  }
};

const unlinkIfThere = async (files: FileCalls, path: string): Promise<void> => {
  try {
    await files.unlink(path);
  } catch (error) {
    if (!hasErrorCode(error, "ENOENT")) throw error;
  }
};

const twoDigits = (value: number): string => String(value).padStart(2, "0");

const generationName = ({ clock, random }: WriteOptions): string => {
  const now = new Date(clock.nowMs());
  const parts = [now.getUTCMonth() + 1, now.getUTCDate(), now.getUTCHours(), now.getUTCMinutes(), now.getUTCSeconds()].map(twoDigits);
  return `..${[String(now.getUTCFullYear()).padStart(4, "0"), ...parts].join("_")}.${Math.floor(random() * 4_000_000_000)}`;
};

const MAX_NAME_ATTEMPTS = 100;

const makeGeneration = async ({ directory, files }: Place, options: WriteOptions): Promise<string> => {
  for (let attempt = 0; attempt < MAX_NAME_ATTEMPTS; attempt += 1) {
    const name = generationName(options);
    try {
      await files.mkdir(join(directory, name), { mode: 0o700 });
    } catch (error) {
      if (hasErrorCode(error, "EEXIST")) continue;
      throw error;
    }
    // After mkdir, because the umask cuts the mode that mkdir is given.
    await files.chmod(join(directory, name), 0o755);
    return name;
  }
  throw new VolumesError("write-failed", `writing to ${directory} failed: no free name for a new directory`);
};

const writeOne = async (files: FileCalls, path: string, content: FileContent): Promise<void> => {
  const file = await files.open(path, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW, 0o600);
  try {
    await file.writeFile(content.data);
    if (content.uid !== undefined) await file.chown(content.uid, -1);
    // Last, because the umask cuts the mode that open is given, and a change of owner clears bits.
    await file.chmod(content.mode);
  } finally {
    await file.close();
  }
};

const makeParents = async ({ directory: generation, files }: Place, path: string): Promise<void> => {
  const parts = dirname(path)
    .split("/")
    .filter((part) => part !== ".");
  let parent = generation;
  for (const part of parts) {
    parent = join(parent, part);
    try {
      await files.mkdir(parent, { mode: 0o700 });
      await files.chmod(parent, 0o755);
    } catch (error) {
      if (!hasErrorCode(error, "EEXIST")) throw error;
    }
  }
};

const isCurrent = async (
  files: FileCalls,
  path: string,
  wanted: { readonly content: FileContent; readonly mode: number },
): Promise<boolean> => {
  const { content, mode } = wanted;
  const stats = await files.lstat(path);
  if (!stats.isFile() || stats.size !== content.data.byteLength || (stats.mode & 0o7777) !== mode) return false;
  if (content.uid !== undefined && stats.uid !== content.uid) return false;
  return (await files.readFile(path)).equals(content.data);
};

/** Whether a generation holds exactly the payload, so that nothing has to be written. */
const holdsPayload = async ({ directory: generation, files }: Place, payload: Payload, options: WriteOptions): Promise<boolean> => {
  try {
    const entries = await files.readdir(generation, { recursive: true, withFileTypes: true });
    if (entries.filter((entry) => !entry.isDirectory()).length !== payload.size) return false;
    for (const [path, content] of payload) {
      const mode = options.effectiveMode?.(content.mode) ?? content.mode;
      if (!(await isCurrent(files, join(generation, path), { content, mode }))) return false;
    }
    return true;
  } catch (error) {
    if (hasErrorCode(error, "ENOENT", "ENOTDIR")) return false;
    throw error;
  }
};

/** Those that attempts which failed or died left take room, of which there may be too little for a new one. */
const makeRoom = async ({ directory, files }: Place, current: string | undefined): Promise<void> => {
  for (const entry of await files.readdir(directory, { withFileTypes: true })) {
    if (!entry.isDirectory() || !GENERATION.test(entry.name) || entry.name === current) continue;
    // What cannot be removed is told of in the end, when the new files are there.
    await removeTree(join(directory, entry.name)).catch(() => undefined);
  }
};

const publishGeneration = async (place: Place, payload: Payload, options: WriteOptions): Promise<string> => {
  const { directory, files } = place;
  const { atStep } = options;
  atStep?.("make-generation");
  const name = await makeGeneration(place, options);
  for (const [path, content] of payload) {
    atStep?.("write-file");
    await makeParents({ directory: join(directory, name), files }, path);
    await writeOne(files, join(directory, name, path), content);
  }
  atStep?.("set-ownership");
  await options.setOwnership?.();
  atStep?.("link-generation");
  // One may be left from a kubelet that died right here.
  await unlinkIfThere(files, join(directory, NEW_DATA_LINK));
  await files.symlink(name, join(directory, NEW_DATA_LINK));
  atStep?.("publish");
  await files.rename(join(directory, NEW_DATA_LINK), join(directory, DATA_LINK));
  return name;
};

const topName = (path: string): string => path.split("/", 1)[0] ?? path;

const linkVisible = async ({ directory, files }: Place, payload: Payload): Promise<void> => {
  for (const [path, { uid }] of payload) {
    const name = topName(path);
    const link = join(directory, name);
    try {
      await files.symlink(`${DATA_LINK}/${name}`, link);
    } catch (error) {
      // There already, or a directory in which another volume is mounted: that one stays.
      if (hasErrorCode(error, "EEXIST")) continue;
      throw error;
    }
    if (uid !== undefined) await files.lchown(link, uid, -1);
  }
};

/**
 * Replaces the files of a directory all at once, in the reference's layout (pkg/volume/util/atomic_writer.go): `name -> ..data/name`,
 * `..data -> ..<time>.<number>`. Nothing is written when the files are the same already. The payload must have gone through `checkPayload`.
 * A process that dies at any point leaves either the old files or the new ones visible, and the next call finishes and cleans up: it goes by
 * what lies there, not by what an earlier call knew. Not to be called twice at a time for a directory. Rejects with `write-failed`.
 */
export const writePayload = async (
  directory: string,
  payload: Payload,
  options: WriteOptions,
): Promise<{ readonly isWritten: boolean }> => {
  const { atStep } = options;
  const files: FileCalls = options.inMemory === true && payload.size <= MAX_PROMPT_FILES ? promptFiles : threadedFiles;
  const place: Place = { directory, files };
  try {
    const linked = await readLinkOrUndefined(files, join(directory, DATA_LINK));
    const current = linked !== undefined && GENERATION.test(linked) ? linked : undefined;
    const isWritten = current === undefined || !(await holdsPayload({ directory: join(directory, current), files }, payload, options));
    if (isWritten) await makeRoom(place, current);
    const generation = isWritten ? await publishGeneration(place, payload, options) : current;
    atStep?.("link-visible");
    await linkVisible(place, payload);
    const wanted = new Set([...payload.keys()].map(topName));
    for (const entry of await files.readdir(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (entry.isDirectory() && GENERATION.test(entry.name) && entry.name !== generation) {
        atStep?.("remove-generation");
        await removeTree(path);
      } else if (entry.name === NEW_DATA_LINK && entry.isSymbolicLink()) await files.unlink(path);
      else if (entry.isSymbolicLink() && entry.name !== DATA_LINK && !wanted.has(entry.name)) {
        atStep?.("unlink-stale");
        if ((await readLinkOrUndefined(files, path)) === `${DATA_LINK}/${entry.name}`) await unlinkIfThere(files, path);
      }
    }
    return { isWritten };
  } catch (error) {
    throw toVolumesError(error, "write-failed", `writing to ${directory} failed`);
  }
};
