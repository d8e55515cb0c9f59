import type { Writable } from "node:stream";

/** The part of `process` that {@link guardOutput} looks at. */
export interface OutputProcess {
  readonly stdout: Writable;
  readonly stderr: Writable;
  exitCode?: number | string | null | undefined;
  once(event: "exit", listener: () => void): unknown;
}

/** Options of {@link guardOutput}. */
export interface OutputGuardOptions {
  /** The command's name, before what it says on its standard error. */
  readonly name: string;
  /** Told once that nothing more gets out; whoever would still write much, or wait, ends there. */
  readonly onEnd?: (error: Error) => void;
}

/**
 * Keeps a command from dying in the middle of its work, with a stack trace, because of what it prints. That whoever reads it, such as
 * head, has read enough is no failure: the exit code says how the work went. Output that is lost in another way (a full disk) is
 * said in a sentence, and the exit code is 1 if it was 0. What cannot be said on the standard error is dropped.
 */
export const guardOutput = (host: OutputProcess, { name, onEnd }: OutputGuardOptions): void => {
  let isOver = false;
  host.stderr.on("error", () => {});
  host.stdout.on("error", (error: NodeJS.ErrnoException) => {
    // A file fails with every write, a pipe with the first one.
    if (isOver) return;
    isOver = true;
    const isClosed = error.code === "EPIPE";
    const what = isClosed ? "nobody reads the output any more" : `write the output: ${error.message}`;
    if (!isClosed) {
      host.stderr.write(`${name}: ${what}\n`);
      // The work may go on, and has the last word on any code but 0.
      host.once("exit", () => {
        if (Number(host.exitCode ?? 0) === 0) host.exitCode = 1;
      });
    }
    onEnd?.(new Error(what, { cause: error }));
  });
};
