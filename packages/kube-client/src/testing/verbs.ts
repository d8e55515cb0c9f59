import type { DeleteOptions, Status } from "@nk/pod-model";
import { formatTimestamp } from "@nk/pod-model";
import type { Clock } from "@nk/stdx";
import type { KubeObject, ResourceKind } from "../kinds.ts";
import { ApiStatusError, successStatus } from "./api-error.ts";
import type { ObjectStore } from "./object-store.ts";
import { applyPatch } from "./patches.ts";
import type { Route } from "./routes.ts";
import { createSelector } from "./selectors.ts";

/** A request that was understood. */
export interface FakeRequest {
  readonly route: Route;
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly body: unknown;
}

/** What the fake answers. */
export interface FakeAnswer {
  readonly code: number;
  readonly body: object;
}

type Loose = KubeObject & { readonly spec?: Readonly<Record<string, unknown>>; readonly status?: unknown };

/** Kinds whose status changes only through the subresource. */
const WITH_STATUS: ReadonlySet<string> = new Set([
  "pods",
  "nodes",
  "namespaces",
  "services",
  "persistentvolumes",
  "persistentvolumeclaims",
  "certificatesigningrequests",
  "volumeattachments",
]);
const DEFAULT_GRACE_SECONDS = 30;

const describe = ({ resource }: ResourceKind, name: string | undefined): string => `${resource} "${name ?? ""}"`;

const detailsOf = ({ kind, name }: Route): { readonly name?: string; readonly kind: string } => ({
  ...(name === undefined ? {} : { name }),
  kind: kind.resource,
});

const requireObject = (store: ObjectStore, route: Route): KubeObject => {
  const { kind, namespace, name = "" } = route;
  const object = store.get(kind, { namespace, name });
  if (object !== undefined) return object;
  throw new ApiStatusError(404, "NotFound", { message: `${describe(kind, name)} not found`, details: detailsOf(route) });
};

const conflict = (route: Route, why: string): ApiStatusError =>
  new ApiStatusError(409, "Conflict", {
    message: `Operation cannot be fulfilled on ${describe(route.kind, route.name)}: ${why}`,
    details: detailsOf(route),
  });

const STALE = "the object has been modified; please apply your changes to the latest version and try again";

const checkPreconditions = (
  route: Route,
  current: KubeObject,
  wanted: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined },
): void => {
  const { uid, resourceVersion } = current.metadata ?? {};
  if (wanted.uid !== undefined && wanted.uid !== uid)
    throw conflict(route, `Precondition failed: UID in precondition: ${wanted.uid}, UID in object meta: ${uid}`);
  if (wanted.resourceVersion !== undefined && wanted.resourceVersion !== "" && wanted.resourceVersion !== resourceVersion)
    throw conflict(route, STALE);
};

/** The part of a new version that the request may change: status through its subresource, all else without it. */
const mergeParts = (route: Route, current: Loose, next: Loose): Loose => {
  if (!WITH_STATUS.has(route.kind.resource)) return next;
  if (route.subresource !== undefined) return { ...current, status: next.status };
  const { status: _ignored, ...rest } = next;
  return current.status === undefined ? rest : { ...rest, status: current.status };
};

/** Verbs over a store. */
export interface FakeVerbs {
  answer(method: string, request: FakeRequest): FakeAnswer;
}

class StoreVerbs implements FakeVerbs {
  readonly #store: ObjectStore;
  readonly #clock: Clock;
  #names = 0;

  constructor(store: ObjectStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  answer(method: string, request: FakeRequest): FakeAnswer {
    const { route } = request;
    switch (method) {
      case "GET":
        return route.name === undefined ? { code: 200, body: this.#list(request) } : { code: 200, body: requireObject(this.#store, route) };
      case "POST":
        return { code: 201, body: this.#create(request) };
      case "PUT":
        return { code: 200, body: this.#update(request, () => request.body) };
      case "PATCH":
        return this.#patch(request);
      case "DELETE":
        return { code: 200, body: this.#delete(request) };
      default:
        throw new ApiStatusError(405, "MethodNotAllowed", { message: "the server does not allow this method on the requested resource" });
    }
  }

  #list({ route, query }: FakeRequest): object {
    const { kind, namespace } = route;
    const selected = this.#store
      .list(kind)
      .filter((object) => namespace === undefined || object.metadata?.namespace === namespace)
      .filter(createSelector(query));
    const token = query.get("continue");
    const [version = "", start = "0"] = token === null ? [] : token.split(":");
    if (token !== null && Number(version) < this.#store.compactedAt) {
      throw new ApiStatusError(410, "Expired", { message: "The provided continue parameter is too old" });
    }
    const limit = Number(query.get("limit") ?? 0);
    const from = Number(start);
    const items = limit > 0 ? selected.slice(from, from + limit) : selected.slice(from);
    const left = selected.length - from - items.length;
    const resourceVersion = token === null ? String(this.#store.resourceVersion) : version;
    return {
      kind: `${kind.kind}List`,
      apiVersion: kind.apiVersion,
      metadata: {
        resourceVersion,
        ...(left > 0 ? { continue: `${resourceVersion}:${from + items.length}`, remainingItemCount: left } : {}),
      },
      // As the API server: items of a list have no kind of their own.
      items: items.map(({ kind: _kind, apiVersion: _version, ...item }) => item),
    };
  }

  #create({ route, query, body }: FakeRequest): object {
    const { kind, namespace } = route;
    const object = body as KubeObject;
    this.#names += 1;
    const name =
      object.metadata?.name ?? (object.metadata?.generateName === undefined ? undefined : `${object.metadata.generateName}${this.#names}`);
    const named: KubeObject = {
      ...object,
      metadata: {
        ...object.metadata,
        ...(name === undefined ? {} : { name }),
        ...(kind.namespaced && namespace !== undefined ? { namespace } : {}),
      },
    };
    if (name !== undefined && this.#store.get(kind, { namespace, name }) !== undefined) {
      const message = `${describe(kind, name)} already exists`;
      throw new ApiStatusError(409, "AlreadyExists", { message, details: detailsOf({ ...route, name }) });
    }
    return query.has("dryRun") ? named : this.#store.put(kind, named);
  }

  #update(request: FakeRequest, change: (current: KubeObject) => unknown): object {
    const { route, query } = request;
    const current = requireObject(this.#store, route) as Loose;
    const next = change(current) as Loose;
    const { uid, resourceVersion } = next.metadata ?? {};
    checkPreconditions(route, current, { uid, resourceVersion });
    const merged = mergeParts(route, current, next);
    const { metadata } = merged;
    const stored: KubeObject = {
      ...merged,
      metadata: { ...metadata, ...(current.metadata?.namespace === undefined ? {} : { namespace: current.metadata.namespace }) },
    };
    if (query.has("dryRun")) return stored;
    const isGone =
      current.metadata?.deletionTimestamp !== undefined && (metadata?.finalizers ?? []).length === 0 && route.kind.resource !== "pods";
    return isGone ? this.#store.remove(route.kind, stored) : this.#store.put(route.kind, stored);
  }

  #patch(request: FakeRequest): FakeAnswer {
    const { route, contentType, body, query } = request;
    const isApply = contentType === "application/apply-patch+yaml";
    if (isApply && !query.has("fieldManager")) {
      throw new ApiStatusError(400, "BadRequest", {
        message: "PatchOptions.meta.k8s.io is invalid: fieldManager: Required value: is required for apply patch",
      });
    }
    const isNew = isApply && this.#store.get(route.kind, { namespace: route.namespace, name: route.name ?? "" }) === undefined;
    if (isNew) return { code: 201, body: this.#create(request) };
    return { code: 200, body: this.#update(request, (current) => applyPatch(current, body, contentType)) };
  }

  #delete({ route, body }: FakeRequest): KubeObject | Status {
    const { kind } = route;
    const current = requireObject(this.#store, route) as Loose;
    const options = (body ?? {}) as DeleteOptions;
    checkPreconditions(route, current, options.preconditions ?? {});
    const isPod = kind.resource === "pods";
    const configured = Number(current.spec?.["terminationGracePeriodSeconds"] ?? DEFAULT_GRACE_SECONDS);
    const grace = isPod && current.spec?.["nodeName"] !== undefined ? (options.gracePeriodSeconds ?? configured) : 0;
    const hasFinalizers = (current.metadata?.finalizers ?? []).length > 0;
    if (grace <= 0 && !hasFinalizers) {
      const last = this.#store.remove(kind, current);
      return isPod ? last : successStatus;
    }
    const deletionTimestamp = current.metadata?.deletionTimestamp ?? formatTimestamp(this.#clock.nowMs() + grace * 1_000);
    const metadata = { ...current.metadata, deletionTimestamp, deletionGracePeriodSeconds: grace };
    return this.#store.put(kind, { ...current, metadata });
  }
}

/** The verbs of an API server over a store. */
export const createFakeVerbs = (store: ObjectStore, clock: Clock): FakeVerbs => new StoreVerbs(store, clock);
