import { runTaskGroup } from "@nk/stdx";
import type { ApiObject, Controller, StoredKind } from "../contracts.ts";
import type { KindDefinition } from "../kinds/kind-definition.ts";
import { storedKindOf } from "../kinds/kind-definition.ts";
import { KIND } from "../stored-kinds.ts";
import { follow } from "./follow.ts";
import { attempt } from "./guard.ts";
import type { ControllerOptions } from "./options.ts";

/** Whose contents go with a namespace. */
export interface NamespaceDeletionOptions extends ControllerOptions {
  readonly kinds: readonly KindDefinition[];
}

/** Each stored kind once: some are served under two names. */
const namespacedKinds = (kinds: readonly KindDefinition[]): readonly KindDefinition[] =>
  kinds.filter(({ namespaced, storedAs }) => namespaced && storedAs === undefined);

/**
 * Deletes what is in a namespace that is going, each object in its kind's own way (pods with their grace), and lets the namespace go when
 * nothing is left. A namespace that is gone already takes what is in it along.
 */
export const createNamespaceDeletion = (options: NamespaceDeletionOptions): Controller => {
  const { store, client, logger } = options;
  const kinds = namespacedKinds(options.kinds).map(storedKindOf);

  const contentsOf = (namespace: string): readonly { readonly kind: StoredKind; readonly object: ApiObject }[] =>
    kinds.flatMap((kind) => store.list(kind, { namespace }).items.map((object) => ({ kind, object })));

  const isGoing = (namespace: string): boolean => {
    const found = store.get(KIND.namespaces, { name: namespace });
    return found === undefined || found.metadata?.deletionTimestamp !== undefined;
  };

  const release = (name: string): void => {
    const found = store.get(KIND.namespaces, { name });
    if (found === undefined) return;
    const released = store.update(KIND.namespaces, { name }, (current) => ({ ...current, spec: {} }));
    if ((released.metadata?.finalizers ?? []).length === 0) store.remove(KIND.namespaces, { name });
  };

  const empty = (name: string): void => {
    for (const { kind, object } of contentsOf(name)) {
      if (object.metadata?.deletionTimestamp !== undefined) continue;
      attempt(logger, `deleting ${kind.resource} of namespace ${name}`, () => {
        client.delete(kind, { namespace: name, name: object.metadata?.name ?? "" });
      });
    }
    if (contentsOf(name).length === 0) attempt(logger, `releasing namespace ${name}`, () => release(name));
  };

  const emptyIfGoing = (name: string): void => {
    if (name !== "" && isGoing(name)) empty(name);
  };

  const namespaces = {
    onList: (items: readonly ApiObject[]) => items.forEach(({ metadata }) => emptyIfGoing(metadata?.name ?? "")),
    onChange: ({ object }: { readonly object: ApiObject }) => emptyIfGoing(object.metadata?.name ?? ""),
  };

  /** The last object that goes lets the namespace go. */
  const contents = {
    onList: () => undefined,
    onChange: ({ type, object }: { readonly type: string; readonly object: ApiObject }) => {
      if (type === "DELETED") emptyIfGoing(object.metadata?.namespace ?? "");
    },
  };

  return {
    name: "namespace-deletion",
    run: (signal) =>
      runTaskGroup(signal, {
        namespaces: (linked) => follow(store, KIND.namespaces, { follower: namespaces, signal: linked }),
        ...Object.fromEntries(
          kinds.map((kind) => [
            `${kind.group}/${kind.resource}`,
            (linked: AbortSignal) => follow(store, kind, { follower: contents, signal: linked }),
          ]),
        ),
      }),
  };
};
