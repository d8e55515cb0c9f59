import type {
  PodLifecycleEvent,
  RuntimeContainerState,
  RuntimeContainerStatus,
  RuntimePod,
  RuntimePodStatus,
  RuntimeSandboxStatus,
} from "@nk/pod-model";

/** `created` counts as unknown, as in the reference (pkg/kubelet/pleg/generic.go, convertState): nothing has run yet. */
type Life = "absent" | "running" | "exited" | "unknown";

const lifeOf = (state: RuntimeContainerState | undefined): Life => {
  switch (state) {
    case undefined:
      return "absent";
    case "running":
      return "running";
    case "exited":
      return "exited";
    case "created":
    case "unknown":
      return "unknown";
  }
};

const died = (uid: string, container: RuntimeContainerStatus): PodLifecycleEvent => ({
  type: "ContainerDied",
  uid,
  containerId: container.id,
  // A container that vanished took its exit code with it; only one seen exited has one.
  ...(container.state === "exited" ? { exitCode: container.exitCode } : {}),
});

const computeContainerEvents = (
  uid: string,
  before: RuntimeContainerStatus | undefined,
  after: RuntimeContainerStatus | undefined,
): readonly PodLifecycleEvent[] => {
  const from = lifeOf(before?.state);
  const to = lifeOf(after?.state);
  if (from === to) return [];
  if (after === undefined) {
    if (before === undefined) return [];
    const removed: PodLifecycleEvent = { type: "ContainerRemoved", uid, containerId: before.id };
    return from === "exited" ? [removed] : [died(uid, before), removed];
  }
  switch (to) {
    case "running":
      return [{ type: "ContainerStarted", uid, containerId: after.id }];
    case "exited":
      return [died(uid, after)];
    case "unknown":
      return [{ type: "ContainerChanged", uid, containerId: after.id }];
    case "absent":
      return [];
  }
};

const sandboxFacts = (sandboxes: readonly RuntimeSandboxStatus[]): string =>
  sandboxes
    .map((sandbox) => `${sandbox.id} ${sandbox.state} ${sandbox.ips.join(",")}`)
    .toSorted()
    .join("\n");

/**
 * What happened to a pod between two reads of it, in the generic PLEG's terms (pkg/kubelet/pleg/generic.go, generateEvents).
 * `undefined` means that the runtime has nothing of the pod. Containers come in the order of the newer read, then the vanished ones;
 * one `PodSync` at the end tells of changes of sandboxes and IPs. An exit is told once, by the pair of reads that brackets it.
 */
export const computeLifecycleEvents = (
  previous: RuntimePodStatus | undefined,
  next: RuntimePodStatus | undefined,
): readonly PodLifecycleEvent[] => {
  const uid = next?.uid ?? previous?.uid;
  if (uid === undefined) return [];
  const before = new Map((previous?.containers ?? []).map((container) => [container.id, container]));
  const events: PodLifecycleEvent[] = [];
  for (const container of next?.containers ?? []) {
    events.push(...computeContainerEvents(uid, before.get(container.id), container));
    before.delete(container.id);
  }
  for (const container of before.values()) events.push(...computeContainerEvents(uid, container, undefined));
  if (sandboxFacts(previous?.sandboxes ?? []) !== sandboxFacts(next?.sandboxes ?? [])) events.push({ type: "PodSync", uid });
  return events;
};

type Listed = {
  readonly sandboxes: readonly { readonly id: string; readonly state: string }[];
  readonly containers: readonly { readonly id: string; readonly state: string }[];
};

const facts = (listed: Listed): string =>
  [
    ...listed.sandboxes.map((sandbox) => `s ${sandbox.id} ${sandbox.state}`),
    ...listed.containers.map((container) => `c ${container.id} ${container.state}`),
  ]
    .toSorted()
    .join("\n");

/** Whether a list entry tells the same as the status that was read last: then the pod need not be inspected again. */
export const isSameInList = (listed: RuntimePod | undefined, status: RuntimePodStatus | undefined): boolean =>
  listed === undefined || status === undefined ? listed === undefined && status === undefined : facts(listed) === facts(status);
