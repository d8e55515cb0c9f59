import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { checkLabHost, isLeakFree, startLab, sweepStaleLabs } from "@nk/tool-lab";
import { inBed } from "./bed.ts";
import type { Bed } from "./bed.ts";
import { buildKubelet } from "./build-kubelet.ts";
import { measureBurst } from "./measure-burst.ts";
import { measureChange } from "./measure-change.ts";
import { measureIdle } from "./measure-idle.ts";
import { measureRemove } from "./measure-remove.ts";
import { measureStart } from "./measure-start.ts";
import { parseBenchOptions, USAGE, UsageError } from "./options.ts";
import type { BenchOptions, Measurement } from "./options.ts";
import { formatReport } from "./report.ts";
import type { Outcome } from "./report.ts";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");

const MEASURES: { readonly [K in Measurement]: (bed: Bed) => Promise<Outcome> } = {
  start: measureStart,
  change: measureChange,
  remove: measureRemove,
  burst: measureBurst,
  idle: measureIdle,
};

const say = (text: string): void => void process.stderr.write(`bench: ${text}\n`);

const listenForStop = (): AbortSignal => {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => controller.abort(new Error(`stopped by ${name}`)));
  }
  return controller.signal;
};

const measureAll = async (options: BenchOptions, signal: AbortSignal): Promise<{ readonly [name: string]: Outcome }> => {
  const { containerd, yes } = options;
  const entry = options.kubelet ?? (await buildKubelet(root, { signal, say }));
  const lab = await startLab({ containerd, yes, signal, onProgress: say });
  const outcomes: { [name: string]: Outcome } = {};
  try {
    for (const name of options.only) {
      say(`measuring ${name} on containerd ${containerd}`);
      outcomes[name] = await inBed({ lab, entry, options, signal, say }, MEASURES[name]);
    }
  } finally {
    const report = await lab.close();
    if (!isLeakFree(report)) say(`something of the run is left on the host: ${JSON.stringify(report)}`);
  }
  return outcomes;
};

const run = async (options: BenchOptions): Promise<number> => {
  checkLabHost();
  await sweepStaleLabs({ onProgress: say });
  const outcomes = await measureAll(options, listenForStop());
  const isMet = Object.values(outcomes).every(({ goals }) => goals.every((goal) => goal.isMet));
  const { containerd } = options;
  process.stdout.write(
    options.json ? `${JSON.stringify({ ok: isMet, containerd, node: process.version, ...outcomes })}\n` : formatReport(outcomes),
  );
  return isMet ? 0 : 1;
};

try {
  const options = parseBenchOptions(process.argv.slice(2));
  if (options === "help") process.stdout.write(USAGE);
  else process.exitCode = await run(options);
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  if (error instanceof UsageError) process.stderr.write(`\n${USAGE}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
