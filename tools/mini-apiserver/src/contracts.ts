/**
 * What the parts of this tool agree on: the request pipeline (server/), the storage (storage/), the REST verbs (rest/), and what is plugged into them:
 * authentication, authorization, subresources that lead to a kubelet, controllers.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/** Any API object as it is stored: plain JSON. */
export interface ApiObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: ApiObjectMeta;
  readonly [field: string]: unknown;
}

export interface ApiObjectMeta {
  readonly name?: string;
  readonly generateName?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly finalizers?: readonly string[];
  readonly labels?: { readonly [key: string]: string };
  readonly annotations?: { readonly [key: string]: string };
  readonly [field: string]: unknown;
}

/** Who asks. */
export interface UserInfo {
  readonly username: string;
  readonly uid?: string;
  readonly groups: readonly string[];
  readonly extra?: { readonly [key: string]: readonly string[] };
}

/** What is asked, as authorization sees it; `resource` with `subresource` apart; a path for what is no resource. */
export interface RequestAttributes {
  readonly verb: string;
  readonly group?: string;
  readonly version?: string;
  readonly resource?: string;
  readonly subresource?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly path: string;
  /** As in the query of a list, watch or deletecollection: a node may list only its own pods. */
  readonly fieldSelector?: string;
}

export interface Authenticator {
  /** Undefined: no credentials that count: 401. Never throws for bad credentials. */
  authenticate(request: IncomingMessage): Promise<UserInfo | undefined>;
}

export interface Authorizer {
  authorize(user: UserInfo, attributes: RequestAttributes): Promise<{ readonly allowed: boolean; readonly reason: string }>;
}

/** Identifies a stored kind, e.g. `{ group: "", resource: "pods" }`. */
export interface StoredKind {
  readonly group: string;
  readonly resource: string;
}

export interface StoreChange {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: ApiObject;
  /** What it was before; absent for ADDED. A watch with a selector needs it to tell who has left. */
  readonly previous?: ApiObject;
  /** Of the change; for a deletion the version at which it went. */
  readonly resourceVersion: string;
}

/** The objects of all kinds under one counter of resource versions. Objects that come out are never changed in place. */
export interface Store {
  get(kind: StoredKind, where: { readonly namespace?: string; readonly name: string }): ApiObject | undefined;
  list(
    kind: StoredKind,
    where?: { readonly namespace?: string },
  ): { readonly items: readonly ApiObject[]; readonly resourceVersion: string };
  /** Sets uid, resourceVersion, creationTimestamp. @throws ApiError 409 AlreadyExists */
  create(kind: StoredKind, object: ApiObject): ApiObject;
  /**
   * Reads, changes, writes: `change` gets the current object and returns the new one (or the same: nothing is written then). With
   * `resourceVersion` in the returned object that is not the current one: 409 Conflict. @throws ApiError 404
   */
  update(
    kind: StoredKind,
    where: { readonly namespace?: string; readonly name: string },
    change: (current: ApiObject) => ApiObject,
  ): ApiObject;
  /** Removes it at once, whatever its finalizers: the rest layer has seen to them. */
  remove(kind: StoredKind, where: { readonly namespace?: string; readonly name: string }): ApiObject | undefined;
  /** The version of the last change of any kind. */
  readonly resourceVersion: string;
  /** Changes after `resourceVersion`, in order; rejects with ApiError 410 when they are no longer known. Ends when the signal aborts. */
  watch(
    kind: StoredKind,
    options: { readonly resourceVersion: string; readonly namespace?: string; readonly signal: AbortSignal },
  ): AsyncIterable<StoreChange>;
}

/** One request to a subresource that is not plain REST (log, exec, attach, portforward, proxy, token, eviction, binding, approval ...). */
export interface SubresourceRequest {
  readonly user: UserInfo;
  readonly attributes: RequestAttributes;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  /** Parsed JSON body; undefined when there is none. Not to be called for streams. @throws ApiError 400, 413 */
  readBody(): Promise<ApiObject | undefined>;
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
}

export interface SubresourceHandler {
  readonly group: string;
  readonly resource: string;
  readonly subresource: string;
  /** What discovery says of it: verbs such as `create` and the kind, e.g. `PodExecOptions`. */
  readonly discovery: { readonly kind: string; readonly verbs: readonly string[]; readonly group?: string; readonly version?: string };
  /** May throw an ApiError while no header is written: it goes out as a Status. */
  handle(request: SubresourceRequest, response: ServerResponse): Promise<void>;
  /**
   * For `Connection: Upgrade`. Absent: upgrades get 400. May throw an ApiError while nothing is written to the socket: the server answers with
   * the Status and closes. From the first byte on the socket is the handler's, which ends it too.
   */
  upgrade?(request: SubresourceRequest, socket: Duplex, head: Buffer): Promise<void>;
}

/** A handler for a create-only kind that is never stored: TokenReview, SubjectAccessReview, SelfSubjectAccessReview, SelfSubjectReview ... */
export interface VirtualResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly kind: string;
  readonly namespaced: boolean;
  create(request: SubresourceRequest, body: ApiObject): Promise<ApiObject>;
}

/** Runs beside the server until the signal aborts. */
export interface Controller {
  readonly name: string;
  run(signal: AbortSignal): Promise<void>;
}

/** A write that is about to happen, after defaults and patches were applied and before it is validated. */
export interface AdmissionRequest {
  readonly user: UserInfo;
  readonly attributes: RequestAttributes;
  readonly operation: "CREATE" | "UPDATE" | "DELETE";
  /** What shall be written; absent for DELETE. */
  readonly object?: ApiObject;
  /** What is there now; absent for CREATE. */
  readonly oldObject?: ApiObject;
}

/** Has the last word on a write. The rest layer asks each in turn, for plain resources and their `status`. */
export interface Admitter {
  /** Returns what shall be written: the object itself, or a changed one. @throws ApiError 403, 404 */
  admit(request: AdmissionRequest): ApiObject | undefined;
}
