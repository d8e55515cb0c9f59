import type { Attachment, AttachmentReference, WholeAttachment } from "../attachment.ts";
import { DEFAULT_IF_NAME } from "../attachment.ts";
import { CniError } from "../errors.ts";
import type { NetworkConfig, PluginConfig } from "../network-config.ts";
import type { NetworkLocks } from "../network-locks.ts";
import type { CniSettings } from "../options.ts";
import { writePluginRequest } from "../plugin-request.ts";
import type { PluginRequestInput } from "../plugin-request.ts";
import { readAnswer, runPlugin } from "../plugin-run.ts";
import type { CniCommand, PluginCall } from "../plugin-run.ts";
import { findPlugin } from "../plugin-search.ts";
import { parseResult } from "../result.ts";
import type { CniResult } from "../result.ts";
import type { CachedAttachment, ResultCache } from "../result-cache.ts";
import { CNI_SPEC_VERSIONS, isSpecVersion } from "../spec-version.ts";
import type { CniSpecVersion } from "../spec-version.ts";

/** What every verb works with. */
export interface VerbContext {
  readonly settings: CniSettings;
  readonly cache: ResultCache;
  readonly locks: NetworkLocks;
}

/** The abort of an operation. */
export interface VerbOptions {
  /** Its abort kills the plugin that runs; the call then rejects with `signal.reason`. */
  readonly signal?: AbortSignal | undefined;
}

/** One plugin's turn in a verb. */
export interface PluginTurn {
  readonly command: CniCommand;
  readonly network: NetworkConfig;
  readonly plugin: PluginConfig;
  readonly attachment?: WholeAttachment | undefined;
  readonly input: PluginRequestInput;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The version a network speaks.
 * @throws CniError "incompatible-version" for one this package does not know, "invalid-config" for a network without plugins
 */
export const checkNetwork = ({ name, cniVersion, plugins }: NetworkConfig): CniSpecVersion => {
  if (plugins.length === 0) throw new CniError("invalid-config", `cannot use network ${name}: it has no plugins`);
  if (isSpecVersion(cniVersion)) return cniVersion;
  const known = CNI_SPEC_VERSIONS.join(", ");
  throw new CniError(
    "incompatible-version",
    `cannot use network ${name}: it is written in CNI ${cniVersion}, and the known versions are ${known}`,
  );
};

const callOf = async ({ settings }: VerbContext, turn: PluginTurn): Promise<PluginCall> => ({
  command: turn.command,
  plugin: turn.plugin.type,
  path: await findPlugin(turn.plugin.type, settings.pluginDirs),
  stdin: writePluginRequest(turn.network, turn.plugin, turn.input),
  attachment: turn.attachment,
  signal: turn.signal,
});

/** Gives one plugin its turn, whose output is of no interest. */
export const runTurn = async (context: VerbContext, turn: PluginTurn): Promise<void> => {
  await runPlugin(context.settings, await callOf(context, turn));
};

/** Gives one plugin its turn and reads the result. One without a version is taken for the network's own, as by libcni. */
export const runTurnForResult = async (context: VerbContext, turn: PluginTurn): Promise<CniResult> => {
  const call = await callOf(context, turn);
  const answer = readAnswer(call, await runPlugin(context.settings, call));
  try {
    return parseResult(answer, checkNetwork(turn.network));
  } catch (error) {
    if (!(error instanceof CniError)) throw error;
    const { plugin, command, path } = call;
    throw new CniError(error.code, `plugin ${plugin} ended ${command} well, but its answer cannot be used: ${error.message}`, {
      plugin,
      command,
      path,
      cause: error,
    });
  }
};

/** An attachment without gaps, for addition. */
export const completeAttachment = (attachment: Attachment): WholeAttachment => ({
  containerId: attachment.containerId,
  netns: attachment.netns,
  ifName: attachment.ifName ?? DEFAULT_IF_NAME,
  args: attachment.args ?? [],
  capabilityArgs: attachment.capabilityArgs ?? {},
});

/** An attachment whose gaps are filled with what the cache knows: plugins are to be told the same as at addition. */
export const recallAttachment = (reference: AttachmentReference, cached: CachedAttachment | undefined): WholeAttachment => ({
  containerId: reference.containerId,
  netns: reference.netns ?? cached?.netns ?? "",
  ifName: reference.ifName ?? DEFAULT_IF_NAME,
  args: reference.args ?? cached?.args ?? [],
  capabilityArgs: reference.capabilityArgs ?? cached?.capabilityArgs ?? {},
});

/** "container c1 (eth0) and network dbnet", for messages. */
export const describeAttachment = (network: NetworkConfig, { containerId, ifName = DEFAULT_IF_NAME }: AttachmentReference): string =>
  `container ${containerId} (${ifName}) of network ${network.name}`;

/** The error of an operation that went on although parts of it failed. */
export const incompleteError = (what: string, errors: readonly CniError[]): CniError =>
  new CniError("incomplete", `cannot ${what}: ${errors.map(({ message }) => message).join("; ")}`, { errors, cause: errors[0] });
