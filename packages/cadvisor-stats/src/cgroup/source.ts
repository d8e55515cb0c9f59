import { join } from "node:path";
import type { KeptFiles } from "../kept-files.ts";
import type { Controller, StatsLayout } from "../layout.ts";

/** The files of one cgroup. */
export interface CgroupSource {
  readonly version: 1 | 2;
  /** A file of a v1 controller's tree, or of the only tree under v2; undefined when it is not there. */
  read(controller: Controller, file: string): string | undefined;
  /** A file of the v2 tree, which a hybrid host has beside its controllers. */
  readUnified(file: string): string | undefined;
  /** The directories of this cgroup, in each tree that is read. */
  readonly directories: readonly string[];
  /** The paths that were read, for closing them. */
  paths(): Iterable<string>;
}

/** Opens no file; `path` is below the mount point. */
export const createCgroupSource = (layout: StatsLayout, path: string, files: KeptFiles): CgroupSource => {
  const known = new Map<string, string>();
  const readAt = (root: string | undefined, file: string): string | undefined => {
    if (root === undefined) return undefined;
    let full = known.get(file);
    if (full === undefined) {
      full = join(root, path, file);
      known.set(file, full);
    }
    return files.read(full);
  };
  if (layout.version === 2) {
    const read = (file: string): string | undefined => readAt(layout.root, file);
    return {
      version: 2,
      read: (_controller, file) => read(file),
      readUnified: read,
      directories: [join(layout.root, path)],
      paths: () => known.values(),
    };
  }
  const trees = [...new Set(Object.values(layout.roots))];
  return {
    version: 1,
    read: (controller, file) => readAt(layout.roots[controller], file),
    readUnified: (file) => readAt(layout.unified, file),
    directories: trees.map((tree) => join(tree, path)),
    paths: () => known.values(),
  };
};
