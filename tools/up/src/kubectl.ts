import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { DEFAULT_CACHE_DIR, fetchKubectl, findCachedKubectl } from "@nk/tool-lab";
import type { KubectlVersion } from "@nk/tool-lab";

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
};

/** How to call a kubectl: by its name if it is in PATH, by its path if the lab fetched one before; undefined when there is none. */
export const findKubectl = (places: { readonly path: string; readonly cacheDir?: string }): string | undefined => {
  const { path, cacheDir = DEFAULT_CACHE_DIR } = places;
  if (path.split(delimiter).some((dir) => dir !== "" && isProgram(join(dir, "kubectl")))) return "kubectl";
  return findCachedKubectl("1.36", cacheDir) ?? findCachedKubectl("1.32", cacheDir);
};

/** The kubectl that was asked for, which is fetched if need be, or the one that is there. */
export const provideKubectl = async (
  wanted: KubectlVersion | undefined,
  options: { readonly onProgress: (message: string) => void; readonly signal: AbortSignal },
): Promise<string | undefined> => (wanted === undefined ? findKubectl({ path: process.env["PATH"] ?? "" }) : fetchKubectl(wanted, options));

/** Commands for the user to copy. */
export const computeKubectlCommands = (facts: {
  readonly kubectl: string | undefined;
  readonly kubeconfig: string;
  /** A pod that runs something that logs and has a shell. */
  readonly pod: string;
}): readonly string[] => {
  const { kubectl = "kubectl", kubeconfig, pod } = facts;
  return ["get pods -A", `logs -f ${pod}`, `exec -it ${pod} -- sh`].map((command) => `KUBECONFIG=${kubeconfig} ${kubectl} ${command}`);
};

/** What to do on a machine without kubectl. */
export const KUBECTL_ADVICE =
  "this machine has no kubectl: `apt-get install kubectl` where Debian has it (13 and later), or start with --kubectl 1.36, which fetches Debian's and installs nothing";
