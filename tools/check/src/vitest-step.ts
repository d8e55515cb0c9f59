import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { runCommand } from "./step.ts";
import type { Step } from "./step.ts";

interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[] | null;
    }[];
  }[];
}

/** One line for each test that failed, with the first line of why, and for each file that could not be loaded. */
const failuresIn = ({ testResults }: Report, root: string): readonly string[] =>
  testResults.flatMap(({ name, message, assertionResults }) => {
    const file = relative(root, name);
    const failed = assertionResults.filter(({ status }) => status === "failed");
    if (failed.length === 0) return message === "" ? [] : [`${file}: ${firstLine(message)}`];
    return failed.map(({ fullName, failureMessages }) => `${file}: ${fullName}: ${firstLine(failureMessages?.[0] ?? "")}`);
  });

const firstLine = (text: string): string => (text.split("\n", 1)[0] ?? "").slice(0, 300);

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
      return { passed: report.numPassedTests, failed: report.numFailedTests + skipped + brokenFile, failures: failuresIn(report, root) };
    } catch (error) {
      console.error(`vitest wrote no report: ${error instanceof Error ? error.message : String(error)}`);
      return { passed: 0, failed: 1 };
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  },
});
