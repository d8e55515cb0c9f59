#!/usr/bin/env node
import { once } from "node:events";
import { guardOutput, refuseOldNode, systemClock } from "@nk/stdx";
import { parseArguments } from "./cli/arguments.ts";
import { runCommand } from "./cli/run.ts";
import { isCadvisorStatsError } from "./errors.ts";

refuseOldNode(process, { name: "cadvisor-stats" });

const stopping = new AbortController();
const { signal } = stopping;
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stopping.abort(new Error(`received ${name}`)));
guardOutput(process, { name: "cadvisor-stats", onEnd: (error) => stopping.abort(error) });

const write = async (text: string): Promise<void> => {
  signal.throwIfAborted();
  if (!process.stdout.write(text)) await once(process.stdout, "drain", { signal });
};

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

try {
  await runCommand(parseArguments(process.argv.slice(2)), { write, clock: systemClock, signal });
} catch (error) {
  if (!signal.aborted) {
    process.stderr.write(`cadvisor-stats: ${error instanceof Error ? error.message : String(error)}\n`);
    const isUsage = isCadvisorStatsError(error) && error.code === "invalid-option";
    if (isUsage) process.stderr.write("cadvisor-stats --help tells how to use it\n");
    process.exitCode = isUsage ? EXIT_USAGE : EXIT_FAILED;
  }
}
