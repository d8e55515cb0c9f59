import { readdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CniError, errnoOf, isCniError, messageOf } from "./errors.ts";
import { parseNetworkConfig, parsePluginConfig, toNetworkConfig } from "./network-config.ts";
import type { NetworkConfig, PluginConfig } from "./network-config.ts";

/** Limits and abort of reading configurations. */
export interface ReadConfigOptions {
  /** The longest file that is read, in bytes; default 1 MiB. */
  readonly maxFileBytes?: number | undefined;
  /** The most files of one directory that are read; default 1,000. */
  readonly maxFiles?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One file of a configuration directory. */
export type NetworkConfigFile =
  | { readonly path: string; readonly network: NetworkConfig }
  | { readonly path: string; readonly error: CniError };

const unreadable = (path: string, error: unknown): CniError => {
  const reasons: { readonly [errno: string]: string } = {
    ENOENT: "there is no such file",
    EACCES: "permission denied",
    ENOTDIR: "a directory is wanted, and it is a file",
  };
  return new CniError("invalid-config", `cannot read ${path}: ${reasons[errnoOf(error)] ?? messageOf(error)}`, { path, cause: error });
};

const readText = async (path: string, { maxFileBytes = 1 << 20, signal }: ReadConfigOptions): Promise<string> => {
  signal?.throwIfAborted();
  const refuse = (problem: string): CniError => new CniError("invalid-config", `cannot read ${path}: ${problem}`, { path });
  try {
    // Before it is opened: a pipe would keep the opener waiting.
    const facts = await stat(path);
    if (facts.isDirectory()) throw refuse("it is a directory");
    if (!facts.isFile()) throw refuse("it is not a regular file");
    if (facts.size > maxFileBytes) throw refuse(`it is longer than ${maxFileBytes} bytes`);
    return await readFile(path, { encoding: "utf8", signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw isCniError(error) ? error : unreadable(path, error);
  }
};

/** What follows the last dot, the dot included; unlike node:path's this is all of ".conf", as for Go. */
const extensionOf = (name: string): string => (name.includes(".") ? name.slice(name.lastIndexOf(".")) : "");

/** The files of a directory with one of these extensions, in the order in which libcni takes them; none when there is no directory. */
const listFiles = async (dir: string, extensions: readonly string[], options: ReadConfigOptions): Promise<readonly string[]> => {
  const { maxFiles = 1_000, signal } = options;
  signal?.throwIfAborted();
  try {
    const entries = await readdir(dir, { withFileTypes: true });
    const names = entries.filter((entry) => !entry.isDirectory() && extensions.includes(extensionOf(entry.name))).map(({ name }) => name);
    if (names.length > maxFiles)
      throw new CniError("invalid-config", `cannot read ${dir}: it has more than ${maxFiles} configurations`, { path: dir });
    return names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))).map((name) => join(dir, name));
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw isCniError(error) ? error : unreadable(dir, error);
  }
};

/** The plugins in the folder beside the file which is called like the network. */
const readPluginDirectory = async (dir: string, options: ReadConfigOptions): Promise<readonly PluginConfig[]> => {
  const plugins: PluginConfig[] = [];
  for (const path of await listFiles(dir, [".conf"], options)) plugins.push(parsePluginConfig(await readText(path, options), { path }));
  return plugins;
};

/**
 * Reads a network from a `.conflist` file and, unless it forbids that, from the folder of plugins beside it that has the network's name.
 * @throws CniError "invalid-config"
 */
export const readNetworkConfigFile = async (path: string, options: ReadConfigOptions = {}): Promise<NetworkConfig> => {
  const network = parseNetworkConfig(await readText(path, options), { path });
  const added = network.loadOnlyInlinedPlugins ? [] : await readPluginDirectory(join(dirname(path), network.name), options);
  const plugins = [...network.plugins, ...added];
  if (plugins.length === 0)
    throw new CniError("invalid-config", `cannot read the network configuration ${path}: it has no plugins`, { path });
  return { ...network, plugins };
};

/** Reads a network from an old `.conf` or `.json` file of a single plugin. */
const readSinglePluginFile = async (path: string, options: ReadConfigOptions): Promise<NetworkConfig> =>
  toNetworkConfig(parsePluginConfig(await readText(path, options), { path }), { path });

/** Reads a network from any file: a `.conflist`, or the `.conf` or `.json` of a single plugin. */
export const readAnyConfigFile = (path: string, options: ReadConfigOptions = {}): Promise<NetworkConfig> =>
  path.endsWith(".conflist") ? readNetworkConfigFile(path, options) : readSinglePluginFile(path, options);

/**
 * Finds a network by its name as libcni does: first the `.conflist` files in the order of their names, then the `.conf` and `.json` files of
 * single plugins; the first one of that name counts. A file on the way that cannot be read ends the search, as there: it might be the one.
 * @throws CniError "config-not-found" or "invalid-config"
 */
export const loadNetworkConfig = async (dir: string, name: string, options: ReadConfigOptions = {}): Promise<NetworkConfig> => {
  const lists = await listFiles(dir, [".conflist"], options);
  for (const path of lists) {
    const network = await readNetworkConfigFile(path, options);
    if (network.name === name) return network;
  }
  const singles = await listFiles(dir, [".conf", ".json"], options);
  for (const path of singles) {
    const text = await readText(path, options);
    const plugin = parsePluginConfig(text, { path });
    if (plugin.json["name"] === name) return toNetworkConfig(plugin, { path });
  }
  const seen = lists.length + singles.length;
  const found = seen === 0 ? "there are no configurations" : `none of the ${seen} configurations there has that name`;
  throw new CniError("config-not-found", `cannot find network ${JSON.stringify(name)} in ${dir}: ${found}`, { path: dir });
};

/**
 * Every configuration of a directory, the broken ones with their error, in one order by name: that in which container runtimes choose the
 * first one as their default network.
 * @throws CniError "invalid-config" when the directory itself cannot be read
 */
export const listNetworkConfigs = async (dir: string, options: ReadConfigOptions = {}): Promise<readonly NetworkConfigFile[]> => {
  const files: NetworkConfigFile[] = [];
  for (const path of await listFiles(dir, [".conflist", ".conf", ".json"], options)) {
    try {
      files.push({ path, network: await readAnyConfigFile(path, options) });
    } catch (error) {
      if (!isCniError(error)) throw error;
      files.push({ path, error });
    }
  }
  return files;
};
