import { open, readdir } from "node:fs/promises";
import { join } from "node:path";
import { KubeletConfigError } from "./errors.ts";

/** An entry of a directory. */
export interface DirectoryEntry {
  readonly name: string;
  readonly isDirectory: boolean;
}

/** The files this package reads, as an option so that tests need no disk. */
export interface ConfigSources {
  /** The whole text of a file; rejects when it cannot be read. */
  readonly readFile: (path: string, options: { readonly signal?: AbortSignal | undefined }) => Promise<string>;
  /** What a directory holds, in any order; rejects when it cannot be read. */
  readonly listDir: (path: string) => Promise<readonly DirectoryEntry[]>;
}

/** No configuration file is larger. */
const LARGEST_FILE_BYTES = 1024 * 1024;
/** No drop-in directory holds more. */
const MOST_DROP_INS = 1_000;
const DEEPEST_DIRECTORY = 16;

/** The machine's own files. Files above 1 MiB are refused. */
export const systemSources: ConfigSources = {
  async readFile(path, { signal }) {
    const file = await open(path, "r");
    try {
      const { size } = await file.stat();
      if (size > LARGEST_FILE_BYTES) throw new Error(`the file is larger than ${LARGEST_FILE_BYTES} bytes`);
      return await file.readFile({ encoding: "utf8", ...(signal === undefined ? {} : { signal }) });
    } finally {
      await file.close();
    }
  },
  async listDir(path) {
    const entries = await readdir(path, { withFileTypes: true });
    return entries.map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory() }));
  },
};

/** What a drop-in directory holds. */
export interface DropInListing {
  /** Paths of the *.conf files in the order in which they are merged. */
  readonly paths: readonly string[];
  /** Paths of other files, which are left out. */
  readonly skipped: readonly string[];
}

const compareText = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;

/**
 * Lists a drop-in directory: recursively, each directory's entries in lexical order as Go's filepath.WalkDir visits them, only "*.conf".
 * @throws KubeletConfigError "unreadable"
 */
export const listDropIns = async (directory: string, listDir: ConfigSources["listDir"]): Promise<DropInListing> => {
  const paths: string[] = [];
  const skipped: string[] = [];
  const visit = async (path: string, depth: number): Promise<void> => {
    if (depth > DEEPEST_DIRECTORY) throw new KubeletConfigError("unreadable", "drop-in directories are nested too deeply", { file: path });
    for (const entry of (await listDir(path)).toSorted(compareText)) {
      const entryPath = join(path, entry.name);
      if (entry.isDirectory) await visit(entryPath, depth + 1);
      else if (!entry.name.endsWith(".conf")) skipped.push(entryPath);
      else if (paths.push(entryPath) > MOST_DROP_INS) {
        throw new KubeletConfigError("unreadable", `there are more than ${MOST_DROP_INS} drop-ins`, { file: directory });
      }
    }
  };
  try {
    await visit(directory, 0);
  } catch (error) {
    if (error instanceof KubeletConfigError) throw error;
    throw new KubeletConfigError("unreadable", "cannot list the drop-in directory", {
      file: directory,
      field: "--config-dir",
      cause: error,
    });
  }
  return { paths, skipped };
};
