import type { CgroupReader } from "./cgroup/cgroup-reader.ts";
import type { KeptFiles } from "./kept-files.ts";

/** The readers of cgroups that were asked for lately. */
export interface Readers {
  /** The reader of a cgroup, made if there is none. */
  of(path: string): CgroupReader;
  /** Closes the files of one. */
  forget(path: string): void;
  /** Closes the files of those that were not asked for in the last collections. */
  endCollection(): void;
  clear(): void;
  readonly size: number;
}

interface Kept {
  readonly reader: CgroupReader;
  usedAt: number;
}

/** A cgroup that is gone is not asked for again: without an end its files would stay open. */
export const createReaders = (options: {
  readonly create: (path: string) => CgroupReader;
  readonly files: KeptFiles;
  readonly idleCollections: number;
}): Readers => {
  const { create, files, idleCollections } = options;
  const readers = new Map<string, Kept>();
  let collections = 0;
  const forget = (path: string): void => {
    const kept = readers.get(path);
    if (kept === undefined) return;
    files.forget(kept.reader.paths());
    readers.delete(path);
  };
  return {
    of: (path) => {
      const kept = readers.get(path) ?? { reader: create(path), usedAt: collections };
      kept.usedAt = collections;
      readers.set(path, kept);
      return kept.reader;
    },
    forget,
    endCollection: () => {
      for (const [path, { usedAt }] of readers) if (collections - usedAt >= idleCollections) forget(path);
      collections += 1;
    },
    clear: () => readers.clear(),
    get size() {
      return readers.size;
    },
  };
};
