import { isCniError } from "../errors.ts";
import { findDuplicateKeys } from "../json-text.ts";
import type { NetworkConfig, PluginConfig } from "../network-config.ts";
import { isSpecVersion } from "../spec-version.ts";
import { askVersions } from "./version.ts";
import type { VerbContext, VerbOptions } from "./context.ts";

/** Something about a network that a person should know. */
export interface ValidationProblem {
  /** error: an addition will fail. warning: it looks wrong. */
  readonly severity: "error" | "warning";
  /** The plugin it is about, if it is about one. */
  readonly plugin?: string | undefined;
  readonly message: string;
}

/** What is to be said about a network. */
export interface NetworkValidation {
  /** The capabilities that plugins of the network declare, sorted. */
  readonly capabilities: readonly string[];
  readonly problems: readonly ValidationProblem[];
}

/** The reference plugins that make the interface; two of them in one list fight for its name. */
const INTERFACE_PLUGINS: readonly string[] = ["bridge", "ptp", "macvlan", "ipvlan", "vlan", "host-device", "tap", "dummy"];

/** The reference plugins that only work on the result of another one. */
const CHAINED_PLUGINS: readonly string[] = ["portmap", "firewall", "bandwidth", "sbr", "vrf"];

/** Keys that the runtime writes, so that a configuration must not (SPEC.md 1.1.0, section 1, "Reserved keys"). */
const isReserved = (key: string): boolean => key === "prevResult" || key === "runtimeConfig" || key.startsWith("cni.dev/");

/** What the text alone shows. */
const inspectConfig = (network: NetworkConfig): readonly ValidationProblem[] => {
  const { plugins, cniVersion, text } = network;
  const problems: ValidationProblem[] = [];
  if (!isSpecVersion(cniVersion)) problems.push({ severity: "error", message: `version ${cniVersion} of CNI is not known` });
  const makers = plugins.filter(({ type }) => INTERFACE_PLUGINS.includes(type));
  const [first, second] = makers;
  if (first !== undefined && second !== undefined)
    problems.push({
      severity: "error",
      plugin: second.type,
      message: `${first.type} and ${second.type} both make the container's interface, of which there can be one: the second one will fail`,
    });
  const head = plugins[0];
  if (head !== undefined && CHAINED_PLUGINS.includes(head.type))
    problems.push({
      severity: "error",
      plugin: head.type,
      message: `${head.type} stands first, but works on the result of another plugin`,
    });
  for (const { key, line } of findDuplicateKeys(text))
    problems.push({ severity: "warning", message: `key "${key}" stands twice in one object, again in line ${line}: the last one counts` });
  for (const { type, json } of plugins)
    for (const key of Object.keys(json).filter(isReserved))
      problems.push({ severity: "warning", plugin: type, message: `key "${key}" belongs to the runtime, which may write over it` });
  return problems;
};

/** What the plugin itself says about the version. */
const askPlugin = async (
  context: VerbContext,
  { type, cniVersion }: { readonly type: string; readonly cniVersion: string },
  options: VerbOptions,
): Promise<readonly ValidationProblem[]> => {
  try {
    const versions = await askVersions(context, type, options);
    if (versions.includes(cniVersion)) return [];
    return [{ severity: "error", plugin: type, message: `plugin ${type} does not support CNI ${cniVersion}, only ${versions.join(", ")}` }];
  } catch (error) {
    if (!isCniError(error)) throw error;
    return [{ severity: "error", plugin: type, message: error.message }];
  }
};

const namesOf = ({ type, ipamType }: PluginConfig): readonly string[] =>
  ipamType === undefined || ipamType === "" ? [type] : [type, ipamType];

/** Whether a network can work: its plugins and address managers are there and speak its version, and its text makes sense. */
export const validateNetwork = async (context: VerbContext, network: NetworkConfig, options: VerbOptions): Promise<NetworkValidation> => {
  const { cniVersion, plugins } = network;
  const types = [...new Set(plugins.flatMap(namesOf))];
  const answers: ValidationProblem[] = [];
  for (const type of types) answers.push(...(await askPlugin(context, { type, cniVersion }, options)));
  const capabilities = [...new Set(plugins.flatMap((plugin) => plugin.capabilities))].toSorted();
  return { capabilities, problems: [...inspectConfig(network), ...answers] };
};
