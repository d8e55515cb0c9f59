import { KubeletConfigError } from "./errors.ts";
import { FLAGS, REMOVED_FLAGS } from "./flags.ts";
import type { FlagDefinition } from "./flags.ts";
import { combineFlagValues, parseFlagValue } from "./flag-value.ts";
import type { JsonValue } from "./json-value.ts";
import { nearestName } from "@nk/stdx";

/** What a command line asks for. */
export type ParsedFlags =
  | { readonly kind: "version" }
  | { readonly kind: "help" }
  /** To run, with the values of the flags that were given, by name without dashes. */
  | { readonly kind: "run"; readonly flags: ReadonlyMap<string, JsonValue> };

interface Token {
  readonly flag: FlagDefinition;
  /** The text after "="; undefined when there was none. */
  readonly text: string | undefined;
}

const unknownFlag = (shown: string, name: string): KubeletConfigError => {
  const reason = Object.hasOwn(REMOVED_FLAGS, name) ? REMOVED_FLAGS[name] : undefined;
  if (reason !== undefined) {
    return new KubeletConfigError("removed-flag", `unknown flag: ${shown}, which the reference has removed: ${reason}`, { field: shown });
  }
  const nearest = nearestName(name, FLAGS.keys());
  const hint = nearest === undefined ? "" : `, did you mean --${nearest}?`;
  return new KubeletConfigError("unknown-flag", `unknown flag: ${shown}${hint}`, { field: shown });
};

const readToken = (argument: string): Token => {
  const isLong = argument.startsWith("--");
  const body = argument.slice(isLong ? 2 : 1);
  const equalsAt = body.indexOf("=");
  const rawName = isLong ? (equalsAt < 0 ? body : body.slice(0, equalsAt)) : body.slice(0, 1);
  const name = rawName.replaceAll("_", "-");
  const flag = isLong ? FLAGS.get(name) : FLAGS.values().find((candidate) => candidate.shorthand === name);
  if (flag === undefined) throw unknownFlag(isLong ? `--${rawName}` : argument.split("=", 1).join(), name);
  if (isLong) return { flag, text: equalsAt < 0 ? undefined : body.slice(equalsAt + 1) };
  // "-v4" and "-v=4" both carry their value.
  const rest = body.slice(1);
  return { flag, text: rest === "" ? undefined : rest.replace(/^=/, "") };
};

/** Flags that mean something without a value. `--version` is a string in pflag whose bare form reads "true". */
const isValueOptional = (flag: FlagDefinition): boolean => flag.kind === "bool" || flag.name === "version";

const readValue = (flag: FlagDefinition, text: string): JsonValue => {
  try {
    return parseFlagValue(flag.kind, text);
  } catch (error) {
    const reason = flag.kind === "duration" ? 'it is not a duration like "1m30s"' : (error as Error).message;
    throw new KubeletConfigError("invalid-flag", `cannot read the value of --${flag.name}: ${reason}`, { field: `--${flag.name}` });
  }
};

/**
 * Reads a command line (without node and script) as the reference does with pflag: `--name=value`, `--name value`, `-v 4`, `-v4`; bools take
 * a value only after "="; "_" equals "-"; lists and maps given again grow. Does no I/O and checks no combination.
 * @throws KubeletConfigError for a flag that is unknown, lacks its value or cannot read it, and for positional arguments
 */
export const parseFlags = (argv: readonly string[]): ParsedFlags => {
  const flags = new Map<string, JsonValue>();
  let areFlagsOver = false;
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index] ?? "";
    if (argument === "--" && !areFlagsOver) {
      areFlagsOver = true;
      continue;
    }
    if (areFlagsOver || !argument.startsWith("-") || argument === "-") {
      throw new KubeletConfigError("unexpected-argument", `unexpected argument ${JSON.stringify(argument)}: the kubelet takes only flags`);
    }
    const { flag, text: inlineText } = readToken(argument);
    let text = inlineText;
    if (text === undefined && isValueOptional(flag)) text = "true";
    if (text === undefined) {
      index += 1;
      text = argv[index];
    }
    if (text === undefined) {
      throw new KubeletConfigError("invalid-flag", `flag needs a value: --${flag.name}`, { field: `--${flag.name}` });
    }
    flags.set(flag.name, combineFlagValues(flags.get(flag.name), readValue(flag, text)));
  }
  if (flags.get("help") === true) return { kind: "help" };
  const version = flags.get("version");
  if (version !== undefined && version !== "false") return { kind: "version" };
  return { kind: "run", flags };
};
