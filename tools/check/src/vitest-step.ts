import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCommand } from "./step.ts";
import type { Step } from "./step.ts";

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly success: boolean;
}

/** Runs one vitest project and counts its tests. A skipped test fails the step: what this host can run must run. */
export const vitestStep = (project: "unit" | "peer", root: string): Step => ({
  name: `${project} tests`,
  run: async () => {
    const dir = mkdtempSync(join(tmpdir(), "nk-check-"));
    const file = join(dir, "report.json");
    const ended = await runCommand(
      ["vitest", "run", "--project", project, "--reporter=default", "--reporter=json", `--outputFile.json=${file}`],
      { cwd: root },
    );
    try {
      const report = JSON.parse(readFileSync(file, "utf8")) as Report;
      const skipped = report.numPendingTests + report.numTodoTests;
      if (skipped > 0) console.error(`${skipped} tests were skipped in ${project}`);
      // A file that fails to load has no test to count; vitest's exit code still knows.
      const brokenFile = !ended && report.numFailedTests === 0 ? 1 : 0;
      return { passed: report.numPassedTests, failed: report.numFailedTests + skipped + brokenFile };
    } catch (error) {
      console.error(`vitest wrote no report: ${error instanceof Error ? error.message : String(error)}`);
      return { passed: 0, failed: 1 };
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
});
