import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { systemClock } from "./clock.ts";
import type { Clock } from "./clock.ts";
import { createSemaphore } from "./semaphore.ts";
import { raceSignal } from "./signals.ts";
import { SubprocessError } from "./subprocess.ts";

/** What {@link createCommandPool} takes. */
export interface CommandPoolOptions {
  /** The most helpers, hence commands at the same time; default 4. */
  readonly maxHelpers?: number | undefined;
  /** How long a helper stays without work, milliseconds; default 10,000. */
  readonly idleMs?: number | undefined;
  /** Commands that may wait for a helper; default 1,000. */
  readonly maxWaiting?: number | undefined;
  /** The whole environment of the commands; default this process's own. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** A POSIX shell; default /bin/sh. */
  readonly shell?: string | undefined;
  /** Default: the system clock. */
  readonly clock?: Clock | undefined;
}

/** How a command ended, whatever its exit code. */
export interface CommandResult {
  /** As a shell tells it: 127 when there is no such program, 128 and the number of the signal that ended it. */
  readonly exitCode: number;
  /** The first line, at most 500 bytes, of its output when it failed. */
  readonly message: string;
}

/** Runs short programs. */
export interface CommandPool {
  /**
   * Runs a program that needs no stdin, without a shell's interpretation of its arguments. On timeout and on abort it is killed before this rejects.
   * @throws SubprocessError, StdxError `queue-full`, or `signal.reason`
   */
  run(
    argv: readonly [string, ...string[]],
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
  ): Promise<CommandResult>;
}

/**
 * Reads one command a line, runs it and tells its number, exit code and first line of output. What is evaluated is made of quoted words
 * only.
 */
const SCRIPT = `nl='
'
while IFS= read -r line; do
  eval "set -- $line"
  id=$1
  shift
  out=$("$@" 2>&1 </dev/null)
  code=$?
  [ "$code" = 0 ] && out=
  printf '%s %s %.500s\\n' "$id" "$code" "\${out%%"$nl"*}"
done`;

const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** An answer is much shorter; a helper that says more says nonsense. */
const MAX_ANSWER_CHARACTERS = 4096;

interface Helper {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ended: Promise<void>;
  /** Why it ended, as far as that is known. */
  readonly state: { failure: Error | undefined; isDead: boolean; said: string };
  /** Of the command that runs. */
  waiter: { readonly onLine: (line: string) => void; readonly onEnd: () => void } | undefined;
  idle: Disposable | undefined;
}

const killGroup = ({ child }: Helper): void => {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch {
    // The group is gone, which is what was wanted.
  }
};

/** A helper that nobody waits for does not keep this process alive. */
const setHeld = ({ child }: Helper, isHeld: boolean): void => {
  for (const part of [child, child.stdin, child.stdout] as { ref?(): void; unref?(): void }[]) {
    if (isHeld) part.ref?.();
    else part.unref?.();
  }
};

const onOutput = (helper: Helper, chunk: string): void => {
  helper.state.said += chunk;
  if (helper.state.said.length > MAX_ANSWER_CHARACTERS) return killGroup(helper);
  for (let end = helper.state.said.indexOf("\n"); end >= 0; end = helper.state.said.indexOf("\n")) {
    const line = helper.state.said.slice(0, end);
    helper.state.said = helper.state.said.slice(end + 1);
    helper.waiter?.onLine(line);
  }
};

const startHelper = (shell: string, env: Readonly<Record<string, string>> | undefined): Helper => {
  // The leader of a new process group, so that what it runs dies with it.
  const child = spawn(shell, ["-c", SCRIPT], { detached: true, cwd: "/", ...(env === undefined ? {} : { env: { ...env } }) });
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const helper: Helper = { child, ended, state: { failure: undefined, isDead: false, said: "" }, waiter: undefined, idle: undefined };
  const end = (): void => {
    helper.state.isDead = true;
    helper.waiter?.onEnd();
    resolve();
  };
  child.on("error", (error) => {
    helper.state.failure = error;
    if (child.pid === undefined) end();
  });
  child.on("close", end);
  child.stdin.on("error", () => {});
  child.stderr.resume();
  (child.stderr as { unref?(): void }).unref?.();
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => onOutput(helper, chunk));
  return helper;
};

const parseAnswer = (line: string, id: number): CommandResult | undefined => {
  const found = /^(\d+) (\d+) (.*)$/su.exec(line);
  if (found === null || Number(found[1]) !== id) return undefined;
  return { exitCode: Number(found[2]), message: found[3] ?? "" };
};

/** One command on one helper; rejects when the helper ends first. */
const ask = (helper: Helper, argv: readonly string[], id: number): Promise<CommandResult> => {
  const command = argv[0] ?? "";
  const { promise, resolve, reject } = Promise.withResolvers<CommandResult>();
  const onEnd = (): void =>
    reject(new SubprocessError("spawn-failed", `cannot run ${command}: its shell ended`, { cause: helper.state.failure, command }));
  const onLine = (line: string): void => {
    const result = parseAnswer(line, id);
    if (result !== undefined) resolve(result);
  };
  helper.waiter = { onLine, onEnd };
  if (helper.state.isDead) onEnd();
  helper.child.stdin.write(`${id} ${argv.map(quote).join(" ")}\n`);
  return promise;
};

/**
 * Runs short programs through small shells that are kept for a while. Starting a program means copying the page tables of the process that
 * does it, during which this one's event loop stands still: milliseconds for a big one, a fraction of that for a shell. Starts nothing yet.
 */
export const createCommandPool = (options: CommandPoolOptions = {}): CommandPool => {
  const { maxHelpers = 4, idleMs = 10_000, maxWaiting = 1000, shell = "/bin/sh", env, clock = systemClock } = options;
  const free: Helper[] = [];
  const places = createSemaphore(maxHelpers, { maxWaiting });
  let lastId = 0;

  const retire = (helper: Helper): void => {
    helper.idle?.[Symbol.dispose]();
    const index = free.indexOf(helper);
    if (index >= 0) free.splice(index, 1);
  };
  const takeHelper = (): Helper => {
    let known = free.pop();
    while (known?.state.isDead === true) known = free.pop();
    known?.idle?.[Symbol.dispose]();
    const helper = known ?? startHelper(shell, env);
    setHeld(helper, true);
    return helper;
  };
  const giveBack = (helper: Helper): void => {
    helper.waiter = undefined;
    if (helper.state.isDead) return;
    setHeld(helper, false);
    helper.idle = clock.schedule(idleMs, () => {
      retire(helper);
      helper.child.stdin.end();
    });
    free.push(helper);
  };
  const runOn = async (
    helper: Helper,
    argv: readonly [string, ...string[]],
    limits: Parameters<CommandPool["run"]>[1],
  ): Promise<CommandResult> => {
    const { timeoutMs, signal } = limits;
    const [command] = argv;
    const stop = new AbortController();
    const onAbort = (): void => stop.abort(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    using _timer = clock.schedule(timeoutMs, () =>
      stop.abort(new SubprocessError("timeout", `${command} took longer than ${timeoutMs} ms`, { command })),
    );
    try {
      lastId += 1;
      const answer = ask(helper, argv, lastId);
      answer.catch(() => undefined);
      return await raceSignal(answer, stop.signal);
    } catch (error) {
      killGroup(helper);
      await helper.ended;
      throw error;
    } finally {
      signal?.removeEventListener("abort", onAbort);
      giveBack(helper);
    }
  };

  return {
    run: async (argv, limits) => {
      const [command] = argv;
      if (argv.some((word) => /[\0\n]/u.test(word)))
        throw new SubprocessError("spawn-failed", `cannot run ${command}: an argument holds a line feed or a zero byte`, { command });
      using _place = await places.acquire({ signal: limits.signal });
      return await runOn(takeHelper(), argv, limits);
    },
  };
};
