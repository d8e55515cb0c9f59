import { watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import { stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import type { Logger } from "@nk/stdx";

/** What is at the path now. */
export type PathKind = "directory" | "file" | "missing";

/** Watches a directory, the directory of a file, or, while neither exists, the nearest ancestor that does. */
export interface PathWatcher extends Disposable {
  /**
   * Finds out what is at the path and sees to it that the right directory is watched. Changes after it resolved ring; read afterwards.
   * Rejects with the error of stat(2) unless that is ENOENT or ENOTDIR.
   */
  readonly follow: () => Promise<PathKind>;
}

/** Name of the entry that changed; undefined when anything may have. */
export type OnChange = (name: string | undefined) => void;

interface Watched {
  readonly directory: string;
  /** What the path was when the watch was set. */
  readonly kind: PathKind;
  readonly inode: string;
  readonly watcher: FSWatcher;
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR");

const inspect = async (path: string): Promise<{ readonly kind: PathKind; readonly inode: string }> => {
  try {
    const stats = await stat(path);
    return { kind: stats.isDirectory() ? "directory" : "file", inode: `${stats.dev}:${stats.ino}` };
  } catch (error) {
    if (isMissing(error)) return { kind: "missing", inode: "" };
    throw error;
  }
};

/** Kubernetes' atomic writer puts files beside this link and then moves it: all files have changed then. */
const ATOMIC_WRITER_LINK = "..data";

/** Looks at the path in a row, each because the one before set a new watch. */
const MAX_ROUNDS = 10;

/** One watch at most is held; inotify sees renames, writes, chmods and removals in it. */
export const createPathWatcher = (path: string, onChange: OnChange, logger: Logger): PathWatcher => {
  let watched: Watched | undefined;

  const stop = (): void => {
    watched?.watcher.close();
    watched = undefined;
  };

  /** Which changes in the watched directory matter to the path. */
  const listener = (directory: string, kind: PathKind) => (event: string, name: string | null) => {
    if (event === "rename" && name === basename(directory)) {
      // The directory itself went away, and its watch with it; another of the same name may even get the same inode.
      stop();
      onChange(undefined);
    } else if (name === null || name === ATOMIC_WRITER_LINK) onChange(undefined);
    else if (kind === "directory") {
      // Editors' swap files and the like: not manifests, so nothing to wake for.
      if (!name.startsWith(".")) onChange(name);
    } else if (kind === "missing" ? path.startsWith(`${directory === "/" ? "" : directory}/${name}`) : name === basename(path)) {
      onChange(undefined);
    }
  };

  const start = (directory: string, inode: string, kind: PathKind): void => {
    const watcher = watch(directory, listener(directory, kind));
    watcher.on("error", (error) => {
      logger.warn("watching a directory failed; it is re-read periodically", { directory, error });
      stop();
      onChange(undefined);
    });
    watched = { directory, kind, inode, watcher };
  };

  /** Watches the directory unless it is watched already; what was seen before a new watch may be out of date. */
  const ensure = (directory: string, inode: string, kind: PathKind): "kept" | "new" | "failed" => {
    if (watched?.directory === directory && watched.kind === kind && watched.inode === inode) return "kept";
    stop();
    try {
      start(directory, inode, kind);
      return "new";
    } catch (error) {
      // It went away just now: whoever looks again will see where to watch instead.
      if (isMissing(error)) return "new";
      logger.warn("a directory can't be watched; it is re-read periodically", { directory, error });
      return "failed";
    }
  };

  const watchAncestor = async (kind: PathKind): Promise<"kept" | "new" | "failed"> => {
    for (let directory = dirname(path); ; directory = dirname(directory)) {
      const found = await inspect(directory);
      if (found.kind === "directory") return ensure(directory, found.inode, kind);
      if (directory === dirname(directory)) return "failed";
    }
  };

  const follow = async (): Promise<PathKind> => {
    for (let round = 1; ; round += 1) {
      const { kind, inode } = await inspect(path);
      const outcome = kind === "directory" ? ensure(path, inode, kind) : await watchAncestor(kind);
      if (outcome !== "new") return kind;
      if (round < MAX_ROUNDS) continue;
      // It keeps changing under the eye: go on with what there is, and come back at once.
      onChange(undefined);
      return kind;
    }
  };

  return { follow, [Symbol.dispose]: stop };
};
