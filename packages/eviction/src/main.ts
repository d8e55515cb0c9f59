#!/usr/bin/env node
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { guardOutput, refuseOldNode } from "@nk/stdx";
import { runCommand } from "./plan/run-command.ts";

refuseOldNode(process, { name: "eviction" });
guardOutput(process, { name: "eviction" });

process.exitCode = await runCommand(process.argv.slice(2), {
  readText: (path) => (path === "-" ? text(process.stdin) : readFile(path, "utf8")),
  writeOut: (written) => void process.stdout.write(written),
  writeError: (written) => void process.stderr.write(written),
});
