import { formatTimestamp, parseTimestamp } from "@nk/pod-model";
import { conflict, notFound } from "../api-error.ts";
import type { ApiObject } from "../contracts.ts";
import { storedKindOf } from "../kinds/kind-definition.ts";
import type { DeleteOptions, KindDefinition, WriteContext } from "../kinds/kind-definition.ts";
import { isHeld } from "./finalizers.ts";
import { whereOf } from "./object-target.ts";
import type { ObjectTarget } from "./object-target.ts";

/** How a deletion came out: gone, or on its way. */
export interface Deletion {
  readonly object: ApiObject;
  readonly isGone: boolean;
}

/** What a deletion does to an object next. */
type Decision =
  | { readonly act: "remove" }
  | { readonly act: "wait" }
  | { readonly act: "mark"; readonly object: ApiObject; readonly thenRemove: boolean };

const checkPreconditions = (object: ApiObject, target: ObjectTarget, options: DeleteOptions): void => {
  const { uid, resourceVersion } = options.preconditions ?? {};
  const held = object.metadata ?? {};
  // The reference names the kind where it names the resource elsewhere.
  const what = { group: target.definition.group, resource: target.definition.kind };
  if (uid !== undefined && uid !== held.uid) {
    const text = `the UID in the precondition (${uid}) does not match the UID in record (${held.uid}).`;
    throw conflict(what, target.name, `${text} The object might have been deleted and then recreated`);
  }
  if (resourceVersion !== undefined && resourceVersion !== held.resourceVersion) {
    const text = `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${held.resourceVersion}).`;
    throw conflict(what, target.name, `${text} The object might have been modified`);
  }
};

interface Mark {
  readonly timestampMs: number;
  readonly graceSeconds: number;
  /** Only the first mark counts as a new generation. */
  readonly isFirst: boolean;
}

const withDeletion = (object: ApiObject, mark: Mark): ApiObject => {
  const generation = object.metadata?.generation;
  return {
    ...object,
    metadata: {
      ...object.metadata,
      deletionTimestamp: formatTimestamp(mark.timestampMs),
      deletionGracePeriodSeconds: mark.graceSeconds,
      ...(generation === undefined || !mark.isFirst ? {} : { generation: generation + 1 }),
    },
  };
};

interface Asked {
  readonly definition: KindDefinition;
  readonly options: DeleteOptions;
  readonly nowMs: number;
}

const decideMark = (object: ApiObject, mark: Mark, definition: KindDefinition): Decision => {
  const marked = withDeletion(object, mark);
  return {
    act: "mark",
    object: definition.strategy.markDeleted?.(marked) ?? marked,
    thenRemove: mark.graceSeconds === 0 && !isHeld(object, definition),
  };
};

/** A deletion that comes again: a shorter grace shortens, anything else changes nothing (rest.BeforeDelete, 1.36). */
const decideAgain = (object: ApiObject, { definition, options, nowMs }: Asked): Decision => {
  const { deletionTimestamp = "", deletionGracePeriodSeconds: oldGrace = 0 } = object.metadata ?? {};
  const wanted = options.gracePeriodSeconds;
  if (oldGrace === 0) return { act: isHeld(object, definition) ? "wait" : "remove" };
  if (wanted === undefined || wanted >= oldGrace) return { act: "wait" };
  const dueMs = parseTimestamp(deletionTimestamp) + (wanted - oldGrace) * 1000;
  const isPast = dueMs < nowMs;
  const graceSeconds = isPast && wanted !== 0 ? 1 : wanted;
  return decideMark(object, { timestampMs: isPast ? nowMs : dueMs, graceSeconds, isFirst: false }, definition);
};

const decide = (object: ApiObject, asked: Asked): Decision => {
  const { definition, options, nowMs } = asked;
  const { gracePeriod } = definition.strategy;
  const isMarked = object.metadata?.deletionTimestamp !== undefined;
  if (gracePeriod !== undefined) {
    if (isMarked) return decideAgain(object, asked);
    const graceSeconds = gracePeriod(object, options);
    return decideMark(object, { timestampMs: nowMs + graceSeconds * 1000, graceSeconds, isFirst: true }, definition);
  }
  if (!isHeld(object, definition)) return { act: "remove" };
  return isMarked ? { act: "wait" } : decideMark(object, { timestampMs: nowMs, graceSeconds: 0, isFirst: true }, definition);
};

/**
 * Deletes as the API does: with the kind's grace, and not before its finalizers are gone.
 * @throws ApiError 403, 404, 409
 */
export const deleteObject = (target: ObjectTarget, asked: DeleteOptions, context: WriteContext): Deletion => {
  const { definition } = target;
  const { store, clock } = context;
  const kind = storedKindOf(definition);
  const where = whereOf(target);
  const present = (object: ApiObject): ApiObject => definition.storedAs?.fromStored(object) ?? object;
  const options = asked.gracePeriodSeconds !== undefined && asked.gracePeriodSeconds < 0 ? { ...asked, gracePeriodSeconds: 1 } : asked;
  const current = store.get(kind, where);
  if (current === undefined) throw notFound(definition, target.name);
  checkPreconditions(current, target, options);
  definition.strategy.checkDelete?.(current);
  context.admit?.({ operation: "DELETE", oldObject: present(current) });
  const decision = decide(current, { definition, options, nowMs: clock.nowMs() });
  if (decision.act === "wait") return { object: present(current), isGone: false };
  if (options.dryRun === true) {
    const marked = decision.act === "mark" ? decision.object : current;
    return { object: present(marked), isGone: decision.act === "remove" || decision.thenRemove };
  }
  if (decision.act === "mark") {
    // Watchers see the mark even when the object goes at once, as with the reference.
    const marked = store.update(kind, where, () => decision.object);
    if (!decision.thenRemove) return { object: present(marked), isGone: false };
  }
  return { object: present(store.remove(kind, where) ?? current), isGone: true };
};
