import type { Cni } from "../cni.ts";
import { listNetworkConfigs, loadNetworkConfig, readAnyConfigFile } from "../config-directory.ts";
import type { NetworkConfigFile } from "../config-directory.ts";
import type { NetworkConfig } from "../network-config.ts";
import { formatResult } from "../result-writing.ts";
import type { NetworkValidation } from "../verbs/validate.ts";
import type { CliArguments, CliCommand } from "./arguments.ts";

/** What a command has to say, for people and for programs. */
export interface CommandOutcome {
  readonly text: string;
  readonly json: unknown;
  /** Default 0. */
  readonly exitCode?: number;
}

/** What a command works with. */
export interface CommandContext {
  readonly cni: Cni;
  readonly cli: CliArguments;
  readonly signal: AbortSignal;
}

const findNetwork = ({ cli, signal }: CommandContext): Promise<NetworkConfig> => {
  const [name = ""] = cli.words;
  return name.includes("/") ? readAnyConfigFile(name, { signal }) : loadNetworkConfig(cli.confDir, name, { signal });
};

const attachmentOf = ({ words, ifName, args, capabilityArgs }: CliArguments) => ({
  containerId: words[1] ?? "",
  netns: words[2],
  ifName,
  args,
  capabilityArgs,
});

/** "container c1 (eth0)". */
const nameOf = ({ words, ifName }: CliArguments): string => `container ${words[1] ?? ""} (${ifName})`;

const add = async (context: CommandContext): Promise<CommandOutcome> => {
  const { cni, cli, signal } = context;
  const network = await findNetwork(context);
  const attachment = attachmentOf(cli);
  const result = await cni.add(network, { ...attachment, netns: attachment.netns ?? "" }, { signal });
  const addresses = result.ips.map(({ address }) => address).join(", ") || "no address";
  return { text: `attached ${nameOf(cli)} to network ${network.name}: ${addresses}`, json: formatResult(result) };
};

const del = async (context: CommandContext): Promise<CommandOutcome> => {
  const { cni, cli, signal } = context;
  const network = await findNetwork(context);
  await cni.del(network, attachmentOf(cli), { signal });
  return { text: `detached ${nameOf(cli)} from network ${network.name}`, json: { outcome: "deleted" } };
};

const check = async (context: CommandContext): Promise<CommandOutcome> => {
  const { cni, cli, signal } = context;
  const network = await findNetwork(context);
  const outcome = await cni.check(network, attachmentOf(cli), { signal });
  const text = outcome === "checked" ? "is as it was made" : "was not checked: the network's disableCheck forbids it";
  return { text: `the attachment of ${nameOf(cli)} to network ${network.name} ${text}`, json: { outcome } };
};

const status = async (context: CommandContext): Promise<CommandOutcome> => {
  const network = await findNetwork(context);
  const outcome = await context.cni.status(network, { signal: context.signal });
  const text = outcome === "ready" ? "is ready" : `cannot tell: STATUS came with CNI 1.1.0, and it is written in ${network.cniVersion}`;
  return { text: `network ${network.name} ${text}`, json: { outcome } };
};

const gc = async (context: CommandContext): Promise<CommandOutcome> => {
  const network = await findNetwork(context);
  const outcome = await context.cni.gc(network, context.cli.validAttachments, { signal: context.signal });
  const lines = outcome.deleted.map(({ containerId, ifName }) => `deleted container ${containerId} (${ifName}) of network ${network.name}`);
  const end =
    outcome.state === "disabled"
      ? "was left alone: its disableGC forbids it"
      : `is clean${outcome.arePluginsAsked ? ", its plugins too" : ""}`;
  return { text: [...lines, `network ${network.name} ${end}`].join("\n"), json: outcome };
};

const version = async ({ cni, cli, signal }: CommandContext): Promise<CommandOutcome> => {
  const json: { [plugin: string]: readonly string[] } = {};
  for (const plugin of cli.words) json[plugin] = await cni.version(plugin, { signal });
  return {
    text: Object.entries(json)
      .map(([plugin, versions]) => `${plugin}: ${versions.join(" ")}`)
      .join("\n"),
    json,
  };
};

/** One network's part of the answer of `validate`. */
interface ValidatedFile extends Partial<NetworkValidation> {
  readonly path: string | undefined;
  readonly name?: string;
  readonly error?: string;
}

const validateFile = async ({ cni, signal }: CommandContext, file: NetworkConfigFile): Promise<ValidatedFile> => {
  if ("error" in file) return { path: file.path, error: file.error.message };
  return { path: file.path, name: file.network.name, ...(await cni.validate(file.network, { signal })) };
};

const describeFile = ({ path, name, error, problems = [] }: ValidatedFile): string => {
  const title = name === undefined ? path : `network ${name} (${path})`;
  if (error !== undefined) return `${title}: error: ${error}`;
  return problems.length === 0 ? `${title}: ok` : problems.map(({ severity, message }) => `${title}: ${severity}: ${message}`).join("\n");
};

const validate = async (context: CommandContext): Promise<CommandOutcome> => {
  const { cli, signal } = context;
  const listed = async (): Promise<readonly NetworkConfigFile[]> => {
    if (cli.words.length === 0) return listNetworkConfigs(cli.confDir, { signal });
    const network = await findNetwork(context);
    return [{ path: network.path ?? "", network }];
  };
  const files: ValidatedFile[] = [];
  for (const file of await listed()) files.push(await validateFile(context, file));
  const isBad = ({ error, problems = [] }: ValidatedFile): boolean =>
    error !== undefined || problems.some(({ severity }) => severity === "error");
  const text = files.length === 0 ? `there are no configurations in ${cli.confDir}` : files.map(describeFile).join("\n");
  return { text, json: { networks: files }, exitCode: files.length === 0 || files.some(isBad) ? 1 : 0 };
};

/** The commands by name. */
export const COMMANDS: { readonly [Command in CliCommand]: (context: CommandContext) => Promise<CommandOutcome> } = {
  add,
  del,
  check,
  status,
  gc,
  version,
  validate,
};
