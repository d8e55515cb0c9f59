import { createCommandPool, isStdxError, isSubprocessError } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import { MountsError } from "./errors.ts";

/** How mount(8) and umount(8) are run. */
export interface MountCommandOptions {
  readonly mountCommand: string;
  readonly umountCommand: string;
  readonly searchPath: string;
  readonly timeoutMs: number;
  readonly clock: Clock | undefined;
}

/** Runs mount(8) or umount(8); rejects with `mount-failed` or `unmount-failed`, or the signal's reason. */
export type RunMountCommand = (
  command: "mount" | "umount",
  args: readonly string[],
  options: { readonly what: string; readonly signal?: AbortSignal | undefined },
) => Promise<void>;

/** Paths are taken as they are, never resolved, and no program named after a filesystem is run. */
const FIXED_ARGS = ["--no-canonicalize", "--internal-only"];

/** The one place that knows how the programs fail. */
export const createMountCommands = (options: MountCommandOptions): RunMountCommand => {
  const { mountCommand, umountCommand, searchPath, timeoutMs, clock } = options;
  // Many pods come and go at the same time, and each needs one or two of these.
  const pool = createCommandPool({ env: { PATH: searchPath, LC_ALL: "C" }, clock });
  return async (command, args, { what, signal }) => {
    const code = command === "mount" ? "mount-failed" : "unmount-failed";
    const program = command === "mount" ? mountCommand : umountCommand;
    let result;
    try {
      result = await pool.run([program, ...FIXED_ARGS, ...args], { timeoutMs, signal });
    } catch (error) {
      if (!isSubprocessError(error) && !isStdxError(error)) throw error;
      throw new MountsError(code, `${what} failed: ${error.message}`, { cause: error });
    }
    if (result.exitCode === 0) return;
    throw new MountsError(code, `${what} failed: ${result.message || `${program} ended with code ${result.exitCode}`}`);
  };
};
