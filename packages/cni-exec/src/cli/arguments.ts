import { parseArgs } from "node:util";
import { parseGoDuration } from "@nk/stdx";
import type { AttachmentId } from "../attachment.ts";
import { DEFAULT_IF_NAME } from "../attachment.ts";
import type { CapabilityArgs } from "../capability-args.ts";
import { CniError, messageOf } from "../errors.ts";
import { parseJsonText } from "../json-text.ts";

/** A command line that makes no sense. */
const usageError = (message: string): CniError => new CniError("invalid-argument", message);

/** The commands and how many words each takes after its name. */
const COMMANDS = {
  add: { min: 3, max: 3 },
  del: { min: 2, max: 3 },
  check: { min: 2, max: 3 },
  status: { min: 1, max: 1 },
  gc: { min: 1, max: 1 },
  version: { min: 1, max: 100 },
  validate: { min: 0, max: 1 },
} as const;

/** A command of the command line. */
export type CliCommand = keyof typeof COMMANDS;

/** A command line, understood. */
export interface CliArguments {
  readonly command: CliCommand;
  readonly words: readonly string[];
  readonly confDir: string;
  readonly pluginDirs: readonly string[];
  readonly cacheDir: string;
  readonly ifName: string;
  readonly args: readonly (readonly [string, string])[] | undefined;
  readonly capabilityArgs: CapabilityArgs | undefined;
  readonly timeoutMs: number;
  /** Only for gc. */
  readonly validAttachments: readonly AttachmentId[];
  readonly isJson: boolean;
  readonly isVerbose: boolean;
}

const OPTIONS = {
  "conf-dir": { type: "string" },
  "plugin-dir": { type: "string", multiple: true },
  "cache-dir": { type: "string" },
  ifname: { type: "string" },
  arg: { type: "string", multiple: true },
  cap: { type: "string", multiple: true },
  timeout: { type: "string" },
  valid: { type: "string", multiple: true },
  "none-valid": { type: "boolean" },
  json: { type: "boolean" },
  verbose: { type: "boolean" },
  help: { type: "boolean" },
} as const;

const splitPair = (option: string, text: string): readonly [string, string] => {
  const at = text.indexOf("=");
  if (at < 1) throw usageError(`--${option} ${text}: a name, "=" and a value are wanted`);
  return [text.slice(0, at), text.slice(at + 1)];
};

const readCapability = (text: string): readonly [string, unknown] => {
  const [name, json] = splitPair("cap", text);
  const parsed = parseJsonText(json);
  if ("problem" in parsed) throw usageError(`--cap ${name}: the value is wanted as JSON: ${parsed.problem}`);
  return [name, parsed.value];
};

const readTimeout = (text: string): number => {
  let timeoutMs: number;
  try {
    timeoutMs = parseGoDuration(text);
  } catch {
    throw usageError(`--timeout ${text}: a duration is wanted, such as 30s`);
  }
  if (timeoutMs <= 0) throw usageError(`--timeout ${text}: it must be longer than nothing`);
  return timeoutMs;
};

const parse = (argv: readonly string[]) => {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true, strict: true });
  } catch (error) {
    throw usageError(messageOf(error));
  }
};

const readCommand = (positionals: readonly string[]): { readonly command: CliCommand; readonly words: readonly string[] } => {
  const [name, ...words] = positionals;
  if (name === undefined) throw usageError(`a command is wanted: ${Object.keys(COMMANDS).join(", ")}`);
  if (!Object.hasOwn(COMMANDS, name)) throw usageError(`there is no command "${name}"; there are ${Object.keys(COMMANDS).join(", ")}`);
  const command = name as CliCommand;
  const { min, max } = COMMANDS[command];
  if (words.length < min || words.length > max)
    throw usageError(`${command} takes ${min === max ? min : `${min} to ${max}`} words, not ${words.length}; see --help`);
  return { command, words };
};

const splitPath = (path: string | undefined): readonly string[] | undefined => {
  const dirs = (path ?? "").split(":").filter((dir) => dir !== "");
  return dirs.length === 0 ? undefined : dirs;
};

/**
 * Reads a command line; "help" when that is what it asks for.
 * @throws CniError "invalid-argument"
 */
export const readArguments = (argv: readonly string[], env: { readonly [name: string]: string | undefined }): CliArguments | "help" => {
  const { values, positionals } = parse(argv);
  if (values.help === true || positionals[0] === "help") return "help";
  const { command, words } = readCommand(positionals);
  const isGc = command === "gc";
  if (isGc === (values.valid === undefined && values["none-valid"] !== true))
    throw usageError(
      isGc ? "gc deletes what is not --valid; say --none-valid to delete everything" : "--valid and --none-valid are for gc only",
    );
  if (values.valid !== undefined && values["none-valid"] === true) throw usageError("--valid and --none-valid contradict each other");
  return {
    command,
    words,
    confDir: values["conf-dir"] ?? env["NETCONFPATH"] ?? "/etc/cni/net.d",
    pluginDirs: values["plugin-dir"] ?? splitPath(env["CNI_PATH"]) ?? ["/opt/cni/bin", "/usr/lib/cni"],
    cacheDir: values["cache-dir"] ?? "/var/lib/cni",
    ifName: values.ifname ?? DEFAULT_IF_NAME,
    args: values.arg?.map((text) => splitPair("arg", text)),
    capabilityArgs: values.cap === undefined ? undefined : Object.fromEntries(values.cap.map(readCapability)),
    timeoutMs: readTimeout(values.timeout ?? "60s"),
    validAttachments: (values.valid ?? []).map((text) => {
      const [containerId = "", ifName] = text.split(":");
      return { containerId, ifName };
    }),
    isJson: values.json ?? false,
    isVerbose: values.verbose ?? false,
  };
};
