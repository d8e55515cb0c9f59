import type { Clock } from "@nk/stdx";
import { systemClock } from "@nk/stdx";
import type { CgroupReader } from "./cgroup/cgroup-reader.ts";
import { createCgroupReader } from "./cgroup/cgroup-reader.ts";
import type { ProcessDetail } from "./cgroup/processes.ts";
import { parseDeviceNames } from "./disk-stats.ts";
import { createKeptFiles } from "./kept-files.ts";
import type { StatsLayout } from "./layout.ts";
import { findLayout, listCgroups } from "./layout.ts";
import { readMachine } from "./machine/memory.ts";
import type { CgroupStats, Snapshot } from "./model.ts";
import { createNetworkReader } from "./network.ts";
import { createReaders } from "./readers.ts";
import { readOpenFileLimit } from "./task-limits.ts";

export interface CollectorOptions {
  /** Where cgroups are mounted. Default /sys/fs/cgroup. */
  readonly cgroupRoot?: string;
  /** Where the machine's processes are listed. Default /proc. */
  readonly procRoot?: string;
  /**
   * Files kept open at most; those beyond are opened for each read. A cgroup needs about 22. Default: a quarter of what this process may
   * open, 8192 at most.
   */
  readonly maxOpenFiles?: number;
  /** Reads between two turns of the event loop. Default 250, which take half a millisecond or so. */
  readonly readsPerSlice?: number;
  /** Collections after which the files of a cgroup that nobody asked for are closed. Default 4. */
  readonly idleCollections?: number;
  readonly clock?: Clock;
}

export interface CollectRequest {
  /** Which cgroups. Default: all there are, `/` among them. */
  readonly paths?: readonly string[];
  /** A process in the network namespace of a cgroup, by the cgroup's path, e.g. the first process of a pod's sandbox. `/` is process 1. */
  readonly networkPids?: ReadonlyMap<string, number>;
  /** Default `count`. */
  readonly processes?: ProcessDetail;
  readonly signal?: AbortSignal;
}

/** Reads cgroups on request; it has no timer of its own. */
export interface Collector extends Disposable {
  /** The trees; found at the first call of any method. Throws `not-mounted`. */
  layout(): StatsLayout;
  /** Every cgroup there is, `/` first, parents before children. */
  list(): readonly string[];
  /**
   * Reads cgroups in slices, between which the event loop turns. A cgroup that does not exist, or vanishes meanwhile, is left out.
   * Collections run one after the other.
   */
  collect(request?: CollectRequest): Promise<Snapshot>;
  /** Reads one cgroup at once; undefined when it does not exist. */
  read(path: string, request?: Omit<CollectRequest, "paths" | "signal">): CgroupStats | undefined;
  /** Closes every file. */
  close(): void;
}

const MOST_OPEN_FILES = 8192;

/** The rest of the program needs files and sockets, too. */
const defaultMaxOpenFiles = (): number => {
  const limit = readOpenFileLimit({ pid: "self" }) ?? 1024;
  return limit < 0 ? MOST_OPEN_FILES : Math.min(MOST_OPEN_FILES, Math.floor(limit / 4));
};

const normalize = (path: string): string => `/${path.split("/").filter(Boolean).join("/")}`;

/** A path that leads out of the tree is no cgroup's. */
const leadsOut = (path: string): boolean => path.split("/").includes("..");

/** Makes a collector; nothing is read before the first call. */
export const createCollector = (options: CollectorOptions = {}): Collector => {
  const { cgroupRoot = "/sys/fs/cgroup", procRoot = "/proc", clock = systemClock } = options;
  const { maxOpenFiles = defaultMaxOpenFiles(), readsPerSlice = 250, idleCollections = 4 } = options;
  const files = createKeptFiles(maxOpenFiles);
  let found: StatsLayout | undefined;
  let last: Promise<unknown> = Promise.resolve();

  const layout = (): StatsLayout => (found ??= findLayout(cgroupRoot));

  const create = (path: string): CgroupReader => createCgroupReader({ layout: layout(), path, files, procRoot, clock });
  const readers = createReaders({ create, files, idleCollections });

  const prepare = (request: Omit<CollectRequest, "paths" | "signal">): ((path: string) => CgroupStats | undefined) => {
    const machine = readMachine(files, procRoot);
    const nameOf = parseDeviceNames(files.read(`${procRoot}/diskstats`));
    const readNetwork = createNetworkReader(procRoot);
    const { networkPids, processes = "count" } = request;
    return (path) => {
      if (leadsOut(path)) return undefined;
      const pid = networkPids?.get(path) ?? (path === "/" ? 1 : undefined);
      const network = pid === undefined ? undefined : readNetwork(pid);
      const stats = readers.of(path).read({ nameOf, machine, processes, network });
      if (stats === undefined) readers.forget(path);
      return stats;
    };
  };

  const collectNow = async (request: CollectRequest): Promise<Snapshot> => {
    const { signal } = request;
    signal?.throwIfAborted();
    const readEach = prepare(request);
    const paths = request.paths?.map(normalize) ?? listCgroups(layout());
    const cgroups = new Map<string, CgroupStats>();
    let sliceEnd = files.reads + readsPerSlice;
    for (const path of paths) {
      const stats = readEach(path);
      if (stats !== undefined) cgroups.set(path, stats);
      if (files.reads < sliceEnd) continue;
      await clock.sleep(0, { signal });
      sliceEnd = files.reads + readsPerSlice;
    }
    readers.endCollection();
    return { timeMs: clock.nowMs(), cgroupVersion: layout().version, cgroups };
  };

  let readsOfOne = 0;
  /** So many as there are readers count as a collection: who only ever reads one by one would keep the files of all that ever were. */
  const readOne: Collector["read"] = (path, request = {}) => {
    const stats = prepare(request)(normalize(path));
    readsOfOne += 1;
    if (readsOfOne >= readers.size) {
      readsOfOne = 0;
      readers.endCollection();
    }
    return stats;
  };

  const close = (): void => {
    readers.clear();
    files.close();
  };

  return {
    layout,
    list: () => listCgroups(layout()),
    collect: (request = {}) => {
      const next = last.then(() => collectNow(request));
      last = next.catch(() => undefined);
      return next;
    },
    read: readOne,
    close,
    [Symbol.dispose]: close,
  };
};
