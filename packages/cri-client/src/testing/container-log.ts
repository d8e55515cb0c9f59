import { appendFileSync, closeSync, mkdirSync, openSync } from "node:fs";
import { dirname, join } from "node:path";
import { formatTimestampNano } from "@nk/pod-model";
import type { FakeContainer, FakeSandbox } from "./store.ts";

/** The absolute path of a container's log, empty when it has none. */
export const joinLogPath = (sandbox: FakeSandbox | undefined, container: FakeContainer): string => {
  const { logPath } = container.config;
  const directory = sandbox?.config.logDirectory ?? "";
  return logPath === "" || directory === "" ? "" : join(directory, logPath);
};

/** Makes the file as a starting container does, keeping what is in it. */
export const createLogFile = (path: string): void => {
  mkdirSync(dirname(path), { recursive: true });
  closeSync(openSync(path, "a", 0o640));
};

/** Appends text as the runtime would: one entry per line, the last one partial (`P`) when it has no newline. */
export const appendLog = (
  path: string,
  entry: { readonly stream: "stdout" | "stderr"; readonly text: string; readonly nowMs: number },
): void => {
  const lines = entry.text.split("\n");
  const rest = lines.pop() ?? "";
  const prefix = `${formatTimestampNano(entry.nowMs)} ${entry.stream}`;
  const entries = [...lines.map((line) => `${prefix} F ${line}\n`), ...(rest === "" ? [] : [`${prefix} P ${rest}\n`])];
  mkdirSync(dirname(path), { recursive: true });
  appendFileSync(path, entries.join(""), { mode: 0o640 });
};
