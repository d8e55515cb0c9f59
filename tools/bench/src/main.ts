import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { checkLabHost, sweepStaleLabs } from "@nk/tool-lab";
import { buildKubelet } from "./build-kubelet.ts";
import { runCluster } from "./cluster/run.ts";
import { parseBenchOptions, USAGE, UsageError } from "./options.ts";
import type { BenchOptions } from "./options.ts";
import { runStandalone } from "./standalone/run.ts";

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");

const say = (text: string): void => void process.stderr.write(`bench: ${text}\n`);

const listenForStop = (): AbortSignal => {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(name, () => controller.abort(new Error(`stopped by ${name}`)));
  }
  return controller.signal;
};

const run = async (options: BenchOptions): Promise<number> => {
  checkLabHost();
  await sweepStaleLabs({ onProgress: say });
  const signal = listenForStop();
  const build = (): Promise<string> => buildKubelet(root, { signal, say });
  const { isMet, text } =
    options.mode === "standalone"
      ? await runStandalone(options, { entry: options.kubelet ?? (await build()), signal, say })
      : await runCluster(options, { entry: await build(), signal, say });
  process.stdout.write(text);
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
