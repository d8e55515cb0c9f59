#!/usr/bin/env node
import { guardOutput, refuseOldNode } from "@nk/stdx";
import { runCli } from "./cli/run.ts";

refuseOldNode(process, { name: "cni-exec" });

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort(new Error(`interrupted by ${name}`)));
// Everything is printed at the end, when the plugins have run: nothing is to be stopped.
guardOutput(process, { name: "cni-exec" });

process.exitCode = await runCli({
  argv: process.argv.slice(2),
  env: process.env,
  signal: stop.signal,
  writeOut: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
});
