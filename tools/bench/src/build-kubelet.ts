import { join } from "node:path";
import { runSubprocess } from "@nk/stdx";

/** Bundles the kubelet as it is shipped, about a second; resolves with the file. */
export const buildKubelet = async (
  root: string,
  options: { readonly signal: AbortSignal; readonly say: (text: string) => void },
): Promise<string> => {
  options.say("bundling the kubelet");
  const cwd = join(root, "apps/kubelet");
  const result = await runSubprocess([join(root, "node_modules/.bin/tsup")], { cwd, timeoutMs: 120_000, signal: options.signal });
  if (result.exitCode !== 0) throw new Error(`bundling the kubelet failed:\n${result.stdout}${result.stderr}`);
  return join(cwd, "dist/kubelet.js");
};
