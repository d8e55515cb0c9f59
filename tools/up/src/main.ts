import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { systemClock } from "@nk/stdx";
import { openRunLogs } from "./logs.ts";
import { USAGE, UsageError, parseUpOptions } from "./options.ts";
import type { UpOptions } from "./options.ts";
import { createProgress } from "./progress.ts";
import { runUp } from "./up.ts";

const startMs = systemClock.monotonicMs();
const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");

/** The programs run from TypeScript; what V8 made of it is kept for the next run, which then starts in half the time. */
process.env["NODE_COMPILE_CACHE"] ??= resolve(root, "node_modules/.cache/nk-up");

/** The user's wish to stop, as an abort. A second signal changes nothing: the teardown is short and must not be cut off. */
const listenForStop = (): AbortSignal => {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => controller.abort(new Error(`stopped by ${name}`)));
  }
  return controller.signal;
};

const run = async (options: UpOptions): Promise<number> => {
  const progress = createProgress(process.stderr);
  const signal = listenForStop();
  const logs = openRunLogs();
  let failure: unknown;
  try {
    const result = await runUp({ root, options, progress, logs, signal, startMs });
    if (result) process.stdout.write(`${JSON.stringify(result)}\n`);
  } catch (error) {
    // A stop is how the table ends; --once was asked for a result and has none.
    if (error !== signal.reason || options.once) failure = error;
  }
  const kept = logs.close(options.keepLogs || failure !== undefined);
  if (failure !== undefined) {
    const reason = failure instanceof Error ? failure.message : "stopped for an unknown reason";
    progress.say(reason);
    if (options.once) process.stdout.write(`${JSON.stringify({ ok: false, reason, logs: kept })}\n`);
  }
  if (kept !== undefined) progress.say(`the logs are in ${kept}`);
  return failure === undefined ? 0 : 1;
};

try {
  const options = parseUpOptions(process.argv.slice(2), resolve(root, "examples/manifests"));
  if (options === "help") process.stdout.write(USAGE);
  else process.exitCode = await run(options);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`nk: ${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
