import { runSubprocess } from "@nk/stdx";

const TIMEOUT_MS = 60_000;

/** Runs a program of the host; its output, or an error with what it wrote to stderr. */
export const runCommand = async (...argv: readonly [string, ...string[]]): Promise<string> => {
  const { exitCode, stdout, stderr } = await runSubprocess(argv, { timeoutMs: TIMEOUT_MS });
  if (exitCode !== 0) throw new Error(`${argv[0]} ${argv[1] ?? ""} ended with ${String(exitCode)}: ${stderr.trim()}`);
  return stdout;
};

/** The loop devices of a file; there is at most one unless somebody else made another. */
export const listLoops = async (file: string): Promise<readonly string[]> =>
  (await runCommand("losetup", "--associated", file, "--noheadings", "--output", "NAME")).split("\n").filter((name) => name !== "");

/** The loop device of a file, made when there is none. */
export const ensureLoop = async (file: string): Promise<string> => {
  const [found] = await listLoops(file);
  return found ?? (await runCommand("losetup", "--find", "--show", file)).trim();
};

/** Detaches every loop device of a file. */
export const detachLoops = async (file: string): Promise<void> => {
  for (const device of await listLoops(file)) await runCommand("losetup", "--detach", device);
};
