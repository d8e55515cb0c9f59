import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";

const OTHERS_READ = 0o004;
const OTHERS_ENTER = 0o001;

/** A file that everybody on the node can read. */
export interface OpenFile {
  readonly path: string;
  readonly text: string;
}

const isGone = (error: unknown): boolean => error instanceof Error && "code" in error && error.code === "ENOENT";

/**
 * Every regular file below a folder that its mode, and those of the folders from there on, let everybody read; whether the folder itself
 * can be reached is not asked. A folder that can be entered but not listed counts: names can be guessed.
 */
export const readWorldReadable = async (dir: string): Promise<readonly OpenFile[]> => {
  const found: OpenFile[] = [];
  const visit = async (path: string): Promise<void> => {
    try {
      const facts = await stat(path);
      if (facts.isDirectory()) {
        if ((facts.mode & OTHERS_ENTER) === 0) return;
        for (const name of await readdir(path)) await visit(join(path, name));
      } else if (facts.isFile() && (facts.mode & OTHERS_READ) !== 0) found.push({ path, text: await readFile(path, "latin1") });
    } catch (error) {
      // Pods come and go meanwhile, and links lead nowhere.
      if (!isGone(error)) throw error;
    }
  };
  await visit(dir);
  return found;
};
