import { join } from "node:path";
import { DEFAULT_CACHE_DIR } from "./images/build.ts";
import { fetchSuitePackage, findCachedTree } from "./suite-packages.ts";
import type { FetchOptions } from "./suite-packages.ts";

const FOLDER = "cni-plugins-1";
const BIN_DIR = "usr/lib/cni";

/** The folder of CNI plugins of Debian's unstable suite that were fetched before; no network is needed. */
export const findCachedCniPlugins = (cacheDir: string = DEFAULT_CACHE_DIR): string | undefined => {
  const tree = findCachedTree(cacheDir, FOLDER);
  return tree === undefined ? undefined : join(tree, BIN_DIR);
};

/** The folder of the CNI plugins of Debian's unstable suite, fetched into the cache when they are not there yet; nothing is installed. */
export const fetchCniPlugins = async (options: Partial<FetchOptions> = {}): Promise<string> => {
  const { cacheDir = DEFAULT_CACHE_DIR, onProgress = () => undefined, signal } = options;
  const wanted = { suite: "sid", name: "containernetworking-plugins", version: "1." };
  return join(await fetchSuitePackage(wanted, FOLDER, { cacheDir, onProgress, signal }), BIN_DIR);
};
