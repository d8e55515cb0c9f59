import { isSubprocessError, runSubprocess } from "@nk/stdx";
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

const firstLine = (text: string): string => (text.trim().split("\n")[0] ?? "").slice(0, 500);

/** The one place that knows how the programs fail. */
export const createMountCommands = (options: MountCommandOptions): RunMountCommand => {
  const { mountCommand, umountCommand, searchPath, timeoutMs, clock } = options;
  return async (command, args, { what, signal }) => {
    const code = command === "mount" ? "mount-failed" : "unmount-failed";
    const program = command === "mount" ? mountCommand : umountCommand;
    let result;
    try {
      result = await runSubprocess([program, ...FIXED_ARGS, ...args], {
        timeoutMs,
        signal,
        maxOutputBytes: 64 * 1024,
        env: { PATH: searchPath, LC_ALL: "C" },
        clock,
      });
    } catch (error) {
      if (!isSubprocessError(error)) throw error;
      throw new MountsError(code, `${what} failed: ${error.message}`, { cause: error });
    }
    if (result.exitCode === 0) return;
    const said = firstLine(result.stderr) || `${program} ended with ${result.signal ?? `code ${result.exitCode}`}`;
    throw new MountsError(code, `${what} failed: ${said}`);
  };
};
