import { isDeepStrictEqual } from "node:util";
import { badRequest, conflict, notFound } from "../api-error.ts";
import type { ApiObject } from "../contracts.ts";
import { invalid, invalidObject } from "../kinds/field-error.ts";
import { errorKindOf, storedKindOf } from "../kinds/kind-definition.ts";
import type { KindDefinition, WriteContext } from "../kinds/kind-definition.ts";
import { validateMetaUpdate } from "../kinds/object-meta.ts";
import { createObject, withRequestNamespace } from "./create.ts";
import { isHeld } from "./finalizers.ts";
import { whereOf } from "./object-target.ts";
import type { ObjectTarget } from "./object-target.ts";

/** Computes what is to be written from what is there. */
export type Change = (current: ApiObject) => ApiObject;

const NO_SPEC: ReadonlySet<string> = new Set(["apiVersion", "kind", "metadata", "status"]);

const hasSameSpec = (a: ApiObject, b: ApiObject): boolean => {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => NO_SPEC.has(name) || isDeepStrictEqual(a[name], b[name]));
};

/** What the server owns in metadata stays what it was. */
const withSystemMeta = (next: ApiObject, current: ApiObject): ApiObject => {
  const old = current.metadata ?? {};
  const { selfLink: _link, generation: _generation, ...meta } = next.metadata ?? {};
  return {
    ...next,
    metadata: {
      ...meta,
      uid: meta.uid || (old.uid ?? ""),
      ...(old.generation === undefined ? {} : { generation: old.generation }),
      ...(old.creationTimestamp === undefined ? {} : { creationTimestamp: old.creationTimestamp }),
      ...(old.deletionTimestamp === undefined ? {} : { deletionTimestamp: old.deletionTimestamp }),
      ...(old.deletionGracePeriodSeconds === undefined ? {} : { deletionGracePeriodSeconds: old.deletionGracePeriodSeconds }),
    },
  };
};

const keepStatus = (next: ApiObject, current: ApiObject, definition: KindDefinition): ApiObject => {
  if (definition.subresources?.some(({ name }) => name === "status") !== true) return next;
  const { status: _status, ...rest } = next;
  return current["status"] === undefined ? rest : { ...rest, status: current["status"] };
};

const checkClaims = (next: ApiObject, current: ApiObject, target: ObjectTarget): void => {
  const { name, uid, resourceVersion } = next.metadata ?? {};
  const held = current.metadata ?? {};
  if (!name) throw badRequest(`the name of the object (${target.name} based on URL) was undeterminable: name must be provided`);
  if (name !== target.name) throw badRequest(`the name of the object (${name}) does not match the name on the URL (${target.name})`);
  if (target.isPatch !== true && uid && uid !== held.uid) {
    const { resource } = target.definition;
    const key = `/registry/${resource}/${target.namespace === undefined ? "" : `${target.namespace}/`}${name}`;
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${held.uid}`;
    throw conflict(
      target.definition,
      name,
      `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`,
    );
  }
  if (resourceVersion && resourceVersion !== held.resourceVersion) throw conflict(target.definition, name);
};

interface Writing {
  readonly target: ObjectTarget;
  readonly context: WriteContext;
}

const applyStrategy = (asked: ApiObject, current: ApiObject, { target, context }: Writing): ApiObject => {
  const { definition, subresource } = target;
  const { strategy } = definition;
  const next = withSystemMeta(strategy.applyDefaults?.(asked) ?? asked, current);
  if (subresource !== undefined) return subresource.prepareUpdate(next, current, context);
  const kept = keepStatus(next, current, definition);
  return strategy.prepareUpdate?.(kept, current, context) ?? kept;
};

const prepare = (change: Change, current: ApiObject, writing: Writing): ApiObject => {
  const { target, context } = writing;
  const { definition, subresource } = target;
  const { strategy } = definition;
  let next = withRequestNamespace(change(current), target);
  checkClaims(next, current, target);
  if (strategy.allowsUnconditionalUpdate !== false && !next.metadata?.resourceVersion) {
    next = { ...next, metadata: { ...next.metadata, resourceVersion: current.metadata?.resourceVersion ?? "" } };
  }
  if (!next.metadata?.resourceVersion) {
    // Said by the storage, in its own way: it names the resource and knows numbers only.
    const error = invalid("metadata.resourceVersion", 0, "must be specified for an update");
    throw invalidObject({ group: definition.group, kind: definition.resource }, target.name, [error]);
  }
  next = applyStrategy(next, current, writing);
  next = context.admit?.({ operation: "UPDATE", object: next, oldObject: current }) ?? next;
  if (strategy.keepsGeneration === true && !hasSameSpec(next, current)) {
    next = { ...next, metadata: { ...next.metadata, generation: (current.metadata?.generation ?? 0) + 1 } };
  }
  const validate = subresource === undefined ? strategy.validateUpdate : subresource.validateUpdate;
  const errors = [...validateMetaUpdate(next, current), ...(validate?.(next, current) ?? [])];
  if (errors.length > 0) throw invalidObject(errorKindOf(definition), target.name, errors);
  if (subresource === undefined) for (const text of strategy.warnings?.(next) ?? []) context.warn(text);
  return next;
};

/** Removes what only waited for its last finalizer. */
const removeIfDone = (updated: ApiObject, definition: KindDefinition, { store }: WriteContext): void => {
  const { deletionTimestamp, deletionGracePeriodSeconds, namespace, name = "" } = updated.metadata ?? {};
  if (deletionTimestamp === undefined || deletionGracePeriodSeconds || isHeld(updated, definition)) return;
  store.remove(storedKindOf(definition), whereOf({ namespace, name }));
};

/**
 * Changes an object, or one of its plain subresources, as the API would: what the caller may not change stays, the rest is validated.
 * @throws ApiError 400, 404, 409, 422
 */
export const updateObject = (change: Change, target: ObjectTarget, context: WriteContext): ApiObject => {
  const { definition } = target;
  const { store } = context;
  const kind = storedKindOf(definition);
  const fromStored = definition.storedAs?.fromStored ?? ((object: ApiObject) => object);
  const toStored = definition.storedAs?.toStored ?? ((object: ApiObject) => object);
  const compute = (stored: ApiObject): ApiObject => toStored(prepare(change, fromStored(stored), { target, context }));
  const where = whereOf(target);
  const stored = store.get(kind, where);
  if (stored === undefined) throw notFound(definition, target.name);
  if (target.dryRun === true) return fromStored(compute(stored));
  const updated = store.update(kind, where, compute);
  removeIfDone(updated, definition, context);
  return fromStored(updated);
};

/** PUT: replaces, or for a few kinds creates. `created` tells which. */
export const replaceObject = (
  object: ApiObject,
  target: ObjectTarget,
  context: WriteContext,
): { readonly object: ApiObject; readonly created: boolean } => {
  const { definition, namespace, name, dryRun } = target;
  const claimed = object.metadata?.name;
  if (claimed && claimed !== name) throw badRequest(`the name of the object (${claimed}) does not match the name on the URL (${name})`);
  const isThere = context.store.get(storedKindOf(definition), whereOf(target)) !== undefined;
  if (isThere || definition.strategy.createsOnUpdate !== true || target.subresource !== undefined) {
    return { object: updateObject(() => object, target, context), created: false };
  }
  return { object: createObject(object, { definition, namespace, dryRun }, context), created: true };
};
