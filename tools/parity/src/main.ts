import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { checkLabHost, sweepStaleLabs } from "@nk/tool-lab";
import { recordingNames } from "@nk/tool-recordings";
import { inCluster } from "./cluster.ts";
import { untilRemoved } from "./leftovers.ts";
import { judge, listUnmetEverywhere, parseExpected } from "./expected.ts";
import type { ExpectedDifference } from "./expected.ts";
import { parseParityOptions, USAGE, UsageError } from "./options.ts";
import type { ParityOptions } from "./options.ts";
import { formatScenario, isMatch, toReport } from "./report.ts";
import type { JudgedScenario } from "./report.ts";
import { runAll } from "./run-all.ts";

const root = resolve(import.meta.dirname, "../../..");

const say = (text: string): void => void process.stderr.write(`parity: ${text}\n`);

const listenForStop = (): AbortSignal => {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => controller.abort(new Error(`stopped by ${name}`)));
  }
  return controller.signal;
};

/** Another kubelet is the measure of this tool: nothing of it may differ. */
const readExpected = async (options: ParityOptions): Promise<readonly ExpectedDifference[]> =>
  options.kubelet === undefined
    ? parseExpected(await readFile(join(root, "tools/parity/expected-differences.txt"), "utf8"), recordingNames)
    : [];

const run = async (options: ParityOptions): Promise<number> => {
  checkLabHost();
  const expected = await readExpected(options);
  const signal = listenForStop();
  await sweepStaleLabs({ onProgress: say });
  const { keep, yes, verbose } = options;
  if (keep !== undefined) {
    await mkdir(keep, { recursive: true });
    await rm(join(keep, "kubelet.log"), { force: true });
  }
  const judged: JudgedScenario[] = [];
  const left = await inCluster(
    {
      entry: options.kubelet ?? join(root, "apps/kubelet/src/main.ts"),
      kind: options.controlPlane,
      kubeletLog: keep === undefined ? undefined : join(keep, "kubelet.log"),
      yes,
      signal,
      say,
    },
    async (cluster) => {
      await runAll(options.only, {
        cluster,
        signal,
        onDone: (outcome) => {
          const one = { outcome, verdict: judge(outcome.name, outcome.differences, expected) };
          judged.push(one);
          process.stderr.write(formatScenario(one, { isVerbose: verbose }));
        },
      });
      return untilRemoved(cluster.proxy, { signal });
    },
  );
  for (const what of left) say(`the pods are gone and the runtime still has ${what}`);
  if (keep !== undefined) {
    for (const { outcome } of judged) await writeFile(join(keep, `${outcome.name}.json`), JSON.stringify(outcome, undefined, 1));
  }
  const sorted = judged.toSorted((a, b) => (a.outcome.name < b.outcome.name ? -1 : 1));
  if (options.json) process.stdout.write(`${JSON.stringify(toReport(sorted))}\n`);
  const isWhole = options.only.length === recordingNames.length;
  const verdicts = judged.map(({ verdict }) => verdict);
  const unmet = isWhole ? listUnmetEverywhere(expected, verdicts) : [];
  for (const { line, path } of unmet) say(`line ${line} of the expected differences did not appear in any scenario: ${path}`);
  const matched = sorted.filter(isMatch).length;
  process.stdout.write(`${matched}/${sorted.length}\n`);
  return matched === sorted.length && unmet.length === 0 && left.length === 0 ? 0 : 1;
};

try {
  const options = parseParityOptions(process.argv.slice(2), recordingNames);
  if (options === "help") process.stdout.write(USAGE);
  else process.exitCode = await run(options);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  if (error instanceof UsageError) process.stderr.write(`\n${USAGE}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
