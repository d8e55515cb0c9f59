import { parseArgs } from "node:util";
import type { AccessModeName } from "../volume-capability.ts";
import { VolumeCapability_AccessMode_Mode as Mode } from "../gen/csi/v1/csi.ts";

/** What the command line asks for. */
export type CliCommand =
  | { readonly verb: "help" }
  | { readonly verb: "list-checks"; readonly isJson: boolean }
  | (CliConnection & { readonly verb: "info" | "probe" | "capabilities" })
  | (CliConnection & { readonly verb: "sanity" } & CliSanity);

/** Where the driver is and how the answer is to look. */
export interface CliConnection {
  readonly endpoint: string;
  readonly isJson: boolean;
  readonly timeoutMs: number;
}

/** What the suite is run with. */
export interface CliSanity {
  readonly only: readonly string[];
  readonly skip: readonly string[];
  readonly directory: string | undefined;
  readonly parameters: { readonly [key: string]: string };
  readonly secretsFile: string | undefined;
  readonly volumeBytes: bigint | undefined;
  readonly fsType: string | undefined;
  readonly accessMode: AccessModeName | undefined;
}

/** A command line that cannot be understood; its message is for the user. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

export const HELP = `csi-client: look at a CSI driver, and see whether it keeps to the specification

  csi-client info --endpoint unix:///path            who the driver is, and its node
  csi-client probe --endpoint unix:///path           whether it is ready
  csi-client capabilities --endpoint unix:///path    what it can do
  csi-client sanity --endpoint unix:///path          run the suite; it makes and deletes volumes named sanity-...
  csi-client sanity --list                           the ids of the checks

  --endpoint PATH       unix:///path or /path of the driver's socket
  --json                one JSON document
  --timeout-ms N        deadline of one call, default 30000
  --only TEXT           sanity: only checks whose id contains TEXT (may be repeated)
  --skip TEXT           sanity: no checks whose id contains TEXT (may be repeated)
  --directory PATH      sanity: where staging and target paths are made, default a temporary directory
  --parameter KEY=VALUE sanity: parameter of the volumes that are made (may be repeated)
  --secrets-file PATH   sanity: JSON {"controller": {KEY: VALUE}, "node": {KEY: VALUE}}
  --volume-bytes N      sanity: size of the volumes that are made, default 16777216
  --fs-type TYPE        sanity: file system, default the driver's choice
  --access-mode MODE    sanity: default SINGLE_NODE_WRITER
  --help

Exit codes: 0 well, 1 something failed (a check, or the driver), 2 the command line is wrong.
`;

const OPTIONS = {
  endpoint: { type: "string" },
  json: { type: "boolean", default: false },
  "timeout-ms": { type: "string" },
  only: { type: "string", multiple: true },
  skip: { type: "string", multiple: true },
  directory: { type: "string" },
  parameter: { type: "string", multiple: true },
  "secrets-file": { type: "string" },
  "volume-bytes": { type: "string" },
  "fs-type": { type: "string" },
  "access-mode": { type: "string" },
  list: { type: "boolean" },
  help: { type: "boolean", short: "h", default: false },
} as const;

const SANITY_ONLY = [
  "only",
  "skip",
  "directory",
  "parameter",
  "secrets-file",
  "volume-bytes",
  "fs-type",
  "access-mode",
  "list",
] as const satisfies readonly (keyof typeof OPTIONS)[];

type Parsed = ReturnType<typeof parseArgs<{ readonly options: typeof OPTIONS; readonly allowPositionals: true; readonly strict: true }>>;

const parse = (argv: readonly string[]): Parsed => parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true, strict: true });

const readNumber = (name: string, text: string): bigint => {
  if (!/^[1-9]\d{0,17}$/.test(text)) throw new UsageError(`--${name} is to be a whole number above 0, not ${JSON.stringify(text)}`);
  return BigInt(text);
};

const readParameter = (text: string): readonly [string, string] => {
  const at = text.indexOf("=");
  if (at < 1) throw new UsageError(`--parameter is to be KEY=VALUE, not ${JSON.stringify(text)}`);
  return [text.slice(0, at), text.slice(at + 1)];
};

const isAccessMode = (text: string): text is AccessModeName => text in Mode && text !== "UNKNOWN";

const readSanity = (values: Parsed["values"]): CliSanity => {
  const accessMode = values["access-mode"];
  if (accessMode !== undefined && !isAccessMode(accessMode)) {
    throw new UsageError(`--access-mode ${JSON.stringify(accessMode)} is none of ${Object.keys(Mode).slice(1).join(", ")}`);
  }
  const volumeBytes = values["volume-bytes"];
  return {
    only: values.only ?? [],
    skip: values.skip ?? [],
    directory: values.directory,
    parameters: Object.fromEntries((values.parameter ?? []).map(readParameter)),
    secretsFile: values["secrets-file"],
    volumeBytes: volumeBytes === undefined ? undefined : readNumber("volume-bytes", volumeBytes),
    fsType: values["fs-type"],
    accessMode,
  };
};

/** Throws {@link UsageError}. */
export const readArguments = (argv: readonly string[]): CliCommand => {
  let parsed: Parsed;
  try {
    parsed = parse(argv);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const { values, positionals } = parsed;
  const [verb, ...rest] = positionals;
  if (values.help || verb === "help") return { verb: "help" };
  if (verb === undefined) throw new UsageError("a verb is missing: info, probe, capabilities or sanity");
  if (rest.length > 0) throw new UsageError(`there is no use for ${JSON.stringify(rest[0])}`);
  if (verb !== "info" && verb !== "probe" && verb !== "capabilities" && verb !== "sanity") {
    throw new UsageError(`there is no verb ${JSON.stringify(verb)}: info, probe, capabilities or sanity`);
  }
  const useless = verb === "sanity" ? undefined : SANITY_ONLY.find((name) => values[name] !== undefined);
  if (useless !== undefined) throw new UsageError(`--${useless} means nothing to ${verb}`);
  if (values.list === true) return { verb: "list-checks", isJson: values.json };
  const { endpoint } = values;
  if (endpoint === undefined) throw new UsageError("--endpoint is missing");
  const timeoutMs = Number(readNumber("timeout-ms", values["timeout-ms"] ?? "30000"));
  const connection = { endpoint, isJson: values.json, timeoutMs };
  return verb === "sanity" ? { verb, ...connection, ...readSanity(values) } : { verb, ...connection };
};
