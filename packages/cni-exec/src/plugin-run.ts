import { isSubprocessError, runSubprocess } from "@nk/stdx";
import type { SubprocessError, SubprocessResult } from "@nk/stdx";
import { createPluginEnvironment } from "./attachment.ts";
import type { WholeAttachment } from "./attachment.ts";
import { CniError, describeSpecErrorCode, errnoOf } from "./errors.ts";
import type { CniErrorDetails, PluginError } from "./errors.ts";
import { isJsonObject } from "./go-json.ts";
import type { JsonObject } from "./go-json.ts";
import { parseJsonText } from "./json-text.ts";
import type { CniSettings } from "./options.ts";

/** The verbs of the protocol. */
export type CniCommand = "ADD" | "DEL" | "CHECK" | "STATUS" | "GC" | "VERSION";

/** One run of one plugin. */
export interface PluginCall {
  readonly command: CniCommand;
  readonly plugin: string;
  readonly path: string;
  readonly stdin: string;
  readonly attachment?: Partial<WholeAttachment> | undefined;
  /** Default: those of the settings. */
  readonly pluginDirs?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A file that is being written cannot be run; libcni too waits and tries again, five times. */
const BUSY_ATTEMPTS = 5;
const BUSY_DELAY_MS = 1_000;

const lastLines = (text: string): string => text.trim().slice(-1_000);

/** The error object of the specification, when a text is one. */
export const readPluginError = (stdout: string): PluginError | undefined => {
  const parsed = parseJsonText(stdout);
  if ("problem" in parsed || !isJsonObject(parsed.value)) return undefined;
  const { code, msg, details } = parsed.value;
  if (typeof msg !== "string" && typeof code !== "number") return undefined;
  const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
  return { code: typeof code === "number" ? code : 0, msg: textOf(msg), details: textOf(details) };
};

const describePluginError = ({ code, msg, details }: PluginError): string => {
  const meaning = describeSpecErrorCode(code);
  const suffix = code === 0 ? "" : ` (code ${code}${meaning === undefined ? "" : `: ${meaning}`})`;
  return `${[msg, details].filter((part) => part !== "").join("; ")}${suffix}`;
};

/** A plugin that ended otherwise than with exit code 0. */
const failureOf = (call: PluginCall, { exitCode, signal, stdout, stderr }: SubprocessResult): CniError => {
  const { plugin, command, path } = call;
  const pluginError = readPluginError(stdout);
  const ending = signal === null ? `with exit code ${exitCode}` : `by ${signal}`;
  const said = lastLines(stdout) === "" ? lastLines(stderr) : lastLines(stdout);
  const reason =
    pluginError === undefined
      ? `it ended ${ending}${said === "" ? " and said nothing" : ` and said: ${said}`}`
      : describePluginError(pluginError);
  return new CniError("plugin-failed", `plugin ${plugin} failed at ${command}: ${reason}`, {
    plugin,
    command,
    path,
    pluginError,
    stderr,
    exitCode,
  });
};

/** The one place that knows how subprocesses fail. */
const stopErrorOf = (call: PluginCall, error: SubprocessError): CniError => {
  const { plugin, command, path } = call;
  const details: CniErrorDetails & { readonly cause: unknown } = { plugin, command, path, stderr: error.stderr, cause: error };
  const said = lastLines(error.stderr) === "" ? "" : `; it had said: ${lastLines(error.stderr)}`;
  switch (error.code) {
    case "timeout":
      return new CniError(
        "plugin-timeout",
        `plugin ${plugin} did not end ${command} in time and was killed with its children${said}`,
        details,
      );
    case "output-limit":
      return new CniError(
        "plugin-output",
        `plugin ${plugin} wrote more at ${command} than is allowed and was killed with its children${said}`,
        details,
      );
    case "spawn-failed":
      return new CniError(
        "plugin-not-executable",
        `plugin ${plugin} cannot be started: ${path} is not a program that runs here (${errnoOf(error.cause)})`,
        details,
      );
  }
};

const launch = async (settings: CniSettings, call: PluginCall): Promise<SubprocessResult> => {
  const { env, launcher, pluginDirs, clock, timeoutMs, killAfterMs, maxStdoutBytes, maxStderrBytes } = settings;
  const [program, ...rest] = [...launcher, call.path];
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await runSubprocess([program, ...rest], {
        stdin: call.stdin,
        env: { ...env, ...createPluginEnvironment(call.command, call.pluginDirs ?? pluginDirs, call.attachment ?? {}) },
        maxOutputBytes: maxStdoutBytes,
        maxStderrBytes,
        timeoutMs,
        killAfterMs,
        clock,
        signal: call.signal,
      });
    } catch (error) {
      if (!isSubprocessError(error)) throw error;
      if (errnoOf(error.cause) !== "ETXTBSY" || attempt > BUSY_ATTEMPTS) throw stopErrorOf(call, error);
      await clock.sleep(BUSY_DELAY_MS, { signal: call.signal });
    }
  }
};

/**
 * Runs a plugin once and resolves with what it wrote to stdout.
 * @throws CniError "plugin-failed", "plugin-timeout", "plugin-output", "plugin-not-executable", or `signal.reason` once its group is down
 */
export const runPlugin = async (settings: CniSettings, call: PluginCall): Promise<string> => {
  const { plugin, command, path } = call;
  const startMs = settings.clock.monotonicMs();
  const note = (exitCode: number | null, stderr: string): void => {
    const durationMs = settings.clock.monotonicMs() - startMs;
    settings.logger.debug("CNI plugin ran", { plugin, command, exitCode: exitCode ?? "none", durationMs: Math.round(durationMs) });
    settings.onPluginRun?.({ plugin, command, path, durationMs, exitCode, stderr });
  };
  let result: SubprocessResult;
  try {
    result = await launch(settings, call);
  } catch (error) {
    note(null, error instanceof CniError ? (error.details.stderr ?? "") : "");
    throw error;
  }
  note(result.exitCode, result.stderr);
  if (result.exitCode !== 0) throw failureOf(call, result);
  return result.stdout;
};

/**
 * What a plugin answered, as an object. "null" counts as an empty one, as for libcni.
 * @throws CniError "plugin-output"
 */
export const readAnswer = (call: PluginCall, stdout: string): JsonObject => {
  const { plugin, command, path } = call;
  const refuse = (problem: string): CniError =>
    new CniError("plugin-output", `plugin ${plugin} ended ${command} well, but its answer cannot be read: ${problem}`, {
      plugin,
      command,
      path,
    });
  const parsed = parseJsonText(stdout);
  if ("problem" in parsed) throw refuse(parsed.problem);
  if (parsed.value === null) return {};
  if (!isJsonObject(parsed.value)) throw refuse("it is not a JSON object");
  return parsed.value;
};
