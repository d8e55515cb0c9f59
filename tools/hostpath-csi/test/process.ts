import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { openCsiClient } from "@nk/csi-client";
import type { CsiClient } from "@nk/csi-client";

/** A driver as a process of its own, in folders of its own. */
export interface DriverUnderTest extends AsyncDisposable {
  readonly directory: string;
  readonly root: string;
  readonly targets: string;
  readonly socketPath: string;
  readonly registrationPath: string;
  start(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
  /** SIGTERM; the exit code. */
  stop(): Promise<number | null>;
  /** The exit code when the process ends by itself. */
  ended(): Promise<number | null>;
  open(): Promise<CsiClient>;
  /** Mount points below the folders. */
  mounts(): readonly string[];
}

const main = resolve(import.meta.dirname, "../src/main.ts");
const NAME = "hostpath.csi.nk.example";

/** Makes the folders; nothing runs yet. */
export const createDriverUnderTest = (): DriverUnderTest => {
  const directory = mkdtempSync(join(tmpdir(), "hostpath-csi-"));
  const [root, targets, registry] = ["root", "kubelet", "plugins_registry"].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  for (const path of [targets, registry]) mkdirSync(path);
  const socketPath = join(directory, "csi.sock");
  let child: ChildProcess | undefined;
  let exited: Promise<number | null> = Promise.resolve(null);

  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    child?.kill(signal);
    child = undefined;
    return exited;
  };

  const driver: DriverUnderTest = {
    directory,
    root,
    targets,
    socketPath,
    registrationPath: join(registry, `${NAME}-reg.sock`),
    start: async () => {
      const args = ["--conditions=@nk/source", main, "--root", root, "--socket", socketPath, "--target-root", targets];
      const started = spawn(process.execPath, [...args, "--registration-dir", registry, "--node-id", "node-1"], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      child = started;
      exited = once(started, "exit").then(([code]) => code as number | null);
      // Its first line says that it listens.
      await Promise.race([
        once(started.stdout, "data"),
        exited.then((code) => {
          throw new Error(`the driver ended with ${String(code)}`);
        }),
      ]);
      started.stdout.resume();
    },
    kill: async () => {
      await end("SIGKILL");
    },
    stop: () => end("SIGTERM"),
    ended: () => exited,
    open: () => openCsiClient({ endpoint: socketPath, timeoutMs: 20_000 }),
    mounts: () =>
      readFileSync("/proc/self/mountinfo", "utf8")
        .split("\n")
        .map((line) => line.split(" ")[4] ?? "")
        .filter((path) => path.startsWith(directory)),
    [Symbol.asyncDispose]: async () => {
      await end("SIGKILL");
      // A test that failed may have left mounts behind: then the folders stay, with what is mounted there.
      if (driver.mounts().length === 0) rmSync(directory, { recursive: true });
    },
  };
  return driver;
};
