import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { systemClock } from "@nk/stdx";
import { hostEnvironment } from "./command.ts";

/** A process that this program started, in a session of its own with its output in a file. */
export interface RunningChild {
  readonly pid: number;
  /** Why it is dead, with its last words; undefined while it runs. */
  failure(): string | undefined;
  /** Rejects when it ends by itself. */
  readonly failed: Promise<never>;
  /** Sends a signal, e.g. SIGSTOP or SIGCONT, and waits for nothing. */
  send(signal: NodeJS.Signals): void;
  /** Default SIGTERM; SIGKILL follows after `patienceMs`, default 10 000. */
  stop(options?: { readonly signal?: NodeJS.Signals; readonly patienceMs?: number }): Promise<void>;
}

/** What to start. */
export interface ChildSetup {
  /** For messages, e.g. `the kubelet`. */
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
  readonly logFile: string;
  /** False: the process does not keep this program's event loop alive. Default true. */
  readonly holdsLoop?: boolean;
}

const lastWords = (logFile: string): string => {
  try {
    return readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-8).join("\n");
  } catch {
    return "";
  }
};

const isAlive = (child: ChildProcess): boolean => child.pid !== undefined && child.exitCode === null && child.signalCode === null;

const stopChild = async (child: ChildProcess, signal: NodeJS.Signals, patienceMs: number): Promise<void> => {
  if (!isAlive(child)) return;
  child.ref();
  const exited = once(child, "exit");
  const patience = new AbortController();
  child.kill(signal);
  // A frozen process would hear of it only later.
  child.kill("SIGCONT");
  void systemClock
    .sleep(patienceMs, { signal: patience.signal })
    .then(() => child.kill("SIGKILL"))
    .catch(() => undefined);
  await exited;
  patience.abort();
};

/** Starts a process; a terminal's Ctrl-C reaches only this program, which then stops things in order. */
export const startChild = (setup: ChildSetup): RunningChild => {
  const { name, argv, logFile } = setup;
  const [command, ...args] = argv;
  const log = openSync(logFile, "a");
  const child = spawn(command, args, { detached: true, stdio: ["ignore", log, log], env: hostEnvironment(), cwd: "/" });
  closeSync(log);
  if (setup.holdsLoop === false) child.unref();
  let isStopping = false;
  let spawnError: Error | undefined;
  const failure = (): string | undefined => {
    if (spawnError !== undefined) return `cannot start ${name}: ${spawnError.message}`;
    if (child.exitCode === null && child.signalCode === null) return undefined;
    return `${name} ended with ${child.signalCode ?? `code ${child.exitCode}`}; its last words:\n${lastWords(logFile)}`;
  };
  const failed = new Promise<never>((_, reject) => {
    child.once("error", (error) => {
      spawnError = error;
      reject(new Error(failure(), { cause: error }));
    });
    child.once("exit", () => {
      if (!isStopping) reject(new Error(failure()));
    });
  });
  failed.catch(() => undefined);
  return {
    pid: child.pid ?? -1,
    failure,
    failed,
    send: (signal) => void child.kill(signal),
    stop: ({ signal = "SIGTERM", patienceMs = 10_000 } = {}) => {
      isStopping = true;
      return stopChild(child, signal, patienceMs);
    },
  };
};

/** Repeats an attempt until it does not throw; ends early when `failure` says why waiting makes no sense. */
export const waitUntil = async (
  what: string,
  attempt: (signal: AbortSignal) => Promise<void>,
  options: { readonly timeoutMs: number; readonly failure?: () => string | undefined; readonly signal?: AbortSignal | undefined },
): Promise<void> => {
  const { timeoutMs, failure, signal } = options;
  const deadline = systemClock.monotonicMs() + timeoutMs;
  let last: unknown;
  while (systemClock.monotonicMs() < deadline) {
    signal?.throwIfAborted();
    const reason = failure?.();
    if (reason !== undefined) throw new Error(reason);
    try {
      const patience = AbortSignal.timeout(5000);
      await attempt(signal === undefined ? patience : AbortSignal.any([signal, patience]));
      return;
    } catch (error) {
      last = error;
    }
    await systemClock.sleep(50, signal === undefined ? {} : { signal });
  }
  throw new Error(`${what} did not happen within ${timeoutMs} ms: ${String(last)}`, { cause: last });
};
