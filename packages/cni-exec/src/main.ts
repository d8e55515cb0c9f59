#!/usr/bin/env node
import { runCli } from "./cli/run.ts";

const stop = new AbortController();
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort(new Error(`interrupted by ${name}`)));

process.exitCode = await runCli({
  argv: process.argv.slice(2),
  env: process.env,
  signal: stop.signal,
  writeOut: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
});
