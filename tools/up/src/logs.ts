import { mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The folder of one run's logs. */
export interface RunLogs {
  readonly dir: string;
  file(name: string): string;
  /** Deletes the folder, or keeps it under a name that no later run deletes; returns where. */
  close(keep: boolean): string | undefined;
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** Makes the folder, and deletes those of runs that were killed. */
export const openRunLogs = (): RunLogs => {
  for (const name of readdirSync(tmpdir())) {
    const pid = /^nk-up-run-(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
  const dir = mkdtempSync(join(tmpdir(), `nk-up-run-${process.pid}-`));
  return {
    dir,
    file: (name) => join(dir, name),
    close: (keep) => {
      if (!keep) {
        rmSync(dir, { recursive: true, force: true });
        return undefined;
      }
      const kept = dir.replace(/nk-up-run-\d+-/, "nk-up-logs-");
      renameSync(dir, kept);
      return kept;
    },
  };
};
