import { spawn } from "node:child_process";
import { once } from "node:events";
import { systemClock } from "@nk/stdx";

/** A program whose output is read while it runs. */
export interface RunningProgram {
  /** Both outputs so far, in the order in which they came. */
  output(): string;
  /** Waits until the output has it. @throws Error with the output when it ends or takes too long */
  until(pattern: RegExp, options?: { readonly timeoutMs?: number }): Promise<RegExpExecArray>;
  write(text: string): void;
  send(signal: NodeJS.Signals): void;
  /** Its exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;
}

const TIMEOUT_MS = 60_000;

/** Starts a program with pipes. */
export const startProgram = (argv: readonly [string, ...string[]], env: NodeJS.ProcessEnv = process.env): RunningProgram => {
  const [command, ...args] = argv;
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], env });
  let text = "";
  let hasEnded = false;
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const look of waiting) look();
  };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (part: string) => {
      text += part;
      wake();
    });
  }
  // Whoever ends while it is written to has been told enough.
  child.stdin.on("error", () => undefined);
  const ended = once(child, "close").then(([code]) => {
    hasEnded = true;
    wake();
    return code as number | null;
  });
  const until: RunningProgram["until"] = (pattern, { timeoutMs = TIMEOUT_MS } = {}) =>
    new Promise((resolve, reject) => {
      const patience = new AbortController();
      const finish = (settle: () => void): void => {
        waiting.delete(look);
        patience.abort();
        settle();
      };
      const fail = (why: string): void =>
        finish(() => reject(new Error(`"${argv.join(" ")}" ${why} before it said ${String(pattern)}; it said:\n${text}`)));
      const look = (): void => {
        const match = pattern.exec(text);
        if (match !== null) finish(() => resolve(match));
        else if (hasEnded) fail("ended");
      };
      waiting.add(look);
      systemClock.sleep(timeoutMs, { signal: patience.signal }).then(
        () => fail(`took ${timeoutMs} ms`),
        () => undefined,
      );
      look();
    });
  return { output: () => text, until, write: (line) => void child.stdin.write(line), send: (signal) => void child.kill(signal), ended };
};

const quote = (word: string): string => `'${word.replaceAll("'", String.raw`'\''`)}'`;

/** Starts a program on a terminal of its own, of this size: util-linux's script gives it one. */
export const startOnTerminal = (
  argv: readonly string[],
  options: { readonly rows: number; readonly columns: number; readonly env: NodeJS.ProcessEnv },
): RunningProgram => {
  const line = `stty rows ${options.rows} cols ${options.columns}; exec ${argv.map(quote).join(" ")}`;
  return startProgram(["script", "--quiet", "--return", "--command", line, "/dev/null"], options.env);
};
