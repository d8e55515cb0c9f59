import type { Lease, Node } from "@nk/pod-model";
import type { LeasePort, NodeApiPort, NodePatch } from "../ports.ts";
import { applyNodePatch } from "./apply-patch.ts";

/** An error as API clients throw it. */
export const apiError = (code: number, reason: string): Error =>
  Object.assign(new Error(`the server answered ${code} ${reason}`), { statusCode: code, body: { code, reason } });

/** A call that reached the server, or was made to fail. */
export interface FakeApiCall {
  readonly verb: "get" | "create" | "patch" | "get-lease" | "create-lease" | "replace-lease";
  readonly body?: unknown;
  readonly signal: AbortSignal;
}

/** One node's object and lease on a server in memory. */
export interface FakeNodeApi {
  readonly node: NodeApiPort;
  readonly lease: LeasePort;
  /** The node as the server has it. */
  stored(): Node | undefined;
  storedLease(): Lease | undefined;
  /** Somebody else writes, or deletes with `undefined`; returns what a watch would show. */
  write(node: Node | undefined): Node | undefined;
  writeLease(lease: Lease | undefined): void;
  readonly calls: readonly FakeApiCall["verb"][];
  readonly patches: readonly NodePatch[];
}

/**
 * An empty server. `onCall` runs before each call takes effect: what it throws is the answer, what it waits for delays it. `onWrite` hears of
 * every version of the node, as a watch does.
 */
export const createFakeNodeApi = (
  options: {
    readonly onCall?: (call: FakeApiCall) => Promise<void> | void;
    readonly onWrite?: (node: Node | undefined) => void;
  } = {},
): FakeNodeApi => {
  let node: Node | undefined;
  let lease: Lease | undefined;
  let version = 100;
  let uids = 0;
  const calls: FakeApiCall["verb"][] = [];
  const patches: NodePatch[] = [];

  const enter = async (call: FakeApiCall): Promise<void> => {
    calls.push(call.verb);
    await options.onCall?.(call);
    call.signal.throwIfAborted();
  };
  const nextVersion = (): string => {
    version += 1;
    return `${version}`;
  };
  const store = (next: Node): Node => {
    if (next.metadata?.uid === undefined) uids += 1;
    const uid = next.metadata?.uid ?? `uid-${uids}`;
    node = { ...next, metadata: { ...next.metadata, uid, resourceVersion: nextVersion() } };
    options.onWrite?.(node);
    return node;
  };
  const existing = (): Node => {
    if (node === undefined) throw apiError(404, "NotFound");
    return node;
  };
  const storeLease = (next: Lease): Lease => {
    lease = { ...next, metadata: { ...next.metadata, resourceVersion: nextVersion() } };
    return lease;
  };

  return {
    calls,
    patches,
    stored: () => node,
    storedLease: () => lease,
    write(next) {
      if (next !== undefined) return store(next);
      node = undefined;
      options.onWrite?.(undefined);
      return undefined;
    },
    writeLease(next) {
      lease = next === undefined ? undefined : storeLease(next);
    },
    node: {
      async get(_name, { signal }) {
        await enter({ verb: "get", signal });
        return existing();
      },
      async create(body, { signal }) {
        await enter({ verb: "create", body, signal });
        if (node !== undefined) throw apiError(409, "AlreadyExists");
        return store(body);
      },
      async patchStatus(_name, patch, { signal }) {
        await enter({ verb: "patch", body: patch, signal });
        patches.push(patch);
        return store(applyNodePatch(existing(), patch));
      },
    },
    lease: {
      async get(_ref, { signal }) {
        await enter({ verb: "get-lease", signal });
        if (lease === undefined) throw apiError(404, "NotFound");
        return lease;
      },
      async create(body, { signal }) {
        await enter({ verb: "create-lease", body, signal });
        if (lease !== undefined) throw apiError(409, "AlreadyExists");
        return storeLease(body);
      },
      async replace(body, { signal }) {
        await enter({ verb: "replace-lease", body, signal });
        if (lease === undefined) throw apiError(404, "NotFound");
        if (body.metadata?.resourceVersion !== lease.metadata?.resourceVersion) throw apiError(409, "Conflict");
        return storeLease(body);
      },
    },
  };
};
