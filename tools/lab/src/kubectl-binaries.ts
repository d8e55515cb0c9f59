import { join } from "node:path";
import { DEFAULT_CACHE_DIR } from "./images/build.ts";
import { fetchSuitePackage, findCachedTree } from "./suite-packages.ts";
import type { FetchOptions } from "./suite-packages.ts";

/** Which kubectl: that of Debian 13, which asks for JSON, or that of Debian's unstable suite, which prefers protobuf. */
export type KubectlVersion = "1.32" | "1.36";

const PACKAGES = {
  "1.32": { suite: "trixie", name: "kubectl", version: "1.32." },
  "1.36": { suite: "sid", name: "kubectl", version: "1.36." },
} as const;

const BINARY = "usr/bin/kubectl";

/** The path of a kubectl of this version that was fetched before; no network is needed. */
export const findCachedKubectl = (version: KubectlVersion, cacheDir: string = DEFAULT_CACHE_DIR): string | undefined => {
  const tree = findCachedTree(cacheDir, `kubectl-${version}`);
  return tree === undefined ? undefined : join(tree, BINARY);
};

/** The path of a kubectl of this version, fetched from Debian into the cache when it is not there yet; nothing is installed. */
export const fetchKubectl = async (version: KubectlVersion, options: Partial<FetchOptions> = {}): Promise<string> => {
  const { cacheDir = DEFAULT_CACHE_DIR, onProgress = () => undefined, signal } = options;
  return join(await fetchSuitePackage(PACKAGES[version], `kubectl-${version}`, { cacheDir, onProgress, signal }), BINARY);
};
