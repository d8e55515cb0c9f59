import { hostname as systemHostname } from "node:os";
import { buildSettings } from "./build-settings.ts";
import { decodeConfig } from "./decode.ts";
import type { DecodedDocument } from "./decode.ts";
import { computeEffective } from "./effective.ts";
import type { EffectiveValue } from "./effective.ts";
import { KubeletConfigError } from "./errors.ts";
import { buildConfigObject, maskValues } from "./explain.ts";
import { CONFIG_FIELDS } from "./fields.ts";
import { FLAGS } from "./flags.ts";
import { formatHelp } from "./help-text.ts";
import type { JsonValue } from "./json-value.ts";
import { parseFlags } from "./parse-flags.ts";
import type { KubeletSettings } from "./settings.ts";
import { listDropIns, systemSources } from "./sources.ts";
import type { ConfigSources } from "./sources.ts";
import { validateValues } from "./validate.ts";
import { createValueReader } from "./value-reader.ts";
import type { ConfigWarning } from "./warning.ts";

/** The version of Kubernetes whose kubelet nk is. */
export const KUBERNETES_VERSION = "v1.36.1";

/** What {@link loadSettings} takes. */
export interface LoadOptions extends Partial<ConfigSources> {
  /** The command line without node and script. */
  readonly argv: readonly string[];
  /** The host's name; default `os.hostname`. */
  readonly hostname?: (() => string) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A configuration that nk can start with. */
export interface LoadedConfig {
  readonly kind: "run";
  readonly settings: KubeletSettings;
  /** To be logged at start. */
  readonly warnings: readonly ConfigWarning[];
  /** Every field of KubeletConfiguration v1beta1 by path, with its value and where that comes from. Secret values are masked. */
  readonly provenance: ReadonlyMap<string, EffectiveValue>;
  /** The same as one v1beta1 object for /configz; secret values are masked. */
  readonly configObject: { readonly [key: string]: JsonValue };
  /** The flags of the command line by name, as text; those that may hold a secret are "CLASSIFIED". For /flagz. */
  readonly givenFlags: { readonly [name: string]: string };
}

/** What a command line comes to: text to print on stdout before exiting with 0, or a configuration. */
export type LoadResult = { readonly kind: "version" | "help"; readonly text: string } | LoadedConfig;

const isEmpty = (value: JsonValue): boolean => value === "" || value === false || value === 0;

/** Flags that mirror a field are checked as that field is, together with the layers below. */
const checkOwnFlags = (flags: ReadonlyMap<string, JsonValue>): readonly ConfigWarning[] => {
  const warnings: ConfigWarning[] = [];
  for (const [name, value] of flags) {
    const flag = FLAGS.get(name);
    if (flag === undefined || flag.path !== undefined || isEmpty(value)) continue;
    if (flag.support.state === "unsupported") {
      throw new KubeletConfigError("unsupported-flag", `--${name} is not supported by nk yet`, { field: `--${name}` });
    }
    if (flag.support.state === "inert") warnings.push({ message: `--${name} has no effect: ${flag.support.why}` });
  }
  return warnings;
};

const describeFlags = (flags: ReadonlyMap<string, JsonValue>): { readonly [name: string]: string } =>
  Object.fromEntries(
    [...flags].map(([name, value]) => {
      const isSecret = CONFIG_FIELDS.get(FLAGS.get(name)?.path ?? "")?.isSecret === true;
      return [name, isSecret ? "CLASSIFIED" : typeof value === "string" ? value : JSON.stringify(value)];
    }),
  );

const readDecoded = async (path: string, options: LoadOptions): Promise<DecodedDocument> => {
  const readFile = options.readFile ?? systemSources.readFile;
  let text: string;
  try {
    text = await readFile(path, { signal: options.signal });
  } catch (error) {
    options.signal?.throwIfAborted();
    throw new KubeletConfigError("unreadable", "cannot read the configuration file", { file: path, cause: error });
  }
  return decodeConfig(text, path);
};

const loadDropIns = async (
  directory: string,
  options: LoadOptions,
): Promise<{ documents: DecodedDocument[]; skipped: readonly string[] }> => {
  const { paths, skipped } = await listDropIns(directory, options.listDir ?? systemSources.listDir);
  const documents: DecodedDocument[] = [];
  for (const path of paths) documents.push(await readDecoded(path, options));
  return { documents, skipped };
};

const textOf = (flags: ReadonlyMap<string, JsonValue>, name: string): string => {
  const value = flags.get(name);
  return typeof value === "string" ? value : "";
};

/**
 * From a command line to settings: flags, the --config file, the --config-dir drop-ins, defaults, validation. Reads files through the options;
 * prints nothing.
 * @throws KubeletConfigError, or `signal.reason`
 */
export const loadSettings = async (options: LoadOptions): Promise<LoadResult> => {
  options.signal?.throwIfAborted();
  const parsed = parseFlags(options.argv);
  if (parsed.kind === "version") return { kind: "version", text: `Kubernetes ${KUBERNETES_VERSION}\n` };
  if (parsed.kind === "help") return { kind: "help", text: formatHelp() };
  const { flags } = parsed;
  const flagWarnings = checkOwnFlags(flags);
  const configPath = textOf(flags, "config");
  const dropInDir = textOf(flags, "config-dir");
  const file = configPath === "" ? undefined : await readDecoded(configPath, options);
  const dropIns = dropInDir === "" ? { documents: [], skipped: [] } : await loadDropIns(dropInDir, options);

  const effective = computeEffective({ file, dropIns: dropIns.documents, flags });
  const reader = createValueReader(effective.values);
  const validationWarnings = validateValues(reader);
  const wasSet = (path: string): boolean => effective.values.get(path)?.provenance !== "default";
  const settings = buildSettings({ reader, flags, wasSet, hostname: (options.hostname ?? systemHostname)() });
  const warnings = [
    ...flagWarnings,
    ...(file?.warnings ?? []),
    ...dropIns.documents.flatMap((document) => document.warnings),
    ...dropIns.skipped.map((path) => ({ message: "is no *.conf file and was left out", file: path })),
    ...effective.warnings,
    ...validationWarnings,
  ];
  return {
    kind: "run",
    settings,
    warnings,
    provenance: maskValues(effective.values),
    configObject: buildConfigObject(effective.values),
    givenFlags: describeFlags(flags),
  };
};
