import type { DeleteOptions, Status } from "@nk/pod-model";
import { isKubeClientError, KubeClientError } from "./errors.ts";
import type { KubeObject, Lane, ResourceKind } from "./kinds.ts";
import type { CallOptions } from "./options.ts";
import type { ApiRequest, Sender } from "./request/send.ts";
import { parseStatus } from "./request/status-error.ts";
import { computeQuery, computeResourcePath, describePlace } from "./resource-path.ts";
import type { ObjectPlace, QueryValues } from "./resource-path.ts";

/** One object of a kind. */
export interface ObjectName {
  /** Required for namespaced kinds. */
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** Which objects of a kind. */
export interface ListSelection {
  /** Default: all namespaces. */
  readonly namespace?: string | undefined;
  /** "spec.nodeName=node-1". */
  readonly fieldSelector?: string | undefined;
  /** "app=web,tier!=db". */
  readonly labelSelector?: string | undefined;
}

/** What {@link Verbs.list} takes. */
export interface ListQuery extends ListSelection {
  /** At most so many items; the answer then says how to `continue`. */
  readonly limit?: number | undefined;
  readonly continue?: string | undefined;
  /** "0" for any version the server has at hand; default the most recent. */
  readonly resourceVersion?: string | undefined;
  readonly resourceVersionMatch?: "Exact" | "NotOlderThan" | undefined;
}

/** A list, or a page of one. */
export interface ObjectList<T> {
  /** With apiVersion and kind, which the server leaves out of lists. */
  readonly items: readonly T[];
  readonly resourceVersion: string;
  /** More items are there: pass it to the next `list`. */
  readonly continue: string | undefined;
  readonly remainingItemCount: number | undefined;
}

/** Options of what changes objects. */
export interface WriteOptions extends CallOptions {
  /** Who manages the fields that are set; required by patches of type "apply". */
  readonly fieldManager?: string | undefined;
  /** Checks and answers, but stores nothing. */
  readonly dryRun?: boolean | undefined;
  /** "status", "approval" ... */
  readonly subresource?: string | undefined;
}

/** A change to an object. */
export type Patch =
  | { readonly type: "strategic" | "merge"; readonly body: object }
  | { readonly type: "json"; readonly body: readonly object[] }
  /** Server-side apply; `force` takes fields from other managers. */
  | { readonly type: "apply"; readonly body: object; readonly force?: boolean | undefined };

/** Options of {@link Verbs.delete}. */
export interface DeleteCallOptions extends CallOptions {
  /** Seconds; 0 removes a pod from the API at once. */
  readonly gracePeriodSeconds?: number | undefined;
  /** Only if the object is this one; otherwise "conflict". */
  readonly preconditions?: { readonly uid?: string | undefined; readonly resourceVersion?: string | undefined } | undefined;
  readonly propagationPolicy?: "Orphan" | "Background" | "Foreground" | undefined;
}

/**
 * Requests about objects. Each rejects with a KubeClientError, or with the signal's reason. Objects are what the server sent: they are
 * not checked beyond being objects.
 */
export interface Verbs {
  get<T extends KubeObject>(
    kind: ResourceKind<T>,
    name: ObjectName,
    options?: CallOptions & { readonly resourceVersion?: string | undefined },
  ): Promise<T>;
  list<T extends KubeObject>(kind: ResourceKind<T>, query?: ListQuery, options?: CallOptions): Promise<ObjectList<T>>;
  /** Everything, in pages of `limit` (default 500); when the pages expire meanwhile ("gone"), everything at once. */
  listAll<T extends KubeObject>(kind: ResourceKind<T>, query?: Omit<ListQuery, "continue">, options?: CallOptions): Promise<ObjectList<T>>;
  create<T extends KubeObject>(kind: ResourceKind<T>, object: T, options?: WriteOptions): Promise<T>;
  replace<T extends KubeObject>(kind: ResourceKind<T>, object: T, options?: WriteOptions): Promise<T>;
  /** Changes one object: `patch(kinds.nodes, { name, type: "strategic", body }, { subresource: "status" })`. */
  patch<T extends KubeObject>(kind: ResourceKind<T>, change: ObjectName & Patch, options?: WriteOptions): Promise<T>;
  /**
   * The object as the server last saw it: with a deletionTimestamp when it is still there, or, of some kinds (pods), as it was when it
   * went. Undefined when the server answers with a mere success.
   */
  delete<T extends KubeObject>(kind: ResourceKind<T>, name: ObjectName, options?: DeleteCallOptions): Promise<T | undefined>;
  /** POST of a body to a subresource: token, eviction, binding. */
  createSubresource<A extends object>(
    kind: ResourceKind,
    name: ObjectName & { readonly subresource: string },
    options: WriteOptions & { readonly body: object },
  ): Promise<A>;
  /** GET of a path outside the resources, such as "/readyz" or "/version": the answer's text. */
  getText(path: string, options?: CallOptions): Promise<string>;
}

/** What {@link createVerbs} takes. */
export interface VerbsOptions {
  readonly sender: Sender;
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
}

const PATCH_TYPES: Readonly<Record<Patch["type"], string>> = {
  strategic: "application/strategic-merge-patch+json",
  merge: "application/merge-patch+json",
  json: "application/json-patch+json",
  // JSON is YAML; the server knows apply patches by this name in every version.
  apply: "application/apply-patch+yaml",
};

const DEFAULT_PAGE = 500;

/** The lane a request takes unless the caller says otherwise. */
export const computeLane = (kind: ResourceKind, subresource: string | undefined): Lane =>
  kind.lane ?? (subresource === "status" ? "status" : "main");

/** Adds what lists leave out, so that an object looks alike wherever it comes from. */
export const completeItem = <T extends KubeObject>(kind: ResourceKind<T>, item: T): T =>
  item.kind === undefined ? { ...item, apiVersion: kind.apiVersion, kind: kind.kind } : item;

const isObjectList = <T>(value: unknown): value is readonly T[] =>
  Array.isArray(value) && value.every((item) => typeof item === "object" && item !== null && !Array.isArray(item));

const writeQuery = ({ fieldManager, dryRun }: WriteOptions): QueryValues => ({ fieldManager, dryRun: dryRun === true ? "All" : undefined });

class RequestVerbs implements Verbs {
  readonly #options: VerbsOptions;

  constructor(options: VerbsOptions) {
    this.#options = options;
  }

  async get<T extends KubeObject>(
    kind: ResourceKind<T>,
    name: ObjectName,
    options: CallOptions & { readonly resourceVersion?: string | undefined } = {},
  ): Promise<T> {
    const { resourceVersion } = options;
    return await this.#call<T>({ kind, place: name, verb: "get", method: "GET", isIdempotent: true, query: { resourceVersion } }, options);
  }

  async list<T extends KubeObject>(kind: ResourceKind<T>, query: ListQuery = {}, options: CallOptions = {}): Promise<ObjectList<T>> {
    const { namespace, ...values } = query;
    const call = { kind, place: { namespace }, verb: "list", method: "GET", isIdempotent: true, query: values } as const;
    const list = await this.#call<{ readonly items?: unknown; readonly metadata?: { readonly [key: string]: unknown } | null }>(
      call,
      options,
    );
    const { resourceVersion, continue: next, remainingItemCount } = list.metadata ?? {};
    const items: unknown = list.items ?? [];
    if (!isObjectList<T>(items) || typeof resourceVersion !== "string") {
      throw new KubeClientError({
        code: "bad-answer",
        message: `cannot list ${describePlace(kind, { namespace })}: the answer is no list`,
      });
    }
    return {
      items: items.map((item) => completeItem(kind, item)),
      resourceVersion,
      continue: typeof next === "string" && next !== "" ? next : undefined,
      remainingItemCount: typeof remainingItemCount === "number" ? remainingItemCount : undefined,
    };
  }

  async listAll<T extends KubeObject>(
    kind: ResourceKind<T>,
    query: Omit<ListQuery, "continue"> = {},
    options: CallOptions = {},
  ): Promise<ObjectList<T>> {
    const limit = query.limit ?? DEFAULT_PAGE;
    const first = await this.list(kind, { ...query, limit }, options);
    const items = [...first.items];
    for (let next = first.continue; next !== undefined;) {
      // A continuation token holds the version already, and the server refuses both.
      const { resourceVersion: _version, resourceVersionMatch: _match, ...selection } = query;
      try {
        const page = await this.list(kind, { ...selection, limit, continue: next }, options);
        items.push(...page.items);
        next = page.continue;
      } catch (error) {
        // As client-go's pager: what is there now, all at once.
        if (isKubeClientError(error, "gone")) return await this.list(kind, { ...selection, limit: undefined }, options);
        throw error;
      }
    }
    return { ...first, items, continue: undefined, remainingItemCount: undefined };
  }

  async create<T extends KubeObject>(kind: ResourceKind<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const place = { namespace: object.metadata?.namespace, subresource: options.subresource };
    return await this.#call<T>(
      { kind, place, verb: "create", method: "POST", isIdempotent: false, query: writeQuery(options), body: completeItem(kind, object) },
      options,
    );
  }

  async replace<T extends KubeObject>(kind: ResourceKind<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const { name, namespace } = object.metadata ?? {};
    if (name === undefined)
      throw new KubeClientError({ code: "bad-request", message: `cannot replace one of ${kind.resource} without a name` });
    const place = { namespace, name, subresource: options.subresource };
    return await this.#call<T>(
      { kind, place, verb: "replace", method: "PUT", isIdempotent: true, query: writeQuery(options), body: completeItem(kind, object) },
      options,
    );
  }

  async patch<T extends KubeObject>(kind: ResourceKind<T>, change: ObjectName & Patch, options: WriteOptions = {}): Promise<T> {
    const { namespace, name, type } = change;
    const query = { ...writeQuery(options), force: type === "apply" && change.force === true ? true : undefined };
    const body = type === "apply" ? completeItem(kind, change.body as KubeObject) : change.body;
    const place = { namespace, name, subresource: options.subresource };
    // Of a JSON patch the second time may fail or add again; the others lead to the same object however often they are sent.
    const isIdempotent = type !== "json";
    return await this.#call<T>(
      { kind, place, verb: "patch", method: "PATCH", isIdempotent, query, body, contentType: PATCH_TYPES[type] },
      options,
    );
  }

  async delete<T extends KubeObject>(kind: ResourceKind<T>, name: ObjectName, options: DeleteCallOptions = {}): Promise<T | undefined> {
    const { gracePeriodSeconds, propagationPolicy, preconditions } = options;
    const { uid, resourceVersion } = preconditions ?? {};
    const body: DeleteOptions = {
      apiVersion: "v1",
      kind: "DeleteOptions",
      ...(gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds }),
      ...(propagationPolicy === undefined ? {} : { propagationPolicy }),
      ...(preconditions === undefined
        ? {}
        : { preconditions: { ...(uid === undefined ? {} : { uid }), ...(resourceVersion === undefined ? {} : { resourceVersion }) } }),
    };
    const answer = await this.#call<T | Status>(
      { kind, place: name, verb: "delete", method: "DELETE", isIdempotent: true, query: {}, body },
      options,
    );
    return parseStatus(answer) === undefined ? (answer as T) : undefined;
  }

  async createSubresource<A extends object>(
    kind: ResourceKind,
    name: ObjectName & { readonly subresource: string },
    options: WriteOptions & { readonly body: object },
  ): Promise<A> {
    return await this.#call<A>(
      { kind, place: name, verb: "create", method: "POST", isIdempotent: false, query: writeQuery(options), body: options.body },
      options,
    );
  }

  async getText(path: string, options: CallOptions = {}): Promise<string> {
    if (!path.startsWith("/")) throw new KubeClientError({ code: "bad-request", message: "cannot get a path that does not begin with /" });
    const what = `get ${path.replace(/\?.*$/u, "")}`;
    const answer = await this.#send(
      { what, method: "GET", path, lane: options.lane ?? "main", accept: "*/*", isIdempotent: true },
      options,
    );
    return answer.toString("utf8");
  }

  async #call<A extends object>(
    call: {
      readonly kind: ResourceKind;
      readonly place: ObjectPlace;
      readonly verb: string;
      readonly method: ApiRequest["method"];
      readonly isIdempotent: boolean;
      readonly query: QueryValues;
      readonly body?: object | undefined;
      readonly contentType?: string | undefined;
    },
    options: CallOptions,
  ): Promise<A> {
    const { kind, place, method, isIdempotent, contentType } = call;
    const what = `${call.verb} ${describePlace(kind, place)}`;
    const path = computeResourcePath(kind, place) + computeQuery(call.query);
    const lane = options.lane ?? computeLane(kind, place.subresource);
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    const answer = await this.#send({ what, method, path, lane, isIdempotent, body, contentType }, options);
    let value: unknown;
    try {
      value = JSON.parse(answer.toString("utf8"));
    } catch {
      throw new KubeClientError({ code: "bad-answer", message: `cannot ${what}: the answer is no JSON` });
    }
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as A;
    throw new KubeClientError({ code: "bad-answer", message: `cannot ${what}: the answer is no object` });
  }

  async #send(request: ApiRequest, options: CallOptions): Promise<Buffer> {
    const { sender, timeoutMs, maxResponseBytes } = this.#options;
    const limits = { signal: options.signal, timeoutMs: options.timeoutMs ?? timeoutMs, maxBytes: maxResponseBytes };
    const { body } = await sender.send({ ...request, isUrgent: options.priority === "urgent" }, limits);
    return body;
  }
}

/** The verbs over a sender, as functions that need no `this`. */
export const createVerbs = (options: VerbsOptions): Verbs => {
  const verbs = new RequestVerbs(options);
  return {
    get: (kind, name, callOptions) => verbs.get(kind, name, callOptions),
    list: (kind, query, callOptions) => verbs.list(kind, query, callOptions),
    listAll: (kind, query, callOptions) => verbs.listAll(kind, query, callOptions),
    create: (kind, object, callOptions) => verbs.create(kind, object, callOptions),
    replace: (kind, object, callOptions) => verbs.replace(kind, object, callOptions),
    patch: (kind, change, callOptions) => verbs.patch(kind, change, callOptions),
    delete: (kind, name, callOptions) => verbs.delete(kind, name, callOptions),
    createSubresource: (kind, name, callOptions) => verbs.createSubresource(kind, name, callOptions),
    getText: (path, callOptions) => verbs.getText(path, callOptions),
  };
};
