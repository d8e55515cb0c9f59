import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@nk/stdx";
import type { AttachmentId, WholeAttachment } from "./attachment.ts";
import { DEFAULT_IF_NAME } from "./attachment.ts";
import type { CapabilityArgs } from "./capability-args.ts";
import { CniError, errnoOf, isCniError, messageOf } from "./errors.ts";
import { createFieldReader, describeJson } from "./fields.ts";
import type { JsonObject, JsonValue } from "./go-json.ts";
import { isJsonObject, writeGoJson } from "./go-json.ts";
import { parseJsonText } from "./json-text.ts";
import { parseResult } from "./result.ts";
import type { CniResult } from "./result.ts";
import { formatResult } from "./result-writing.ts";

/** What marks a file of libcni's cache (libcni/api.go v1.3, CNICacheV1). */
const KIND = "cniCacheV1";

/** What the cache knows about one attachment. */
export interface CachedAttachment extends WholeAttachment {
  readonly networkName: string;
  /** The text of the network's configuration when it was added; empty in files of libcni before 0.8. */
  readonly configText: string;
  readonly result: CniResult;
}

/** A file of the cache: its name and what it says. */
export interface CacheKey {
  readonly networkName: string;
  readonly containerId: string;
  readonly ifName: string;
}

/** Which attachments to list. */
export interface AttachmentFilter {
  readonly networkName?: string | undefined;
  readonly containerId?: string | undefined;
}

/** The results of earlier additions, in libcni's files. */
export interface ResultCache {
  write(entry: CachedAttachment): Promise<void>;
  /** Undefined when there is none. Rejects with "cache-failed" or "incompatible-version" for a file that cannot be used. */
  read(key: CacheKey): Promise<CachedAttachment | undefined>;
  remove(key: CacheKey): Promise<void>;
  /** All that can be read, in the order of their files' names. */
  list(filter?: AttachmentFilter): Promise<readonly CachedAttachment[]>;
}

/** The key of an attachment. */
export const cacheKeyOf = (networkName: string, { containerId, ifName = DEFAULT_IF_NAME }: AttachmentId): CacheKey => ({
  networkName,
  containerId,
  ifName,
});

const fileNameOf = ({ networkName, containerId, ifName }: CacheKey): string => `${networkName}-${containerId}-${ifName}`;

/** The keys of the map in Go's order; what is below them as the caller wrote it, as from the structs that a Go caller gives. */
const writeCapabilityArgs = (args: CapabilityArgs): string => {
  const names = Object.keys(args).filter((name) => args[name] !== undefined);
  const fields = names
    .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map((name) => `${writeGoJson(name)}:${writeGoJson(args[name] as JsonValue, "given")}`);
  return fields.length === 0 ? "" : `{${fields.join(",")}}`;
};

/** The text of a cache file, byte for byte as libcni writes it. */
export const formatCacheEntry = (entry: CachedAttachment): string => {
  const { containerId, configText, ifName, networkName, netns, args, capabilityArgs, result } = entry;
  const fields: readonly (readonly [key: string, json: string])[] = [
    ["kind", writeGoJson(KIND)],
    ["containerId", writeGoJson(containerId)],
    ["config", writeGoJson(Buffer.from(configText).toString("base64"))],
    ["ifName", writeGoJson(ifName)],
    ["networkName", writeGoJson(networkName)],
    ["netns", netns === "" ? "" : writeGoJson(netns)],
    ["cniArgs", args.length === 0 ? "" : writeGoJson(args)],
    ["capabilityArgs", writeCapabilityArgs(capabilityArgs)],
    ["result", writeGoJson(formatResult(result))],
  ];
  return `{${fields.flatMap(([key, json]) => (json === "" ? [] : [`"${key}":${json}`])).join(",")}}`;
};

const readPairs = (value: JsonValue | undefined): readonly (readonly [string, string])[] =>
  (Array.isArray(value) ? (value as readonly JsonValue[]) : []).flatMap((pair) =>
    Array.isArray(pair) && typeof pair[0] === "string" && typeof pair[1] === "string" ? [[pair[0], pair[1]] as const] : [],
  );

/**
 * Reads the text of a cache file, of which libcni before 0.8 wrote the bare result.
 * @throws CniError "cache-failed", or "incompatible-version" for a result that is newer than this package
 */
export const parseCacheEntry = (text: string, key: CacheKey): CachedAttachment => {
  const fail = (problem: string, cause?: unknown): CniError =>
    new CniError("cache-failed", `cannot use the cached result ${fileNameOf(key)}: ${problem}`, { cause });
  const parsed = parseJsonText(text);
  if ("problem" in parsed) throw fail(parsed.problem);
  if (!isJsonObject(parsed.value)) throw fail("it is not a JSON object");
  const json: JsonObject = parsed.value;
  const readResult = (value: JsonValue | undefined): CniResult => {
    try {
      return parseResult(value ?? {});
    } catch (error) {
      if (isCniError(error) && error.code === "incompatible-version") throw error;
      throw fail(messageOf(error), error);
    }
  };
  if (json["kind"] !== KIND) {
    if (json["kind"] !== undefined) throw fail(`it is of the unknown kind ${describeJson(json["kind"])}`);
    return { ...key, netns: "", configText: "", args: [], capabilityArgs: {}, result: readResult(json) };
  }
  const reader = createFieldReader(json, "", (path, problem) => fail(`${path} ${problem}`));
  const capabilityArgs = json["capabilityArgs"];
  return {
    containerId: reader.string("containerId") ?? "",
    networkName: reader.string("networkName") ?? "",
    ifName: reader.string("ifName") ?? "",
    netns: reader.string("netns") ?? "",
    configText: Buffer.from(reader.string("config") ?? "", "base64").toString("utf8"),
    args: readPairs(json["cniArgs"]),
    capabilityArgs: isJsonObject(capabilityArgs) ? capabilityArgs : {},
    result: readResult(json["result"]),
  };
};

/** The longest cache file that is read; libcni's are a few KiB. */
const MAX_FILE_BYTES = 4 << 20;

const readText = async (path: string): Promise<string | undefined> => {
  try {
    const refuse = (problem: string): CniError =>
      new CniError("cache-failed", `cannot use the cached result ${path}: ${problem}`, { path });
    // Before it is opened: a pipe would keep the opener waiting.
    const facts = await stat(path);
    if (!facts.isFile()) throw refuse("it is not a regular file");
    if (facts.size > MAX_FILE_BYTES) throw refuse(`it is longer than ${MAX_FILE_BYTES} bytes`);
    return await readFile(path, "utf8");
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw isCniError(error)
      ? error
      : new CniError("cache-failed", `cannot read the cached result ${path}: ${messageOf(error)}`, { path, cause: error });
  }
};

const isWanted = (entry: CachedAttachment, { networkName, containerId }: AttachmentFilter): boolean =>
  (networkName === undefined || entry.networkName === networkName) && (containerId === undefined || entry.containerId === containerId);

/** The cache below `cacheDir`; nothing is read or made before it is used. */
export const createResultCache = (cacheDir: string): ResultCache => {
  const dir = join(cacheDir, "results");
  const pathOf = (key: CacheKey): string => join(dir, fileNameOf(key));
  return {
    write: async (entry) => {
      const path = pathOf(entry);
      try {
        await mkdir(dir, { recursive: true, mode: 0o700 });
        await writeFileAtomic(path, formatCacheEntry(entry), { mode: 0o600, fsync: false });
      } catch (error) {
        throw new CniError("cache-failed", `cannot write the result to ${path}: ${messageOf(error)}`, { path, cause: error });
      }
    },
    read: async (key) => {
      const text = await readText(pathOf(key));
      return text === undefined ? undefined : parseCacheEntry(text, key);
    },
    remove: async (key) => {
      const path = pathOf(key);
      await rm(path, { force: true }).catch((error: unknown) => {
        throw new CniError("cache-failed", `cannot remove the cached result ${path}: ${messageOf(error)}`, { path, cause: error });
      });
    },
    list: async (filter = {}) => {
      const names = await readdir(dir).catch((error: unknown) => {
        if (errnoOf(error) === "ENOENT") return [];
        throw new CniError("cache-failed", `cannot list the cached results in ${dir}: ${messageOf(error)}`, { path: dir, cause: error });
      });
      const found: CachedAttachment[] = [];
      for (const name of names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))) {
        const { containerId } = filter;
        // A name that does not hold the id cannot be the container's: most files need not be read.
        if (containerId !== undefined && !name.includes(`-${containerId}-`)) continue;
        const entry = await readEntry(join(dir, name));
        // What a killed writer left behind, copies, and names that lead elsewhere: nobody could remove such an entry by what it says.
        if (entry !== undefined && fileNameOf(entry) === name && isWanted(entry, filter)) found.push(entry);
      }
      return found;
    },
  };
};

/** An entry that says itself whose it is; files of other kinds, broken and vanished ones are none, as for libcni. */
const readEntry = async (path: string): Promise<CachedAttachment | undefined> => {
  try {
    const text = await readText(path);
    const entry = text === undefined ? undefined : parseCacheEntry(text, { networkName: "", containerId: "", ifName: "" });
    return entry === undefined || entry.networkName === "" || entry.ifName === "" ? undefined : entry;
  } catch {
    return undefined;
  }
};
