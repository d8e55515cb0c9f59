import { join } from "node:path";
import { fetchSuitePackage, findCachedTree } from "./suite-packages.ts";
import type { FetchOptions } from "./suite-packages.ts";

/** Which containerd a lab runs: the one of the system's package, or the one of Debian's unstable suite. */
export type ContainerdVersion = "1.6" | "2.1";

const FOLDER = "containerd-2.1";

/** The folder of a cached containerd 2.1, if there is one; no network is needed then. */
export const findCachedContainerd = (cacheDir: string): string | undefined => {
  const tree = findCachedTree(cacheDir, FOLDER);
  return tree === undefined ? undefined : join(tree, "usr/bin");
};

/** Gets containerd 2.1 from Debian's unstable suite (41 MB) into the cache; nothing is installed. */
export const fetchContainerd = async (options: FetchOptions): Promise<string> =>
  join(await fetchSuitePackage({ suite: "sid", name: "containerd", version: "2." }, FOLDER, options), "usr/bin");
