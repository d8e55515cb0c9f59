import { basename, dirname } from "node:path";
import { runSubprocess } from "@nk/stdx";
import { createPluginEnvironment } from "../attachment.ts";
import type { Attachment } from "../attachment.ts";
import type { PluginError } from "../errors.ts";
import type { JsonObject, JsonValue } from "../go-json.ts";
import { isJsonObject } from "../go-json.ts";
import { readPluginError } from "../plugin-run.ts";
import type { CniCommand } from "../plugin-run.ts";
import { parseResult } from "../result.ts";
import type { CniResult } from "../result.ts";
import { isSpecVersion, UNVERSIONED } from "../spec-version.ts";

/** The plugin under test. */
export interface PluginDriverOptions {
  /** Its executable. */
  readonly path: string;
  /** What it gets on stdin at each call; `type` is added, and `name` and `cniVersion` when they are missing. */
  readonly config: JsonObject;
  /** CNI_PATH, for address managers it delegates to; default its own directory. */
  readonly pluginDirs?: readonly string[] | undefined;
  /** Runs it elsewhere, e.g. the `launcher` of a network sandbox. */
  readonly launcher?: readonly string[] | undefined;
  /** Its environment besides CNI's variables; default this process's own. */
  readonly env?: { readonly [name: string]: string } | undefined;
  /** Default 30,000; after that it is killed and the call rejects. */
  readonly timeoutMs?: number | undefined;
}

/** What one call is told. */
export interface DriverCall extends Partial<Attachment> {
  /** More of the configuration, for this call: `prevResult`, `runtimeConfig`, `cni.dev/valid-attachments`, or other settings. */
  readonly config?: { readonly [key: string]: unknown } | undefined;
  /** Instead of the configuration: exactly this text. */
  readonly stdin?: string | undefined;
}

/** How a call ended, whether well or not: for the test to judge. */
export interface PluginOutcome {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Stdout as JSON; undefined when it is none. */
  readonly json: JsonValue | undefined;
  /** The specification's error object, when it failed and wrote one. */
  readonly error: PluginError | undefined;
  /** The result of an ADD that ended well, in the shape of CNI 1.1. */
  readonly result: CniResult | undefined;
}

/** Calls a plugin verb by verb, as a runtime does, and hands over everything it says. */
export interface PluginDriver {
  run(command: CniCommand, call?: DriverCall): Promise<PluginOutcome>;
}

const readJson = (text: string): JsonValue | undefined => {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
};

/** A driver for one plugin. Container id and interface default to `driven` and `eth0` where a verb needs them. */
export const createPluginDriver = (options: PluginDriverOptions): PluginDriver => {
  const { path, launcher = [], timeoutMs = 30_000, pluginDirs = [dirname(path)] } = options;
  const config = { name: "driven", cniVersion: "1.0.0", ...options.config, type: basename(path) };
  return {
    run: async (command, call = {}) => {
      const isAboutContainer = command === "ADD" || command === "DEL" || command === "CHECK";
      const { containerId = isAboutContainer ? "driven" : "", ifName = isAboutContainer ? "eth0" : "", netns = "", args = [] } = call;
      const [program, ...rest] = [...launcher, path];
      const { exitCode, signal, stdout, stderr } = await runSubprocess([program, ...rest], {
        stdin: call.stdin ?? JSON.stringify({ ...config, ...call.config }),
        env: {
          ...(options.env ?? (process.env as { [name: string]: string })),
          ...createPluginEnvironment(command, pluginDirs, { containerId, ifName, netns, args }),
        },
        timeoutMs,
        maxStderrBytes: 1 << 20,
      });
      const json = readJson(stdout);
      const isResult = command === "ADD" && exitCode === 0 && isJsonObject(json);
      const { cniVersion } = config;
      return {
        exitCode,
        signal,
        stdout,
        stderr,
        json,
        error: exitCode === 0 ? undefined : readPluginError(stdout),
        result: isResult
          ? parseResult(json, typeof cniVersion === "string" && isSpecVersion(cniVersion) ? cniVersion : UNVERSIONED)
          : undefined,
      };
    },
  };
};
