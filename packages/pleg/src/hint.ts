import type { RuntimeContainerState, RuntimePodStatus, RuntimeSandboxStatus } from "@nk/pod-model";
import type { RuntimeEvent } from "./ports.ts";

/** `running` lies after `created`, `exited` after both; a container never goes back. */
const PROGRESS = { unknown: 0, created: 1, running: 2, exited: 3 } as const;

/**
 * Whether the last read already saw what the event tells, so that reading again would find nothing by it. That is the common case of
 * the runtime echoing our own calls. States only move forward, hence an event late or repeated can be dropped safely.
 * Absence proves a deletion only while no read runs: one that does may have seen the object before it was deleted, and store it later.
 */
export const isObserved = (status: RuntimePodStatus | undefined, event: RuntimeEvent & { readonly type: "event" }): boolean => {
  if (event.kind === undefined) return false;
  if (event.kind === "deleted") return !hasObject(status, event);
  if (status === undefined) return false;
  if (event.containerId === undefined) {
    const sandbox = status.sandboxes.find((candidate) => candidate.id === event.sandboxId);
    return sandbox !== undefined && isSandboxObserved(sandbox, event.kind);
  }
  const container = status.containers.find((candidate) => candidate.id === event.containerId);
  return container !== undefined && isContainerObserved(container.state, event.kind);
};

const hasObject = (
  status: RuntimePodStatus | undefined,
  { containerId, sandboxId }: RuntimeEvent & { readonly type: "event" },
): boolean => {
  if (containerId !== undefined) return status?.containers.some(({ id }) => id === containerId) ?? false;
  return status?.sandboxes.some(({ id }) => id === sandboxId) ?? false;
};

/** Whether the event is about something that the last read saw, so that no list is needed to look at it again. */
export const isAboutKnown = (status: RuntimePodStatus | undefined, event: RuntimeEvent & { readonly type: "event" }): boolean =>
  hasObject(status, event);

type Kind = "created" | "started" | "stopped";

const isContainerObserved = (state: RuntimeContainerState, kind: Kind): boolean => {
  switch (kind) {
    case "created":
      return true;
    case "started":
      return PROGRESS[state] >= PROGRESS.running;
    case "stopped":
      return state === "exited";
  }
};

const isSandboxObserved = (sandbox: RuntimeSandboxStatus, kind: Kind): boolean => {
  switch (kind) {
    case "created":
      return true;
    case "started":
      // Without an IP it may have been read before its network was there.
      return sandbox.state === "ready" && (sandbox.ips.length > 0 || sandbox.network === "node");
    case "stopped":
      return sandbox.state === "notready";
  }
};
