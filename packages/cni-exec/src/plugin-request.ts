import type { AttachmentId } from "./attachment.ts";
import { DEFAULT_IF_NAME } from "./attachment.ts";
import type { CapabilityArgs } from "./capability-args.ts";
import type { JsonObject, JsonValue } from "./go-json.ts";
import { writeGoJson } from "./go-json.ts";
import type { NetworkConfig, PluginConfig } from "./network-config.ts";
import type { CniResult } from "./result.ts";
import { formatResult } from "./result-writing.ts";
import { isSpecVersion } from "./spec-version.ts";

/** What a plugin is told beyond its configuration. */
export interface PluginRequestInput {
  readonly prevResult?: CniResult | undefined;
  readonly capabilityArgs?: CapabilityArgs | undefined;
  readonly validAttachments?: readonly AttachmentId[] | undefined;
}

/** The arguments of those capabilities that the plugin declares; undefined when there are none. */
const selectRuntimeConfig = (plugin: PluginConfig, args: CapabilityArgs): JsonObject | undefined => {
  const chosen = plugin.capabilities.filter((name) => Object.hasOwn(args, name) && args[name] !== undefined);
  return chosen.length === 0 ? undefined : Object.fromEntries(chosen.map((name) => [name, args[name] as JsonValue]));
};

/**
 * What a plugin gets on its stdin (SPEC.md 1.1.0, section 3, "Deriving request configuration"). `capabilities` stays in it, as libcni leaves it:
 * plugins that delegate read it.
 */
export const writePluginRequest = (network: NetworkConfig, plugin: PluginConfig, input: PluginRequestInput): string => {
  const { prevResult, capabilityArgs, validAttachments } = input;
  const { cniVersion } = network;
  const request: { [key: string]: JsonValue | undefined } = { ...plugin.json, name: network.name, cniVersion };
  if (prevResult !== undefined && isSpecVersion(cniVersion)) request["prevResult"] = formatResult(prevResult, cniVersion);
  const runtimeConfig = selectRuntimeConfig(plugin, capabilityArgs ?? {});
  if (runtimeConfig !== undefined) request["runtimeConfig"] = runtimeConfig;
  if (validAttachments !== undefined) {
    const list = validAttachments.map(({ containerId, ifName = DEFAULT_IF_NAME }) => ({ containerID: containerId, ifname: ifName }));
    request["cni.dev/valid-attachments"] = list;
    // The name that the specification first had by mistake; libcni gives both.
    request["cni.dev/attachments"] = list;
  }
  return writeGoJson(request);
};
