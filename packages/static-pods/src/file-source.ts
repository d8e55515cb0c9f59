import { readdir } from "node:fs/promises";
import { basename, isAbsolute, join, normalize } from "node:path";
import type { Pod, SourceProblem } from "@nk/pod-model";
import { noopLogger, systemClock } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import { StaticPodsError } from "./errors.ts";
import { mergeFiles } from "./file-set.ts";
import type { FileRecord } from "./file-set.ts";
import { keepUnchangedPods } from "./keep-unchanged.ts";
import { readManifest } from "./manifest.ts";
import { DEFAULT_CHECK_MS, DEFAULT_MAX_BYTES, MIN_CHECK_MS } from "./options.ts";
import type { FileSourceOptions, PodSourceDriver } from "./options.ts";
import { createPathWatcher } from "./path-watcher.ts";
import type { PathKind } from "./path-watcher.ts";
import { createPublisher } from "./publisher.ts";
import { readManifestFile, SETTLE_MS } from "./read-file.ts";
import { createWakeUp } from "./wake-up.ts";

/** Files read at the same time. */
const READ_CONCURRENCY = 8;

/** Which files have to be read in a scan: those named, or all. */
type Dirty = { all: boolean; readonly names: Set<string> };

interface Settings {
  readonly path: string;
  readonly recheckMs: number;
  readonly maxFileBytes: number;
  readonly maxFiles: number;
  readonly clock: Clock;
}

const readSettings = (options: FileSourceOptions): Settings => {
  const { path, recheckMs = DEFAULT_CHECK_MS } = options;
  if (!isAbsolute(path)) throw new StaticPodsError("invalid-option", `create file source: path ${JSON.stringify(path)} is not absolute`);
  if (options.nodeName === "") throw new StaticPodsError("invalid-option", "create file source: node name is empty");
  return {
    path: normalize(path).replace(/(?<=.)\/$/u, ""),
    recheckMs: Math.max(MIN_CHECK_MS, recheckMs),
    maxFileBytes: options.maxFileBytes ?? DEFAULT_MAX_BYTES,
    maxFiles: options.maxFiles ?? 1000,
    clock: options.clock ?? systemClock,
  };
};

const codeOf = (error: unknown): string => (error instanceof Error && "code" in error ? String(error.code) : "unknown");

/** Paths at or below the source's path that may be manifests, sorted; undefined keeps what was there, because it can't be known. */
interface Listing {
  readonly paths: readonly string[] | undefined;
  readonly problems: readonly SourceProblem[];
}

const listFiles = async (kind: PathKind, { path, maxFiles }: Settings): Promise<Listing> => {
  if (kind === "missing") return { paths: [], problems: [] };
  if (kind === "file") return { paths: [path], problems: [] };
  try {
    const entries = await readdir(path, { withFileTypes: true });
    const names = entries.filter((entry) => !entry.isDirectory() && !entry.name.startsWith(".")).map((entry) => entry.name);
    const paths = names.toSorted().map((name) => join(path, name));
    const problems =
      paths.length > maxFiles ? [{ location: path, message: `holds ${paths.length} files, of which only ${maxFiles} are read` }] : [];
    return { paths: paths.slice(0, maxFiles), problems };
  } catch (error) {
    if (codeOf(error) === "ENOENT") return { paths: [], problems: [] };
    return { paths: undefined, problems: [{ location: path, message: `list directory: ${codeOf(error)}` }] };
  }
};

/** Reads one file and says what is known of it then; undefined when it is not there. */
const createFileReader = (options: FileSourceOptions, settings: Settings) => {
  const { clock, maxFileBytes } = settings;

  const interpret = (path: string, text: string): { readonly pods: readonly Pod[]; readonly problems: readonly SourceProblem[] } =>
    readManifest(text, {
      source: "file",
      location: path,
      nodeName: options.nodeName,
      seenMs: clock.nowMs(),
      isFieldSupported: options.isFieldSupported,
      maxPods: options.maxPods,
    });

  return async (path: string, known: FileRecord | undefined, signal: AbortSignal): Promise<FileRecord | undefined> => {
    const stay = (digest: string, problems: readonly SourceProblem[]): FileRecord => ({ path, digest, pods: known?.pods ?? [], problems });
    let reading = await readManifestFile(path, { maxFileBytes, clock, signal });
    for (let isLastLook = false; ; isLastLook = true) {
      if (reading.type === "absent") return undefined;
      if (reading.type === "problem") return stay(reading.digest ?? "", [{ location: path, message: reading.message }]);
      if (known !== undefined && reading.digest === known.digest) return known;
      const manifest = interpret(path, reading.text);
      if (manifest.problems.length === 0) {
        return { path, digest: reading.digest, pods: keepUnchangedPods(manifest.pods, known?.pods ?? []), problems: [] };
      }
      if (isLastLook) return stay(reading.digest, manifest.problems);
      // What can't be understood may be half of something that can: one more look before anybody is told.
      await clock.sleep(SETTLE_MS * 2, { signal });
      reading = await readManifestFile(path, { maxFileBytes, clock, signal });
    }
  };
};

/**
 * Pods from the manifests in a directory, or in one file. Reads everything once, then whatever inotify names, and everything again each
 * `recheckMs`. Throws `invalid-option` for a path that is not absolute or an empty node name.
 */
export const createFileSource = (options: FileSourceOptions): PodSourceDriver => {
  const settings = readSettings(options);
  const { path: root, clock, recheckMs } = settings;
  const logger = (options.logger ?? noopLogger).child({ path: root });
  const readOne = createFileReader(options, settings);

  const run = async (signal: AbortSignal): Promise<void> => {
    const publisher = createPublisher("file", options);
    const wakeUp = createWakeUp(clock);
    let dirty: Dirty = { all: true, names: new Set() };
    let files: ReadonlyMap<string, FileRecord> = new Map();
    let owners: ReadonlyMap<string, string> = new Map();
    let isListed = false;

    using watcher = createPathWatcher(
      root,
      (name) => {
        if (name === undefined) dirty.all = true;
        else if (dirty.names.size < settings.maxFiles) dirty.names.add(name);
        else dirty.all = true;
        wakeUp.ring();
      },
      logger,
    );

    const readFiles = async (paths: readonly string[], what: Dirty): Promise<ReadonlyMap<string, FileRecord>> => {
      const next = new Map<string, FileRecord>();
      const waiting = paths.entries();
      const work = async (): Promise<void> => {
        for (const [, path] of waiting) {
          const known = files.get(path);
          const isDirty = what.all || known === undefined || what.names.has(basename(path));
          const record = isDirty ? await readOne(path, known, signal) : known;
          if (record !== undefined) next.set(path, record);
        }
      };
      await Promise.all(Array.from({ length: READ_CONCURRENCY }, work));
      return next;
    };

    const scan = async (what: Dirty): Promise<void> => {
      const startMs = clock.monotonicMs();
      let listing: Listing;
      try {
        listing = await listFiles(await watcher.follow(), settings);
      } catch (error) {
        listing = { paths: undefined, problems: [{ location: root, message: `look at path: ${codeOf(error)}` }] };
      }
      if (listing.paths !== undefined) files = await readFiles(listing.paths, what);
      const merged = mergeFiles([...files.values()], owners);
      owners = merged.owners;
      publisher.metrics.read("file", (clock.monotonicMs() - startMs) / 1000);
      // "None" may be said only when it was seen: until a listing succeeds, the pods that run are not known to be unwanted.
      isListed ||= listing.paths !== undefined;
      publisher.publish(isListed ? merged.pods : undefined, [...listing.problems, ...merged.problems]);
    };

    let nextRecheckMs = clock.monotonicMs() + recheckMs;
    while (!signal.aborted) {
      const what = dirty;
      dirty = { all: false, names: new Set() };
      try {
        await scan(what);
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
      const woken = await wakeUp.wait(nextRecheckMs - clock.monotonicMs(), signal);
      if (woken === "timeout" || clock.monotonicMs() >= nextRecheckMs) {
        dirty.all = true;
        nextRecheckMs = clock.monotonicMs() + recheckMs;
      }
    }
  };
  return { run };
};
