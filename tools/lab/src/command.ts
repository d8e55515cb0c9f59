import { runSubprocess } from "@nk/stdx";
import { LabError } from "./errors.ts";

/** How to run one command of the host. */
export interface CommandOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default 60 000. */
  readonly timeoutMs?: number;
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Exit codes that count as success; default only 0. */
  readonly okCodes?: readonly number[];
}

/** Runs a host command and returns its standard output; a wrong exit code is a LabError with the end of its standard error. */
export const runCommand = async (argv: readonly [string, ...string[]], options: CommandOptions = {}): Promise<string> => {
  const result = await runSubprocess(argv, {
    timeoutMs: options.timeoutMs ?? 60_000,
    maxOutputBytes: 8 << 20,
    env: { ...hostEnvironment(), ...options.env },
    ...(options.signal ? { signal: options.signal } : {}),
    ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  const stderr = String(result.stderr);
  if (result.exitCode === null || !(options.okCodes ?? [0]).includes(result.exitCode)) {
    const ending = result.signal ?? `code ${result.exitCode}`;
    throw new LabError("command-failed", `"${argv.join(" ")}" ended with ${ending}: ${stderr.trim().slice(-2000)}`, {
      details: { argv, exitCode: result.exitCode },
    });
  }
  return String(result.stdout);
};

/** The environment for host commands: plain messages, and the sbin folders that a user's PATH may lack. */
export const hostEnvironment = (firstInPath?: string): Record<string, string> => {
  const env: Record<string, string> = {};
  for (const [key, value] of Object.entries(process.env)) if (value !== undefined) env[key] = value;
  const system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  env["PATH"] = [firstInPath, env["PATH"], system].filter(Boolean).join(":");
  env["LC_ALL"] = "C";
  return env;
};
