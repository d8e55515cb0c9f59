import type { ChildProcess } from "node:child_process";
import { systemClock } from "./clock.ts";
import type { Clock } from "./clock.ts";
import { raceSignal } from "./signals.ts";

/** Every code a {@link SubprocessError} can carry. */
export const SUBPROCESS_ERROR_CODES = ["spawn-failed", "timeout", "output-limit"] as const;

/** spawn-failed: never ran. timeout: ran too long and was killed. output-limit: wrote too much and was killed. */
export type SubprocessErrorCode = (typeof SUBPROCESS_ERROR_CODES)[number];

/** A subprocess that could not run to its end. Holds neither environment nor stdin; arguments other than the program's name neither. */
export class SubprocessError extends Error {
  override readonly name = "SubprocessError";
  readonly code: SubprocessErrorCode;
  /** The program, argv[0]. */
  readonly command: string;
  /** What it had said on stderr, when `maxStderrBytes` asked for it; else empty. */
  readonly stderr: string;

  constructor(
    code: SubprocessErrorCode,
    message: string,
    options: ErrorOptions & { readonly command: string; readonly stderr?: string | undefined },
  ) {
    super(message, options);
    this.code = code;
    this.command = options.command;
    this.stderr = options.stderr ?? "";
  }
}

/** True for a {@link SubprocessError}. */
export const isSubprocessError = (error: unknown): error is SubprocessError => error instanceof SubprocessError;

/** What {@link runSubprocess} takes. */
export interface SubprocessOptions {
  /** Its abort stops the subprocess; the call then rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until it is stopped; `Infinity` for never. */
  readonly timeoutMs: number;
  /** The most bytes of stdout and stderr together; default 1 MiB. */
  readonly maxOutputBytes?: number | undefined;
  /**
   * Gives stderr a limit of its own, so that `maxOutputBytes` counts stdout only: the last so many bytes are kept, and nobody is stopped
   * for saying more. A {@link SubprocessError} carries them too. Default: none.
   */
  readonly maxStderrBytes?: number | undefined;
  /** Written to its stdin, which is then closed; default nothing. */
  readonly stdin?: string | Uint8Array | undefined;
  /** Its whole environment; default this process's own. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Default: this process's own. */
  readonly cwd?: string | undefined;
  /** Milliseconds from SIGTERM to SIGKILL; default 2,000. */
  readonly killAfterMs?: number | undefined;
  /** Default: the system clock. */
  readonly clock?: Clock | undefined;
}

/** How a subprocess ended, whatever its exit code. */
export interface SubprocessResult {
  /** Null when a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** UTF-8, with replacement characters for what is not. */
  readonly stdout: string;
  readonly stderr: string;
}

const DEFAULT_OUTPUT_BYTES = 1024 * 1024;

/** Once the program itself is gone, how long output may still come from descendants that keep its pipes open after a kill. */
const PIPE_DRAIN_MS = 500;

const signalGroup = (child: ChildProcess, signal: NodeJS.Signals): void => {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group is gone, which is what was wanted.
  }
};

const launch = (argv: readonly [string, ...string[]], options: SubprocessOptions): ChildProcess => {
  const [command, ...args] = argv;
  // Loaded with the first program: the module costs 2 MB, and whoever imports this package for something else starts none.
  const { spawn } = process.getBuiltinModule("node:child_process");
  // Detached makes it the leader of a new process group, so that its children die with it.
  return spawn(command, args, {
    detached: true,
    shell: false,
    stdio: [options.stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    ...(options.env === undefined ? {} : { env: { ...options.env } }),
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
};

/** The last `maxBytes` of what is added. */
const createTail = (maxBytes: number): { add(chunk: Buffer): void; text(): string } => {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  return {
    add: (chunk) => {
      chunks.push(chunk);
      sizeBytes += chunk.length;
      while (chunks[0] !== undefined && sizeBytes - chunks[0].length >= maxBytes) sizeBytes -= chunks.shift()?.length ?? 0;
    },
    text: () =>
      Buffer.concat(chunks)
        .subarray(Math.max(0, sizeBytes - maxBytes))
        .toString("utf8"),
  };
};

/** Collects both outputs; calls `onOverflow` once when what is limited passes its limit. */
const collectOutput = (
  child: ChildProcess,
  limits: { readonly maxBytes: number; readonly maxStderrBytes: number | undefined },
  onOverflow: () => void,
): { text(stream: "stdout" | "stderr"): string } => {
  const { maxBytes, maxStderrBytes } = limits;
  const chunks = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  const tail = maxStderrBytes === undefined ? undefined : createTail(maxStderrBytes);
  let sizeBytes = 0;
  const take = (stream: "stdout" | "stderr", chunk: Buffer): void => {
    if (sizeBytes > maxBytes) return;
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) onOverflow();
    else chunks[stream].push(chunk);
  };
  child.stdout?.on("data", (chunk: Buffer) => take("stdout", chunk));
  child.stderr?.on("data", (chunk: Buffer) => (tail === undefined ? take("stderr", chunk) : tail.add(chunk)));
  return { text: (stream) => (stream === "stderr" && tail !== undefined ? tail.text() : Buffer.concat(chunks[stream]).toString("utf8")) };
};

/** Resolves when the program has ended and its pipes are closed; rejects when it could not be started. */
const awaitEnd = (child: ChildProcess, command: string): Promise<{ exitCode: number | null; signal: NodeJS.Signals | null }> =>
  new Promise((resolve, reject) => {
    child.once("error", (error) => {
      // A later error event is a failed kill; only a child without a pid never started.
      if (child.pid !== undefined) return;
      reject(new SubprocessError("spawn-failed", `cannot start ${command}`, { cause: error, command }));
    });
    child.once("close", (exitCode, signal) => resolve({ exitCode, signal }));
  });

/** Kills the whole group, politely first, and resolves when it is down. */
const stopGroup = async (child: ChildProcess, ended: Promise<unknown>, options: SubprocessOptions): Promise<void> => {
  const { clock = systemClock, killAfterMs = 2_000 } = options;
  const releasePipes = (): void => {
    child.stdout?.destroy();
    child.stderr?.destroy();
  };
  signalGroup(child, "SIGTERM");
  using _kill = clock.schedule(killAfterMs, () => signalGroup(child, "SIGKILL"));
  using _drain = clock.schedule(killAfterMs + PIPE_DRAIN_MS, releasePipes);
  await ended;
  // What ignored SIGTERM and outlived its leader without holding the pipes.
  signalGroup(child, "SIGKILL");
};

/** The reason to stop, with what the program had said by then. */
const withStderr = (reason: SubprocessError, stderr: string): SubprocessError =>
  new SubprocessError(reason.code, reason.message, { command: reason.command, stderr });

/**
 * Runs a program (never a shell) in its own process group and resolves with how it ended, a non-zero exit code included. On timeout,
 * abort or too much output the whole group gets SIGTERM, later SIGKILL, and the call rejects once it is down.
 * @throws SubprocessError, or `signal.reason`
 */
export const runSubprocess = async (argv: readonly [string, ...string[]], options: SubprocessOptions): Promise<SubprocessResult> => {
  const { signal, timeoutMs, maxOutputBytes = DEFAULT_OUTPUT_BYTES, clock = systemClock } = options;
  const command = argv[0];
  signal?.throwIfAborted();
  let child: ChildProcess;
  try {
    child = launch(argv, options);
  } catch (error) {
    throw new SubprocessError("spawn-failed", `cannot start ${command}`, { cause: error, command });
  }
  const ended = awaitEnd(child, command);
  const stop = new AbortController();
  const { maxStderrBytes } = options;
  const output = collectOutput(child, { maxBytes: maxOutputBytes, maxStderrBytes }, () =>
    stop.abort(new SubprocessError("output-limit", `${command} wrote more than ${maxOutputBytes} bytes`, { command })),
  );
  // A program that does not read its stdin closes the pipe: not our error.
  child.stdin?.on("error", () => {});
  child.stdin?.end(options.stdin);

  const onAbort = (): void => stop.abort(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  const timer = clock.schedule(timeoutMs, () =>
    stop.abort(new SubprocessError("timeout", `${command} took longer than ${timeoutMs} ms`, { command })),
  );
  try {
    const end = await raceSignal(ended, stop.signal);
    return { ...end, stdout: output.text("stdout"), stderr: output.text("stderr") };
  } catch (error) {
    if (stop.signal.aborted) await stopGroup(child, ended, options);
    throw isSubprocessError(error) && error === stop.signal.reason && maxStderrBytes !== undefined
      ? withStderr(error, output.text("stderr"))
      : error;
  } finally {
    timer[Symbol.dispose]();
    signal?.removeEventListener("abort", onAbort);
  }
};
