import { CniError, messageOf } from "./errors.ts";
import { createFieldReader, describeJson } from "./fields.ts";
import type { FieldReader } from "./fields.ts";
import type { JsonObject, JsonValue } from "./go-json.ts";
import { isJsonObject, writeGoJson } from "./go-json.ts";
import { parseJsonText } from "./json-text.ts";
import { compareSpecVersions, CURRENT_SPEC_VERSION, UNVERSIONED } from "./spec-version.ts";

/** One plugin of a network. */
export interface PluginConfig {
  /** The name of its executable. */
  readonly type: string;
  /** The capabilities it declares: for which of them it is given the attachment's arguments. */
  readonly capabilities: readonly string[];
  /** The address manager it delegates to, if any. */
  readonly ipamType: string | undefined;
  /** The whole object: plugins get what this package does not know, too. */
  readonly json: JsonObject;
}

/** A network: what a conflist file says, or what a single plugin's conf file amounts to. */
export interface NetworkConfig {
  readonly name: string;
  /** The newest version of those that the file allows and this package knows; 0.1.0 when it names none. */
  readonly cniVersion: string;
  readonly disableCheck: boolean;
  readonly disableGC: boolean;
  readonly loadOnlyInlinedPlugins: boolean;
  readonly plugins: readonly PluginConfig[];
  /** The file's own text, which goes into the result cache. */
  readonly text: string;
  /** The file it comes from. */
  readonly path?: string | undefined;
}

/** Where a text comes from, for messages. */
export interface ConfigSource {
  readonly path?: string | undefined;
}

const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/;

/** Whether a network may be called so, and a container have such an id (SPEC.md 1.1.0, section 1 and 2). */
export const isCniName = (name: string): boolean => NAME.test(name);

const failureAt =
  (what: string, { path }: ConfigSource) =>
  (field: string, problem: string): CniError =>
    new CniError(
      "invalid-config",
      `cannot read ${what}${path === undefined ? "" : ` ${path}`}: ${field}${field === "" ? "" : " "}${problem}`,
      { path },
    );

const parseObject = (text: string, what: string, source: ConfigSource): JsonObject => {
  const parsed = parseJsonText(text);
  const fail = failureAt(what, source);
  if ("problem" in parsed) throw fail("", parsed.problem);
  if (!isJsonObject(parsed.value)) throw fail("", "it is not a JSON object");
  return parsed.value;
};

/** A plugin's object, with what this package reads of it checked. */
const readPlugin = (json: JsonObject, where: string, fail: (field: string, problem: string) => CniError): PluginConfig => {
  const reader = createFieldReader(json, where, fail);
  const type = reader.string("type") ?? "";
  if (type === "") reader.reject("type", "the name of a plugin's executable");
  reader.string("name");
  reader.string("cniVersion");
  const capabilities = json["capabilities"] ?? {};
  if (!isJsonObject(capabilities)) return reader.reject("capabilities", "an object");
  for (const [name, isOn] of Object.entries(capabilities))
    if (typeof isOn !== "boolean")
      throw fail(`${where === "" ? "" : `${where}.`}capabilities.${name}`, `must be true or false, not ${describeJson(isOn)}`);
  return {
    type,
    capabilities: Object.keys(capabilities).filter((name) => capabilities[name] === true),
    ipamType: reader.object("ipam")?.string("type"),
    json,
  };
};

/**
 * Reads one plugin's object: a `.conf` file, or a file of a network's plugin directory.
 * @throws CniError "invalid-config"
 */
export const parsePluginConfig = (text: string, source: ConfigSource = {}): PluginConfig => {
  const what = "the plugin configuration";
  return readPlugin(parseObject(text, what, source), "", failureAt(what, source));
};

/** true, false, and as libcni takes them "true" and "False". */
const readSwitch = (reader: FieldReader, json: JsonObject, key: string): boolean => {
  const value = json[key];
  if (value === undefined || typeof value === "boolean") return value ?? false;
  const text = typeof value === "string" ? value.toLowerCase() : "";
  if (text === "true" || text === "false") return text === "true";
  return reader.reject(key, "true or false");
};

/** The newest version among `cniVersion` and `cniVersions` that this package knows; without `cniVersions` what `cniVersion` says. */
const selectVersion = (reader: FieldReader, fail: (field: string, problem: string) => CniError): string => {
  const single = reader.string("cniVersion") ?? "";
  const listed = reader.strings("cniVersions");
  try {
    if (listed === undefined) {
      compareSpecVersions({ version: single, other: CURRENT_SPEC_VERSION });
      return single === "" ? UNVERSIONED : single;
    }
    const all = single === "" ? listed : [...listed, single];
    const known = all.filter((version) => compareSpecVersions({ version, other: CURRENT_SPEC_VERSION }) <= 0);
    const newest = known.toSorted((version, other) => compareSpecVersions({ version, other })).at(-1) ?? single;
    return newest === "" ? UNVERSIONED : newest;
  } catch (error) {
    throw fail("", messageOf(error));
  }
};

/**
 * Reads a network: the text of a `.conflist` file. It may have no plugins when they are to come from the network's plugin directory.
 * @throws CniError "invalid-config"
 */
export const parseNetworkConfig = (text: string, source: ConfigSource = {}): NetworkConfig => {
  const what = "the network configuration";
  const fail = failureAt(what, source);
  const json = parseObject(text, what, source);
  const reader = createFieldReader(json, "", fail);
  const name = reader.string("name") ?? "";
  if (!isCniName(name)) reader.reject("name", "a network's name: letters, digits, and after the first one also . _ and -");
  const loadOnlyInlinedPlugins = readSwitch(reader, json, "loadOnlyInlinedPlugins");
  const listed = json["plugins"];
  if (listed === undefined && loadOnlyInlinedPlugins) throw fail("loadOnlyInlinedPlugins", "is true, but there are no plugins");
  if (listed !== undefined && !(Array.isArray(listed) && listed.length > 0)) reader.reject("plugins", "a list of at least one plugin");
  const plugins = ((listed ?? []) as readonly JsonValue[]).map((plugin, index) => {
    if (!isJsonObject(plugin)) throw fail(`plugins[${index}]`, `must be an object, not ${describeJson(plugin)}`);
    return readPlugin(plugin, `plugins[${index}]`, fail);
  });
  return {
    name,
    cniVersion: selectVersion(reader, fail),
    disableCheck: readSwitch(reader, json, "disableCheck"),
    disableGC: readSwitch(reader, json, "disableGC"),
    loadOnlyInlinedPlugins,
    plugins,
    text,
    path: source.path,
  };
};

/**
 * The network that a single plugin's configuration amounts to: the old `.conf` format turned into a conflist.
 * @throws CniError "invalid-config" when it has no name
 */
export const toNetworkConfig = (plugin: PluginConfig, source: ConfigSource = {}): NetworkConfig => {
  const { name = "", cniVersion = "" } = plugin.json;
  return parseNetworkConfig(writeGoJson({ name, cniVersion, plugins: [plugin.json] }), source);
};

/**
 * The single plugin's configuration that a network amounts to: a conflist turned into the old `.conf` format.
 * @throws CniError "unsupported" unless it has exactly one plugin and none of the switches that only a conflist has
 */
export const toPluginConfig = (network: NetworkConfig): PluginConfig => {
  const [plugin, ...others] = network.plugins;
  if (plugin === undefined || others.length > 0)
    throw new CniError(
      "unsupported",
      `cannot write network ${network.name} as a single plugin's configuration: it has ${network.plugins.length} plugins`,
    );
  if (network.disableCheck || network.disableGC)
    throw new CniError(
      "unsupported",
      `cannot write network ${network.name} as a single plugin's configuration: disableCheck and disableGC need a list`,
    );
  return { ...plugin, json: { ...plugin.json, name: network.name, cniVersion: network.cniVersion } };
};
