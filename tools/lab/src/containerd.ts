import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { once } from "node:events";
import { systemClock } from "@nk/stdx";
import { hostEnvironment } from "./command.ts";

/** A containerd that this process started. */
export interface RunningContainerd {
  readonly pid: number;
  /** Why it is dead, or undefined while it runs. */
  failure(): string | undefined;
  /** Ends this process only: shims and containers go on. SIGKILL follows after 5 s. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** What to start. */
export interface StartContainerdOptions {
  /** Holds `containerd`, `containerd-shim-runc-v2` and `ctr`; first in its PATH so that it finds its own shim. */
  readonly binDir: string;
  readonly config: string;
  readonly logFile: string;
}

const untilExit = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
};

/** Starts containerd in a session of its own, so that a terminal's Ctrl-C does not reach it, with its log in a file that outlives us. */
export const startContainerd = (options: StartContainerdOptions): RunningContainerd => {
  const log = openSync(options.logFile, "a");
  const child = spawn(`${options.binDir}/containerd`, ["--config", options.config], {
    detached: true,
    stdio: ["ignore", log, log],
    env: hostEnvironment(options.binDir),
    cwd: "/",
  });
  closeSync(log);
  let spawnError: Error | undefined;
  child.once("error", (error) => (spawnError = error));
  // The process must not keep its owner's event loop alive: the lab's close ends it.
  child.unref();
  const failure = (): string | undefined => {
    if (spawnError) return `cannot start ${options.binDir}/containerd: ${spawnError.message}`;
    if (child.exitCode === null && child.signalCode === null) return undefined;
    return `containerd ended with ${child.signalCode ?? child.exitCode}; its log is ${options.logFile}`;
  };
  return {
    pid: child.pid ?? -1,
    failure,
    stop: async (signal = "SIGTERM") => {
      if (failure() !== undefined) return;
      child.ref();
      child.kill(signal);
      const patience = new AbortController();
      void systemClock
        .sleep(5000, { signal: patience.signal })
        .then(() => child.kill("SIGKILL"))
        .catch(() => undefined);
      await untilExit(child);
      patience.abort();
    },
  };
};
