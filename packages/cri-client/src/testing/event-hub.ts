import { ContainerEventResponse } from "@nk/cri-api";
import type { ContainerEventType } from "@nk/cri-api";
import { toContainerStatus, toPodSandboxStatus } from "./to-messages.ts";
import type { FakeSandbox, FakeStore } from "./store.ts";

/** Sends an event to one subscriber; calls back when it is on the wire. */
export type EventSink = (event: ContainerEventResponse, onWritten: () => void) => void;

/** Fans events out to the open streams. */
export interface EventHub {
  /** `id` is a container's, or the sandbox's own. */
  emit(type: ContainerEventType, sandbox: FakeSandbox, id: string): void;
  subscribe(sink: EventSink): Disposable;
  readonly subscriberCount: number;
  /** Events that a subscriber has not taken yet: what a slow reader costs the runtime. */
  readonly pendingCount: number;
}

/** Makes a hub. It keeps nothing for later: who is not subscribed misses the event. */
export const createEventHub = (store: FakeStore): EventHub => {
  const sinks = new Set<EventSink>();
  let pendingCount = 0;
  return {
    emit: (type, sandbox, id) => {
      if (sinks.size === 0) return;
      const containers = [...store.containers.values()].filter(({ sandboxId }) => sandboxId === sandbox.id);
      const event = ContainerEventResponse.fromPartial({
        containerId: id,
        containerEventType: type,
        createdAt: store.nowNanos(),
        podSandboxStatus: toPodSandboxStatus(sandbox),
        containersStatuses: containers.map((container) => toContainerStatus(store, container)),
      });
      for (const sink of sinks) {
        pendingCount += 1;
        sink(event, () => {
          pendingCount -= 1;
        });
      }
    },
    subscribe: (sink) => {
      sinks.add(sink);
      return { [Symbol.dispose]: () => void sinks.delete(sink) };
    },
    get subscriberCount() {
      return sinks.size;
    },
    get pendingCount() {
      return pendingCount;
    },
  };
};
