import { createCni } from "../cni.ts";
import { isCniError, messageOf } from "../errors.ts";
import { readArguments } from "./arguments.ts";
import type { CliArguments } from "./arguments.ts";
import { COMMANDS } from "./commands.ts";
import { HELP } from "./help.ts";

/** The process around the command. */
export interface CliHost {
  readonly argv: readonly string[];
  readonly env: { readonly [name: string]: string | undefined };
  readonly signal: AbortSignal;
  writeOut(text: string): void;
  writeError(text: string): void;
}

const describeForPrograms = (error: unknown): object => {
  if (!isCniError(error)) return { message: messageOf(error) };
  const { plugin, command, path, pluginError, stderr, errors } = error.details;
  return { code: error.code, message: error.message, plugin, command, path, pluginError, stderr, errors: errors?.map(describeForPrograms) };
};

const definedOnly = (env: CliHost["env"]): { readonly [name: string]: string } =>
  Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));

const runCommand = async (host: CliHost, cli: CliArguments): Promise<number> => {
  const { pluginDirs, cacheDir, timeoutMs, isVerbose } = cli;
  const cni = createCni({
    pluginDirs,
    cacheDir,
    timeoutMs,
    // On the command line plugins get the caller's environment, as from cnitool.
    env: definedOnly(host.env),
    onPluginRun: ({ plugin, command, stderr }) => {
      if (isVerbose && stderr !== "") host.writeError(`${plugin} ${command}: ${stderr.trimEnd()}\n`);
    },
  });
  const { text, json, exitCode = 0 } = await COMMANDS[cli.command]({ cni, cli, signal: host.signal });
  host.writeOut(cli.isJson ? `${JSON.stringify(json, undefined, 2)}\n` : `${text}\n`);
  return exitCode;
};

/** Runs one command line and resolves with its exit code: 0 done, 1 failed, 2 wrong usage. */
export const runCli = async (host: CliHost): Promise<number> => {
  const isJson = host.argv.includes("--json");
  try {
    const cli = readArguments(host.argv, host.env);
    if (cli === "help") {
      host.writeOut(HELP);
      return 0;
    }
    return await runCommand(host, cli);
  } catch (error) {
    if (isJson) host.writeOut(`${JSON.stringify({ error: describeForPrograms(error) }, undefined, 2)}\n`);
    else host.writeError(`cni-exec: ${messageOf(error)}\n`);
    return isCniError(error) && error.code === "invalid-argument" ? 2 : 1;
  }
};
