import { join } from "node:path";
import { runCommand } from "../command.ts";
import type { CommandOptions } from "../command.ts";

/** Runs a kubectl with this kubeconfig; what it learns of the server it keeps in `dir`. */
export const runKubectl = (
  [binary, ...args]: readonly [string, ...string[]],
  options: CommandOptions & { readonly dir: string; readonly kubeconfig: string },
): Promise<string> => {
  const { dir, kubeconfig, ...more } = options;
  // In the user's home, what it knows of an earlier server at the same port would stand in the way.
  return runCommand([binary, `--kubeconfig=${kubeconfig}`, `--cache-dir=${join(dir, "kubectl-cache")}`, ...args], more);
};
