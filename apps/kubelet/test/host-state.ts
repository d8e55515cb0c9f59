import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ContainerState, PodSandboxState } from "@nk/cri-api";
import type { Rig } from "./rig.ts";

/** The host and the runtime of a rig, whichever kind it is. */
export type HostSide = Pick<Rig, "lab" | "cri" | "podLogsDir" | "containerLogsDir">;

/** A container as the runtime has it. */
export interface HeldContainer {
  readonly uid: string;
  readonly name: string;
  readonly id: string;
  readonly attempt: number;
  readonly state: "created" | "running" | "exited" | "unknown";
}

/** A sandbox as the runtime has it. */
export interface HeldSandbox {
  readonly uid: string;
  readonly name: string;
  readonly id: string;
  readonly isReady: boolean;
}

const STATES = new Map<number, HeldContainer["state"]>([
  [ContainerState.CONTAINER_CREATED, "created"],
  [ContainerState.CONTAINER_RUNNING, "running"],
  [ContainerState.CONTAINER_EXITED, "exited"],
]);

/** All containers, in any state. */
export const listHeldContainers = async ({ cri }: Pick<HostSide, "cri">): Promise<readonly HeldContainer[]> => {
  const { containers } = await cri.listContainers();
  return containers.map(({ id, labels, metadata, state }) => ({
    uid: labels["io.kubernetes.pod.uid"] ?? "",
    name: metadata?.name ?? "",
    id,
    attempt: metadata?.attempt ?? 0,
    state: STATES.get(state) ?? "unknown",
  }));
};

/** All sandboxes, in any state. */
export const listHeldSandboxes = async ({ cri }: Pick<HostSide, "cri">): Promise<readonly HeldSandbox[]> => {
  const { items } = await cri.listPodSandbox();
  return items.map(({ id, metadata, state }) => ({
    uid: metadata?.uid ?? "",
    name: metadata?.name ?? "",
    id,
    isReady: state === PodSandboxState.SANDBOX_READY,
  }));
};

const listNames = (dir: string): readonly string[] => (existsSync(dir) ? readdirSync(dir) : []);

/** UIDs that have a pod cgroup in any hierarchy. */
export const listCgroupUids = ({ lab }: Pick<HostSide, "lab">): readonly string[] => {
  const mount = "/sys/fs/cgroup";
  const roots = existsSync(join(mount, "cgroup.controllers")) ? [mount] : listNames(mount).map((name) => join(mount, name));
  const uids = roots.flatMap((root) =>
    ["", "besteffort", "burstable"].flatMap((tier) =>
      listNames(join(root, lab.cgroupRoot, "kubepods", tier)).flatMap((name) => (name.startsWith("pod") ? [name.slice(3)] : [])),
    ),
  );
  return [...new Set(uids)].toSorted();
};

/** What of pods is on the host, each list by UID (log links by name) and sorted. */
export interface PodTraces {
  readonly sandboxes: readonly string[];
  readonly containers: readonly string[];
  readonly cgroups: readonly string[];
  readonly podDirs: readonly string[];
  readonly logDirs: readonly string[];
  readonly logLinks: readonly string[];
}

/** Reads everything a kubelet makes for its pods. */
export const readPodTraces = async (rig: HostSide): Promise<PodTraces> => ({
  sandboxes: (await listHeldSandboxes(rig)).map(({ uid }) => uid).toSorted(),
  containers: [...new Set((await listHeldContainers(rig)).map(({ uid }) => uid))].toSorted(),
  cgroups: listCgroupUids(rig),
  podDirs: listNames(join(rig.lab.kubeletDir, "pods")).toSorted(),
  logDirs: listNames(rig.podLogsDir)
    .map((name) => name.split("_")[2] ?? name)
    .toSorted(),
  logLinks: listNames(rig.containerLogsDir).toSorted(),
});
