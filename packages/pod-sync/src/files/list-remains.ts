import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { PodRef } from "@nk/pod-model";
import { orIfMissing } from "./file-errors.ts";
import type { PodFileRoots } from "./pod-paths.ts";

/** `<namespace>_<name>_<uid>`: neither of the first two can hold an underscore, a uid may. */
const parseLogDirName = (entry: string): PodRef | undefined => {
  const [namespace, name, ...rest] = entry.split("_");
  const uid = rest.join("_");
  return namespace === undefined || namespace === "" || name === undefined || name === "" || uid === ""
    ? undefined
    : { namespace, name, uid };
};

const listDirectories = async (path: string): Promise<readonly string[]> => {
  const entries = await orIfMissing(readdir(path, { withFileTypes: true }), []);
  return entries.flatMap((entry) => (entry.isDirectory() ? entry.name : [])).toSorted((a, b) => (a < b ? -1 : 1));
};

/**
 * Every pod that has files below the roots, each once. One of which only the data directory is left has no name: it is called
 * `unknown`, which names no log directory that exists.
 */
export const listPodRemains = async (roots: PodFileRoots): Promise<readonly PodRef[]> => {
  const found = new Map<string, PodRef>();
  for (const uid of await listDirectories(join(roots.rootDir, "pods"))) found.set(uid, { namespace: "unknown", name: "unknown", uid });
  for (const entry of await listDirectories(roots.podLogsDir)) {
    const ref = parseLogDirName(entry);
    if (ref !== undefined) found.set(ref.uid, ref);
  }
  return [...found.values()];
};
