import { join } from "node:path";
import type { Clock, MetricRegister } from "@nk/stdx";
import { computeBackoffMs, joinWithin, noopMetrics, promptFiles, systemClock } from "@nk/stdx";
import { attachProcess } from "./attach.ts";
import { ensureInHierarchy } from "./ensure.ts";
import { CgroupsError, errnoOf, isCgroupsError } from "./errors.ts";
import { attemptFreeze, thawTree } from "./freeze.ts";
import { killTree, sendKill } from "./kill.ts";
import type { CgroupLayout, Hierarchy } from "./layout.ts";
import { detectLayout } from "./layout.ts";
import { createCgroupsMetrics } from "./metrics.ts";
import type { PodCgroup, PodCgroupInput, QosClass } from "./names.ts";
import { parsePodCgroupName, qosCgroupDirectory } from "./names.ts";
import type { CgroupResources } from "./resources.ts";
import type { Place } from "./settings.ts";
import { applyResources, readMemoryUsage, readResources } from "./settings.ts";
import { listChildren, listTree, readProcesses, removeEmpty, removeTree } from "./tree.ts";

export interface CgroupsOptions {
  /** Where cgroups are mounted. Default /sys/fs/cgroup. */
  readonly root?: string;
  /** How often a kill or a removal is tried before it fails. Default 10. */
  readonly maxAttempts?: number;
  /** The wait after the first try; doubled after each up to 16 times as much. Default 5. */
  readonly retryInitialMs?: number;
  /** Sends SIGKILL. Default: process.kill. */
  readonly killProcess?: (pid: number) => void;
  readonly clock?: Clock;
  readonly metrics?: MetricRegister;
}

export interface WaitOptions {
  readonly signal?: AbortSignal;
}

/** Cgroups by their path below the mount point, e.g. `/kubepods/besteffort/pod1`; in every tree at once. Calls may overlap. */
export interface Cgroups {
  /** What is mounted; found at the first call of any method. */
  layout(): Promise<CgroupLayout>;
  /**
   * Makes a cgroup and what is above it; what exists is left as it is. `resources` are set if it is new, before it can hold anything; when
   * that fails it is removed again, so that it is new the next time.
   */
  ensure(path: string, resources?: CgroupResources): Promise<void>;
  /**
   * Sets what a cgroup may use; what is not named stays. Throws `invalid-resources`, `controller-missing`, or `failed`, e.g. with EBUSY
   * for a v1 limit of memory below what is used. What was written before the failure stays.
   */
  apply(path: string, resources: CgroupResources): Promise<void>;
  /** What a cgroup may use, as the kernel tells; empty when it does not exist. */
  read(path: string): Promise<CgroupResources>;
  /** Bytes of memory in use in it and below, page cache included; undefined when no tree tells. */
  memoryUsage(path: string): Promise<number | undefined>;
  /** Puts a process, with all its threads, into a cgroup, in every tree. Throws `not-found` when there is no such cgroup or process. */
  attach(path: string, pid: number): Promise<void>;
  /** Stops every process in a cgroup and below it, and waits until they stand. Throws `busy` when some do not, `not-found`. */
  freeze(path: string, options?: WaitOptions): Promise<void>;
  /** Lets them go on. */
  thaw(path: string, options?: WaitOptions): Promise<void>;
  /** The processes in a cgroup and below it, each once, ascending; none when it does not exist. */
  pids(path: string): Promise<readonly number[]>;
  /** Kills every process in a cgroup and below it, frozen ones too, and waits until they are gone. Throws `busy` when some do not go. */
  kill(path: string, options?: WaitOptions): Promise<void>;
  /** Removes a cgroup and those below it, empty ones only; one that does not exist is no error. Throws `busy` when processes stay. */
  remove(path: string, options?: WaitOptions): Promise<void>;
  /**
   * Removes a cgroup with all there is in it: kills first, unless it is empty already. False when there was none. Throws `busy` when
   * processes do not go.
   */
  destroy(path: string, options?: WaitOptions): Promise<boolean>;
  /** The cgroups of all pods, whoever made them: what has no pod any more is an orphan. */
  listPods(naming: Pick<PodCgroupInput, "driver" | "cgroupRoot">): Promise<readonly PodCgroup[]>;
}

const QOS_CLASSES: readonly QosClass[] = ["Guaranteed", "Burstable", "BestEffort"];

/** The parts of a path; refuses the root, because everything runs in it, and anything that leads elsewhere. */
const parsePath = (path: string): readonly string[] => {
  const parts = path.split("/").filter((part) => part !== "");
  if (!path.startsWith("/") || parts.length === 0 || parts.some((part) => part === "." || part === ".."))
    throw new CgroupsError("invalid-path", `use cgroup ${path}: it must be an absolute path below the root`, { path });
  return parts;
};

const wrap = (error: unknown, what: string, path: string): unknown =>
  isCgroupsError(error) || errnoOf(error) === ""
    ? error
    : new CgroupsError("failed", `${what} cgroup ${path}: ${errnoOf(error)}`, { path, cause: error });

const unique = (pids: readonly number[]): readonly number[] => [...new Set(pids)].toSorted((a, b) => a - b);

const findPods = async (hierarchy: Hierarchy, naming: Pick<PodCgroupInput, "driver" | "cgroupRoot">): Promise<readonly PodCgroup[]> => {
  const found = await Promise.all(
    QOS_CLASSES.map(async (qosClass) => {
      const parent = qosCgroupDirectory({ ...naming, qosClass });
      const names = await listChildren(join(hierarchy.mountPoint, parent));
      return names.flatMap((name) => {
        const uid = parsePodCgroupName(name, naming.driver);
        return uid === undefined ? [] : [{ uid, qosClass, path: `${parent}/${name}` }];
      });
    }),
  );
  return found.flat();
};

interface Attempts extends WaitOptions {
  readonly what: string;
  readonly path: string;
  readonly attempt: () => Promise<boolean>;
}

/** Tries until it succeeds; the kernel lets go of a dead process a moment after its end. */
const retry = async (
  attempts: Attempts,
  options: { readonly clock: Clock; readonly maxAttempts: number; readonly retryInitialMs: number },
): Promise<void> => {
  const { what, path, attempt, signal } = attempts;
  const { clock, maxAttempts, retryInitialMs } = options;
  for (let count = 0; count < maxAttempts; count += 1) {
    signal?.throwIfAborted();
    if (await attempt()) return;
    const delayMs = computeBackoffMs({ attempt: count, initialMs: retryInitialMs, maxMs: retryInitialMs * 16 });
    await clock.sleep(delayMs, signal ? { signal } : {});
  }
  throw new CgroupsError("busy", `${what} cgroup ${path}: still in use after ${maxAttempts} attempts`, { path });
};

type InEach = <T>(path: string, what: string, task: (hierarchy: Hierarchy, directory: string) => Promise<T>) => Promise<readonly T[]>;

/** What ends processes and cgroups. */
const createEndings = (parts: {
  readonly inEach: InEach;
  readonly pids: Cgroups["pids"];
  readonly killProcess: NonNullable<CgroupsOptions["killProcess"]>;
  readonly limits: Parameters<typeof retry>[1];
}): {
  readonly kill: Cgroups["kill"];
  readonly removeNow: (path: string, waiting: WaitOptions) => Promise<void>;
  readonly destroyNow: (path: string, waiting: WaitOptions) => Promise<boolean>;
} => {
  const { inEach, pids, killProcess, limits } = parts;
  const kill: Cgroups["kill"] = (path, waiting = {}) => {
    let isFirst = true;
    const attempt = async (): Promise<boolean> => {
      if ((await pids(path)).length === 0) return true;
      await inEach(path, "kill processes of", (hierarchy, directory) => killTree(hierarchy, directory, killProcess));
      if (!isFirst) await inEach(path, "thaw", thawTree);
      isFirst = false;
      return false;
    };
    return retry({ ...waiting, path, what: "kill processes of", attempt }, limits);
  };
  const removeNow = (path: string, waiting: WaitOptions): Promise<void> => {
    const attempt = async (): Promise<boolean> =>
      (await inEach(path, "remove", (_hierarchy, directory) => removeTree(directory))).every(Boolean);
    return retry({ ...waiting, path, what: "remove", attempt }, limits);
  };
  const destroyNow = async (path: string, waiting: WaitOptions): Promise<boolean> => {
    const removals = await inEach(path, "remove", (_hierarchy, directory) => removeEmpty(directory));
    if (!removals.includes("in-use")) return removals.includes("removed");
    await kill(path, waiting);
    await removeNow(path, waiting);
    return true;
  };
  return { kill, removeNow, destroyNow };
};

/** What changes a cgroup that exists. */
const createSettings = (parts: {
  readonly inEach: InEach;
  readonly limits: Parameters<typeof retry>[1];
}): Pick<Cgroups, "apply" | "read" | "memoryUsage" | "attach" | "freeze" | "thaw"> => {
  const { inEach, limits } = parts;
  const placesOf = (path: string, what: string): Promise<readonly Place[]> =>
    inEach(path, what, (hierarchy, directory) => Promise.resolve({ hierarchy, directory }));

  /** Does something to a cgroup whose places are known; what the kernel refuses becomes an error of ours. */
  const inPlaces = async <T>(path: string, what: string, task: (places: readonly Place[]) => Promise<T>): Promise<T> => {
    const places = await placesOf(path, what);
    try {
      return await task(places);
    } catch (error) {
      throw wrap(error, what, path);
    }
  };

  const setFrozen = (path: string, isFrozen: boolean, waiting: WaitOptions): Promise<void> => {
    const what = isFrozen ? "freeze" : "thaw";
    return inPlaces(path, what, (places) =>
      retry({ ...waiting, path, what, attempt: () => attemptFreeze(path, places, isFrozen) }, limits),
    );
  };

  return {
    apply: (path, resources) => inPlaces(path, "apply to", (places) => applyResources(path, { places }, resources)),
    read: (path) => inPlaces(path, "read", readResources),
    memoryUsage: (path) => inPlaces(path, "read", readMemoryUsage),
    attach: async (path, pid) =>
      void (await inEach(path, "attach a process to", (_hierarchy, directory) => attachProcess(path, directory, pid))),
    freeze: (path, waiting = {}) => setFrozen(path, true, waiting),
    thaw: (path, waiting = {}) => setFrozen(path, false, waiting),
  };
};

/** Sets what a new cgroup may use. One that was left without would be found by the next who asks for it, and used without limits. */
const setOrUndo = async (
  path: string,
  places: readonly (Place & { readonly isNew: boolean })[],
  resources: CgroupResources,
): Promise<void> => {
  try {
    await applyResources(path, { places, files: promptFiles }, resources);
  } catch (error) {
    // The first failure is the one to tell.
    await Promise.allSettled(places.filter(({ isNew }) => isNew).map(({ directory }) => removeEmpty(directory)));
    throw error;
  }
};

/** Makes the mechanism; nothing is read before the first call. */
export const createCgroups = (options: CgroupsOptions = {}): Cgroups => {
  const { root = "/sys/fs/cgroup", maxAttempts = 10, retryInitialMs = 5, killProcess = sendKill, clock = systemClock } = options;
  const limits = { clock, maxAttempts, retryInitialMs };
  const metrics = createCgroupsMetrics(options.metrics ?? noopMetrics);
  const parents = new Set<string>();
  let detected: Promise<CgroupLayout> | undefined;

  const layout = (): Promise<CgroupLayout> => {
    detected ??= detectLayout(root).then(
      (found) => {
        metrics.setVersion(found.version === "v2" ? 2 : 1);
        return found;
      },
      (error: unknown) => {
        detected = undefined;
        throw error;
      },
    );
    return detected;
  };

  const inEach: InEach = async (path, what, task) => {
    const parts = parsePath(path);
    const { hierarchies } = await layout();
    try {
      return await Promise.all(hierarchies.map((hierarchy) => task(hierarchy, joinWithin(hierarchy.mountPoint, ...parts))));
    } catch (error) {
      throw wrap(error, what, path);
    }
  };

  const pids = async (path: string): Promise<readonly number[]> => {
    const found = await inEach(path, "list processes of", async (_hierarchy, directory) => {
      const tree = await listTree(directory);
      return (await Promise.all(tree.map(readProcesses))).flat();
    });
    return unique(found.flat());
  };

  const timed = async <T>(operation: "create" | "destroy", task: () => Promise<T>): Promise<T> => {
    const startedAtMs = clock.monotonicMs();
    const result = await task();
    metrics.observe(operation, clock.monotonicMs() - startedAtMs);
    return result;
  };

  const { kill, removeNow, destroyNow } = createEndings({ inEach, pids, killProcess, limits });

  return {
    layout,
    ...createSettings({ inEach, limits }),
    pids,
    ensure: (path, resources) =>
      timed("create", async () => {
        const places = await inEach(path, "create", async (hierarchy, directory) => ({
          hierarchy,
          directory,
          isNew: await ensureInHierarchy(hierarchy, directory, parents),
        }));
        if (resources !== undefined && places.some(({ isNew }) => isNew)) await setOrUndo(path, places, resources);
      }),
    kill,
    remove: (path, waiting = {}) => timed("destroy", () => removeNow(path, waiting)),
    destroy: (path, waiting = {}) => timed("destroy", () => destroyNow(path, waiting)),
    listPods: async (naming) => {
      const { hierarchies } = await layout();
      const found = (await Promise.all(hierarchies.map((hierarchy) => findPods(hierarchy, naming)))).flat();
      return [...new Map(found.map((pod) => [pod.path, pod])).values()];
    },
  };
};
