import type { PodUid } from "@nk/pod-model";
import { VolumesError } from "../errors.ts";
import type { CallOptions, ObjectRef } from "../ports.ts";
import type { HeldObject } from "./held-object.ts";

/** The objects of one kind that pods refer to, each held once however many pods do. */
export interface Shelf<T> extends Disposable {
  add(ref: ObjectRef, user: { readonly uid: PodUid; readonly isMounted: boolean }): void;
  /** The pod does not refer to it any more. */
  drop(ref: ObjectRef, uid: PodUid): void;
  get(ref: ObjectRef, options: CallOptions): Promise<T>;
  readonly size: number;
}

interface Entry<T> {
  readonly held: HeldObject<T>;
  /** By pod, whether a volume of it shows the object. */
  readonly users: Map<PodUid, boolean>;
}

const keyOf = ({ namespace, name }: ObjectRef): string => `${namespace}/${name}`;

/** An empty shelf. */
export const createShelf = <T>(hold: (ref: ObjectRef) => HeldObject<T>): Shelf<T> => {
  const entries = new Map<string, Entry<T>>();
  const updateMounted = ({ held, users }: Entry<T>): void => held.setMounted([...users.values()].includes(true));
  return {
    add: (ref, { uid, isMounted }) => {
      const entry = entries.get(keyOf(ref)) ?? { held: hold(ref), users: new Map<PodUid, boolean>() };
      entries.set(keyOf(ref), entry);
      entry.users.set(uid, isMounted);
      updateMounted(entry);
      entry.held.refresh();
    },
    drop: (ref, uid) => {
      const entry = entries.get(keyOf(ref));
      if (entry === undefined) return;
      entry.users.delete(uid);
      if (entry.users.size > 0) return updateMounted(entry);
      entry.held.stop();
      entries.delete(keyOf(ref));
    },
    get: async (ref, options) => {
      const entry = entries.get(keyOf(ref));
      if (entry !== undefined) return entry.held.get(options);
      const shown = `${JSON.stringify(ref.namespace)}/${JSON.stringify(ref.name)}`;
      throw new VolumesError("object-unavailable", `object ${shown} not registered`);
    },
    get size() {
      return entries.size;
    },
    [Symbol.dispose]: () => {
      for (const { held } of entries.values()) held.stop();
      entries.clear();
    },
  };
};
