import { existsSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "@nk/stdx";
import { findCgroups, removeCgroups, thawCgroups } from "./cgroup-trees.ts";
import { labPaths } from "./containerd-config.ts";
import { listMountPointsBelow, unmountBelow } from "./mount-table.ts";
import {
  listCniCacheFiles,
  listLabLinks,
  listLabRules,
  removeFiles,
  removeLabLinks,
  removeLabRules,
  removeSharedChains,
  restoreIpForward,
} from "./network.ts";
import { hasRootBelow, listProcesses } from "./processes.ts";
import type { ProcessFacts } from "./processes.ts";
import { releaseSlot, takeHostBefore } from "./slots.ts";
import type { LabRecord } from "./slots.ts";

/** What of a lab is on the host: after `close()` a list of leaks, and hence empty. */
export interface LeakReport {
  /** `pid command line`. */
  readonly processes: readonly string[];
  /** Mount points below the lab's folder, pods' network namespaces among them. */
  readonly mounts: readonly string[];
  /** The bridge and the host ends of pods' links. */
  readonly links: readonly string[];
  /** NAT rules made for pods' host ports. */
  readonly rules: readonly string[];
  readonly cgroups: readonly string[];
  /** The lab's folder, shims' sockets, cached CNI results. */
  readonly files: readonly string[];
}

/** True if nothing is left. */
export const isLeakFree = (report: LeakReport): boolean => Object.values(report).every((list: readonly string[]) => list.length === 0);

/** What must be read before the lab's folder goes: the rest of the host knows its containers by these names only. */
export interface LabTraces {
  /** The 64 hexadecimal digits of a container of the CRI, or `namespace/id` of one that `ctr` named. */
  readonly containerIds: ReadonlySet<string>;
  /** Sockets that shims listen on, in a folder that containerd fixes. */
  readonly shimSockets: readonly string[];
}

const listNames = (dir: string): string[] => {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
};

/** containerd 1.6 writes the shim's address as plain text, 2.1 as JSON. A container that shares its pod's shim names the same one. */
const readShimSockets = (bundle: string): string[] =>
  ["address", "bootstrap.json"].flatMap((name) => {
    try {
      return readFileSync(join(bundle, name), "utf8").match(/(?<=unix:\/\/)[^"\s]+/g) ?? [];
    } catch {
      return [];
    }
  });

/** Reads containers' ids and shims' sockets from containerd's folders. */
export const readTraces = (record: LabRecord): LabTraces => {
  const { root, state, runc } = labPaths(record.dir);
  const containerIds = new Set<string>();
  const shimSockets: string[] = [];
  for (const base of [join(state, "io.containerd.runtime.v2.task"), runc]) {
    for (const namespace of listNames(base)) {
      for (const id of listNames(join(base, namespace))) {
        containerIds.add(/^[0-9a-f]{64}$/.test(id) ? id : `${namespace}/${id}`);
        shimSockets.push(...readShimSockets(join(base, namespace, id)));
      }
    }
  }
  for (const kind of ["sandboxes", "containers"])
    for (const id of listNames(join(root, "io.containerd.grpc.v1.cri", kind))) containerIds.add(id);
  return { containerIds, shimSockets: [...new Set(shimSockets)] };
};

/** Processes of the lab: containerd, shims, a control plane and a kubelet that keep their files in the lab's folder, and all in its containers. */
const findLabProcesses = (record: LabRecord, traces: LabTraces): ProcessFacts[] => {
  const { socket, config } = labPaths(record.dir);
  const kubelet = join(record.dir, "kubelet");
  const controlPlane = join(record.dir, "control-plane");
  const isOurArgument = (argument: string): boolean => {
    const path = argument.slice(argument.indexOf("=") + 1);
    return path === socket || path === config || path === kubelet || path.startsWith(`${kubelet}/`) || path.startsWith(`${controlPlane}/`);
  };
  const isOurCgroup = (line: string): boolean => {
    const path = line.slice(line.indexOf("/"));
    return (
      path === record.cgroupRoot ||
      path.startsWith(`${record.cgroupRoot}/`) ||
      path.split("/").some((part, at, all) => traces.containerIds.has(part) || traces.containerIds.has(`${all[at - 1]}/${part}`))
    );
  };
  return listProcesses().filter(
    (one) =>
      one.pid !== process.pid &&
      (one.argv.some(isOurArgument) || one.cgroups.split("\n").some(isOurCgroup) || hasRootBelow(one.pid, record.dir)),
  );
};

/** Lists everything of the lab that is on the host. */
export const findTraces = async (record: LabRecord, traces: LabTraces): Promise<LeakReport> => {
  const files = [...traces.shimSockets.filter((path) => existsSync(path)), ...listCniCacheFiles(record, traces.containerIds)];
  return {
    processes: findLabProcesses(record, traces).map((one) => `${one.pid} ${one.argv.join(" ").slice(0, 200)}`),
    mounts: listMountPointsBelow(record.dir),
    links: listLabLinks(record),
    rules: await listLabRules(record),
    cgroups: findCgroups(record.cgroupRoot, traces.containerIds),
    files: existsSync(record.dir) ? [...files, record.dir] : files,
  };
};

/** Repeats an attempt until it says true, or gives up: the leak check then names what is left. */
const attempt = async (timeoutMs: number, once: () => boolean): Promise<void> => {
  const deadline = systemClock.monotonicMs() + timeoutMs;
  while (!once() && systemClock.monotonicMs() < deadline) await systemClock.sleep(10);
};

const killAll = (record: LabRecord, traces: LabTraces): boolean => {
  const found = findLabProcesses(record, traces);
  // Whatever could start something new goes first.
  for (const one of found.toSorted((a, b) => a.pid - b.pid)) {
    try {
      process.kill(one.pid, "SIGKILL");
    } catch {
      // It was faster.
    }
  }
  return found.length === 0;
};

/** What labs share on the host goes with the last one. */
const restoreHost = async (): Promise<void> => {
  const before = takeHostBefore();
  if (before) restoreIpForward(before.ipForward);
  await removeSharedChains();
};

/**
 * Removes a lab from the host, whoever made it and in whatever state it is: the one path for `close()` and for the sweep after a
 * kill -9. Pods are not asked to stop; what a graceful stop would undo (addresses, rules, namespaces, cgroups) is removed by name.
 */
export const tearDown = async (record: LabRecord): Promise<LeakReport> => {
  const early = readTraces(record);
  thawCgroups(findCgroups(record.cgroupRoot, early.containerIds));
  await attempt(5000, () => killAll(record, early));
  // A container may have come into being while its runtime was being killed.
  const late = readTraces(record);
  const traces = {
    containerIds: early.containerIds.union(late.containerIds),
    shimSockets: [...new Set([...early.shimSockets, ...late.shimSockets])],
  };
  await attempt(5000, () => killAll(record, traces));
  await unmountBelow(record.dir);
  await Promise.all([removeLabLinks(record), removeLabRules(record)]);
  await attempt(2000, () => {
    removeCgroups(findCgroups(record.cgroupRoot, traces.containerIds));
    return findCgroups(record.cgroupRoot, traces.containerIds).length === 0;
  });
  removeFiles([...traces.shimSockets, ...listCniCacheFiles(record, traces.containerIds)]);
  // Never delete through a mount that would not go.
  if (listMountPointsBelow(record.dir).length === 0) rmSync(record.dir, { recursive: true, force: true, maxRetries: 3 });
  const report = await findTraces(record, traces);
  if (isLeakFree(report) && releaseSlot(record)) await restoreHost();
  return report;
};
