import { ContainerEventType } from "@nk/cri-api";
import { systemClock } from "@nk/stdx";
import { listHeldContainers } from "./host-state.ts";
import type { HostSide } from "./host-state.ts";

/** A start of a container, by the runtime's own events. */
export interface ContainerStart {
  readonly pod: string;
  readonly uid: string;
  readonly container: string;
  readonly attempt: number;
}

/** Starts of containers, as they happen. */
export interface ContainerStarts {
  readonly starts: readonly ContainerStart[];
  /** Everything that the runtime told so far: containers created, started, stopped and removed. */
  events(): number;
  /** Why the stream of events ended before its time: what is counted then is not all. */
  problem(): string | undefined;
}

/** Writes down how often which container of which pod is started, until the signal ends it. */
export const watchStarts = ({ cri }: Pick<HostSide, "cri">, signal: AbortSignal): ContainerStarts => {
  const starts: ContainerStart[] = [];
  let problem: string | undefined;
  let events = 0;
  const read = async (): Promise<void> => {
    for await (const event of cri.getContainerEvents({}, { signal })) {
      events += 1;
      const { containerId, containerEventType, podSandboxStatus, containersStatuses } = event;
      const container = containersStatuses.find(({ id }) => id === containerId)?.metadata;
      if (containerEventType !== ContainerEventType.CONTAINER_STARTED_EVENT || container === undefined) continue;
      const { name = "", uid = "" } = podSandboxStatus?.metadata ?? {};
      starts.push({ pod: name, uid, container: container.name, attempt: container.attempt });
    }
  };
  read().then(
    () => {
      if (!signal.aborted) problem = "the stream ended";
    },
    (error: unknown) => {
      if (!signal.aborted) problem = String(error);
    },
  );
  return { starts, events: () => events, problem: () => problem };
};

/** How often each of the starts with the same key was seen, of those that were seen more than once. */
export const listRepeated = (starts: readonly ContainerStart[], keyOf: (start: ContainerStart) => string): readonly [string, number][] => {
  const counts = new Map<string, number>();
  for (const start of starts) counts.set(keyOf(start), (counts.get(keyOf(start)) ?? 0) + 1);
  return [...counts].filter(([, count]) => count > 1);
};

/**
 * Pods that containerd 2.1 can't let go of. When the caller of StartContainer dies midway, containerd notes the container as exited before it
 * deletes the task, and deletes it once only (internal/cri/server/container_start.go); RemoveContainer then says "cannot delete running
 * task" until containerd itself is restarted. No call of CRI helps. Counted is only what containerd shows as stopped at two looks a
 * second apart while CRI calls its container exited.
 */
export const findLeaked = async (rig: Pick<HostSide, "lab" | "cri">): Promise<ReadonlySet<string>> => {
  const stopped = async (): Promise<readonly string[]> =>
    (await rig.lab.ctr(["tasks", "ls"]))
      .split("\n")
      .filter((line) => line.trim().endsWith("STOPPED"))
      .map((line) => line.split(/\s+/)[0] ?? "");
  const first = await stopped();
  if (first.length === 0) return new Set();
  await systemClock.sleep(1000);
  const still = (await stopped()).filter((id) => first.includes(id));
  const exited = (await listHeldContainers(rig)).filter(({ id, state }) => state === "exited" && still.includes(id));
  return new Set(exited.map(({ uid }) => uid));
};
