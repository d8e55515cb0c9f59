import { randomUUID } from "node:crypto";
import { formatTimestamp } from "@nk/pod-model";
import { alreadyExists, ApiError, badRequest, forbidden, notFound } from "../api-error.ts";
import type { ApiObject } from "../contracts.ts";
import { invalidObject } from "../kinds/field-error.ts";
import { errorKindOf, storedKindOf } from "../kinds/kind-definition.ts";
import type { KindDefinition, WriteContext } from "../kinds/kind-definition.ts";
import { validateMetaCreate } from "../kinds/object-meta.ts";
import { randomSuffix, SUFFIX_LENGTH } from "../kinds/random-suffix.ts";

/** Where an object goes. */
export interface CreateTarget {
  readonly definition: KindDefinition;
  /** Of the request; absent for what has none. */
  readonly namespace?: string | undefined;
  readonly dryRun?: boolean | undefined;
}

const MAX_GENERATED_LENGTH = 63;
const MAX_NAME_ATTEMPTS = 8;
const NAMESPACES = { group: "", resource: "namespaces" };

const checkNamespace = (target: CreateTarget, object: ApiObject, { store }: WriteContext): void => {
  const { definition, namespace } = target;
  if (!definition.namespaced || namespace === undefined) return;
  const found = store.get(NAMESPACES, { name: namespace });
  if (found === undefined) throw notFound(NAMESPACES, namespace);
  const phase = (found["status"] as { readonly phase?: string } | undefined)?.phase;
  if (phase !== "Terminating" && found.metadata?.deletionTimestamp === undefined) return;
  throw forbidden(definition, object.metadata?.name ?? "", {
    text: `unable to create new content in namespace ${namespace} because it is being terminated`,
    causes: [{ reason: "NamespaceTerminating", message: `namespace ${namespace} is being terminated`, field: "metadata.namespace" }],
  });
};

/** The namespace of the request is the object's. @throws ApiError 400 */
export const withRequestNamespace = (object: ApiObject, target: Pick<CreateTarget, "definition" | "namespace">): ApiObject => {
  const { namespace: given, ...metadata } = object.metadata ?? {};
  if (!target.definition.namespaced) return given === undefined ? object : { ...object, metadata };
  if (given !== undefined && given !== "" && given !== target.namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  return { ...object, metadata: { ...metadata, ...(target.namespace === undefined ? {} : { namespace: target.namespace }) } };
};

const SYSTEM_META: ReadonlySet<string> = new Set([
  "resourceVersion",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "selfLink",
  "generation",
]);

/** What only the server sets is taken out; name, uid and generation are put in. */
const withSystemMeta = (object: ApiObject, definition: KindDefinition, name: string): ApiObject => {
  const kept = Object.entries(object.metadata ?? {}).filter(([field]) => !SYSTEM_META.has(field));
  return {
    ...object,
    metadata: {
      ...Object.fromEntries(kept),
      ...(name === "" ? {} : { name }),
      uid: randomUUID(),
      ...(definition.strategy.keepsGeneration === true ? { generation: 1 } : {}),
    },
  };
};

interface Target {
  readonly definition: KindDefinition;
  readonly context: WriteContext;
}

const isTaken = (object: ApiObject, name: string, { definition, context }: Target): boolean => {
  const namespace = object.metadata?.namespace;
  return context.store.get(storedKindOf(definition), { name, ...(namespace === undefined ? {} : { namespace }) }) !== undefined;
};

/** The object's own name, or one made of `generateName` that nobody has. */
const nameFor = (object: ApiObject, target: Target): string => {
  const { name = "", generateName = "" } = object.metadata ?? {};
  if (name !== "" || generateName === "") return name;
  let generated = "";
  for (let left = MAX_NAME_ATTEMPTS; left > 0; left -= 1) {
    generated = `${generateName.slice(0, MAX_GENERATED_LENGTH - SUFFIX_LENGTH)}${randomSuffix(target.context.random)}`;
    if (!isTaken(object, generated, target)) break;
  }
  return generated;
};

/** The object as it would be stored, but for uid, version and time. @throws ApiError 400, 403, 404, 422 */
const prepare = (object: ApiObject, target: CreateTarget, context: WriteContext): ApiObject => {
  const { definition } = target;
  const { strategy } = definition;
  const placed = withRequestNamespace(object, target);
  let next = withSystemMeta(placed, definition, nameFor(placed, { definition, context }));
  next = strategy.applyDefaults?.(next) ?? next;
  checkNamespace(target, next, context);
  next = strategy.prepareCreate?.(next, context) ?? next;
  next = strategy.admitCreate?.(next, context) ?? next;
  next = context.admit?.({ operation: "CREATE", object: next }) ?? next;
  const errors = [...validateMetaCreate(next, strategy.validateName), ...(strategy.validateCreate?.(next) ?? [])];
  if (errors.length > 0) throw invalidObject(errorKindOf(definition), next.metadata?.name ?? "", errors);
  for (const text of strategy.warnings?.(next) ?? []) context.warn(text);
  return next;
};

/** What the store would make of it; the store itself would refuse a name that is taken, so this does. */
const asCreated = (object: ApiObject, { definition, context }: Target): ApiObject => {
  const name = object.metadata?.name ?? "";
  if (isTaken(object, name, { definition, context })) throw alreadyExists(definition, name);
  return { ...object, metadata: { ...object.metadata, creationTimestamp: formatTimestamp(context.clock.nowMs()) } };
};

/**
 * Creates an object of the kind as the API would: defaults, admission, validation. The object comes decoded, in the kind's own version.
 * @throws ApiError 400, 403, 404 (its namespace), 409, 422
 */
export const createObject = (object: ApiObject, target: CreateTarget, context: WriteContext): ApiObject => {
  const { definition, dryRun } = target;
  if (dryRun !== true && object.metadata?.resourceVersion) {
    // Not of any reason, as with the reference, where the storage says it.
    throw new ApiError("resourceVersion should not be set on objects to be created", { code: 500, reason: "" });
  }
  const prepared = prepare(object, target, context);
  const stored = definition.storedAs?.toStored(prepared) ?? prepared;
  const created = dryRun === true ? asCreated(stored, { definition, context }) : context.store.create(storedKindOf(definition), stored);
  return definition.storedAs?.fromStored(created) ?? created;
};
