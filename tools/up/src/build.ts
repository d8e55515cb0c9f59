import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { runSubprocess } from "@nk/stdx";

/** Builds all packages by turbo, which does nothing when nothing changed. */
export const buildPackages = async (root: string, options: { readonly logFile: string; readonly signal: AbortSignal }): Promise<void> => {
  const turbo = join(root, "node_modules/.bin/turbo");
  const result = await runSubprocess([turbo, "run", "build", "--output-logs=errors-only"], {
    cwd: root,
    timeoutMs: 600_000,
    maxOutputBytes: 16 << 20,
    signal: options.signal,
  });
  appendFileSync(options.logFile, result.stdout + result.stderr);
  if (result.exitCode !== 0) throw new Error(`the build failed; see ${options.logFile}`);
};
