import { spawn } from "node:child_process";
import { createInterface } from "node:readline/promises";
import { hostEnvironment, runCommand } from "./command.ts";
import { LabError } from "./errors.ts";

/** How to deal with packages that are not installed. */
export interface EnsurePackagesOptions {
  /** Install without asking; default false. */
  readonly yes?: boolean;
  /** Whether there is somebody to ask; default: standard input and error are terminals. Nobody to ask means yes. */
  readonly interactive?: boolean;
  readonly onProgress?: (message: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Which of the Debian packages are not installed. */
export const listMissingPackages = async (names: readonly string[], signal?: AbortSignal): Promise<string[]> => {
  if (names.length === 0) return [];
  const query = ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\\n", ...names] as const;
  // Code 1: at least one name is unknown, the others are printed all the same.
  const output = await runCommand(query, { okCodes: [0, 1], signal });
  const installed = new Set(output.split("\n").map((line) => (line.endsWith(" installed") ? line.split(" ")[0] : undefined)));
  return names.filter((name) => !installed.has(name));
};

const ask = async (question: string, signal?: AbortSignal): Promise<boolean> => {
  // Not as a terminal: then Ctrl-C stays a signal and does not become a key.
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false });
  try {
    const answer = await (signal ? lines.question(question, { signal }) : lines.question(question));
    return /^(y|yes|)$/i.test(answer.trim());
  } finally {
    lines.close();
  }
};

/** Runs apt-get and reports its last line as progress; its whole output goes into the error if it fails. */
const runApt = async (args: readonly string[], options: EnsurePackagesOptions): Promise<void> => {
  const child = spawn("apt-get", args, {
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    env: { ...hostEnvironment(), DEBIAN_FRONTEND: "noninteractive" },
  });
  let output = "";
  const take = (data: Buffer): void => {
    output = (output + data.toString()).slice(-20_000);
    const line = output.trimEnd().split("\n").at(-1);
    if (line) options.onProgress?.(line.slice(0, 100));
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const stop = (): void => void child.kill("SIGTERM");
  options.signal?.addEventListener("abort", stop, { once: true });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    options.signal?.throwIfAborted();
    if (code !== 0)
      throw new LabError("command-failed", `"apt-get ${args.join(" ")}" ended with code ${code}: ${output.trim().slice(-2000)}`);
  } finally {
    options.signal?.removeEventListener("abort", stop);
  }
};

/** Installs the named Debian packages that are missing: says which, asks if it can, and changes nothing when all are there. */
export const ensureDebianPackages = async (names: readonly string[], options: EnsurePackagesOptions = {}): Promise<readonly string[]> => {
  const missing = await listMissingPackages(names, options.signal);
  if (missing.length === 0) return missing;
  const interactive = options.interactive ?? (process.stdin.isTTY && process.stderr.isTTY);
  options.onProgress?.(`missing Debian packages: ${missing.join(", ")}`);
  if (!options.yes && interactive && !(await ask(`Install the Debian packages ${missing.join(", ")}? [Y/n] `, options.signal))) {
    throw new LabError("package-missing", `these Debian packages are needed: ${missing.join(", ")}`, { details: { missing } });
  }
  await runApt(["update"], options);
  await runApt(["install", "--yes", "--no-install-recommends", ...missing], options);
  const still = await listMissingPackages(missing, options.signal);
  if (still.length > 0)
    throw new LabError("package-missing", `apt-get did not install ${still.join(", ")}`, { details: { missing: still } });
  return missing;
};
