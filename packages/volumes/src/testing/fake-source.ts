import type { ConfigMap, Secret } from "@nk/pod-model";
import { createChannel } from "@nk/stdx";
import type { Channel } from "@nk/stdx";
import type { ObjectEvent, ObjectSourcePort } from "../objects/held-object.ts";
import type { ObjectRef } from "../ports.ts";

/** An API server's objects of one kind, in memory. */
export interface FakeSource<T> extends ObjectSourcePort<T> {
  /** Adds or replaces an object and tells the watches. */
  put(object: T): void;
  remove(ref: ObjectRef): void;
  /** Watches that are open now, as `namespace/name`. */
  readonly watches: readonly string[];
  /** How often `get` was called. */
  readonly reads: number;
  /** While set, nothing is answered: watches break and reads fail. */
  down: boolean;
  /** While set, watches are opened but say nothing. */
  silent: boolean;
}

interface Watch<T> {
  readonly key: string;
  readonly events: Channel<ObjectEvent<T>>;
}

/** No objects. Each `put` raises the resource version. */
export const createFakeSource = <T extends Secret | ConfigMap>(): FakeSource<T> => {
  const objects = new Map<string, T>();
  const watches = new Set<Watch<T>>();
  let version = 0;
  let reads = 0;
  let isDown = false;
  let isSilent = false;
  const keyOf = ({ namespace = "", name = "" }: { namespace?: string; name?: string }): string => `${namespace}/${name}`;
  const tell = (key: string, event: ObjectEvent<T>): void => {
    for (const watch of watches) if (watch.key === key) watch.events.offer(event);
  };
  return {
    put: (object) => {
      const key = keyOf(object.metadata ?? {});
      version += 1;
      const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(version), uid: key } };
      const type = objects.has(key) ? "modified" : "added";
      objects.set(key, stored);
      tell(key, { type, object: stored });
    },
    remove: (ref) => {
      const object = objects.get(keyOf(ref));
      objects.delete(keyOf(ref));
      if (object !== undefined) tell(keyOf(ref), { type: "deleted", object });
    },
    get: async (ref) => {
      reads += 1;
      if (isDown) throw new Error("connection refused");
      return objects.get(keyOf(ref));
    },
    async *watch(ref, { signal }) {
      if (isDown) throw new Error("connection refused");
      const watch: Watch<T> = { key: keyOf(ref), events: createChannel<ObjectEvent<T>>({ capacity: 100, overflow: "reject" }) };
      watches.add(watch);
      const end = (): void => watch.events.close();
      signal.addEventListener("abort", end, { once: true });
      try {
        const object = objects.get(watch.key);
        if (!isSilent) yield { type: "synced", items: object === undefined ? [] : [object] };
        yield* watch.events;
      } finally {
        signal.removeEventListener("abort", end);
        watches.delete(watch);
      }
    },
    get watches() {
      return [...watches].map(({ key }) => key);
    },
    get reads() {
      return reads;
    },
    get down() {
      return isDown;
    },
    set down(value) {
      isDown = value;
      if (value) for (const { events } of watches) events.close(new Error("connection lost"));
    },
    get silent() {
      return isSilent;
    },
    set silent(value) {
      isSilent = value;
    },
  };
};
