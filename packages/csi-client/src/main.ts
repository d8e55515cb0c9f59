#!/usr/bin/env node
import { guardOutput, refuseOldNode } from "@nk/stdx";
import { runCli } from "./cli/run.ts";

refuseOldNode(process, { name: "csi-client" });

const stop = new AbortController();
// The second one ends the process at once: a driver that hangs keeps the suite from undoing what it made.
for (const name of ["SIGINT", "SIGTERM"] as const) process.once(name, () => stop.abort(new Error(`interrupted by ${name}`)));
// The suite has to undo what it made, also when nobody looks any more.
guardOutput(process, { name: "csi-client", onEnd: (error) => stop.abort(error) });

process.exitCode = await runCli(process.argv.slice(2), {
  write: (text) => void process.stdout.write(text),
  writeError: (text) => void process.stderr.write(text),
  signal: stop.signal,
});
