import { formatTimestampMicro } from "@nk/pod-model";
import type { Lease, OwnerReference } from "@nk/pod-model";
import { computeBackoffMs } from "@nk/stdx";
import { callApi } from "./context.ts";
import type { Context } from "./context.ts";
import { createWakeup } from "./wakeup.ts";

/** Where the leases of nodes are. */
export const LEASE_NAMESPACE = "kube-node-lease";

const RENEW_SHARE = 0.25;
const RENEW_JITTER = 0.04;

/** What a lease says. */
export interface LeaseInput {
  readonly nodeName: string;
  /** Absent while the node's object is not known: a lease without an owner outlives its node, so none is created. */
  readonly nodeUid: string | undefined;
  readonly leaseDurationSeconds: number;
  readonly nowMs: number;
}

/** The lease as it should be now; a lease of a node that was made anew gets its new owner. */
export const computeLease = (input: LeaseInput, existing: Lease | undefined): Lease => {
  const { nodeName, nodeUid, leaseDurationSeconds, nowMs } = input;
  const before = existing?.metadata?.ownerReferences ?? [];
  const owner = before.find(({ kind }) => kind === "Node");
  const ownerReferences: readonly OwnerReference[] =
    nodeUid === undefined || owner?.uid === nodeUid
      ? before
      : [...before.filter((one) => one !== owner), { apiVersion: "v1", kind: "Node", name: nodeName, uid: nodeUid }];
  return {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: {
      ...(existing?.metadata ?? { name: nodeName, namespace: LEASE_NAMESPACE }),
      ...(ownerReferences.length === 0 ? {} : { ownerReferences }),
    },
    spec: {
      ...(existing?.spec ?? { holderIdentity: nodeName }),
      leaseDurationSeconds,
      renewTime: formatTimestampMicro(nowMs),
    },
  };
};

/** The node's heartbeat. */
export interface LeaseHeartbeat {
  run(signal: AbortSignal): Promise<void>;
  /** The node is known, or the server has been heard of: a wait after a failure, or for the node, ends. */
  nudge(): void;
}

type Renewal = "renewed" | "no-owner";

/** Renewals one after another; `latest` is the lease as the server last told it, so that no read is needed. */
const createRenewer = (context: Context): ((signal: AbortSignal) => Promise<Renewal>) => {
  const { ports, options, cache } = context;
  const { nodeName } = options.settings;
  const ref = { namespace: LEASE_NAMESPACE, name: nodeName };
  const what = `renewing the lease of node ${nodeName}`;
  let latest: Lease | undefined;

  const input = (): LeaseInput => ({
    nodeName,
    nodeUid: cache.node?.metadata?.uid,
    leaseDurationSeconds: options.leaseDurationSeconds,
    nowMs: options.clock.nowMs(),
  });
  const find = async (signal: AbortSignal): Promise<Lease | undefined> => {
    try {
      return await callApi(context, signal, { what, call: (call) => ports.lease.get(ref, call) });
    } catch (error) {
      signal.throwIfAborted();
      if (options.classifyError(error) === "not-found") return undefined;
      throw error;
    }
  };
  const renewOnce = async (signal: AbortSignal): Promise<Renewal> => {
    latest ??= await find(signal);
    const existing = latest;
    if (existing === undefined && input().nodeUid === undefined) return "no-owner";
    latest = await callApi(context, signal, {
      what,
      call: (call) => {
        const lease = computeLease(input(), existing);
        return existing === undefined ? ports.lease.create(lease, call) : ports.lease.replace(lease, call);
      },
    });
    return "renewed";
  };

  return async (signal) => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await renewOnce(signal);
      } catch (error) {
        signal.throwIfAborted();
        // Whatever it was, our copy may be old: the next attempt reads it. A server that is away is not asked again at once.
        latest = undefined;
        if (options.classifyError(error) === "unavailable" || attempt >= options.maxTries) throw error;
      }
    }
  };
};

/**
 * Renews the node's lease each quarter of its duration (x1 to x1.04). The lease is a heartbeat of its own: it goes on while the status can't
 * be computed or is refused. After a failure it is tried again soon, at most `retryMaxMs` later, so that an API server that comes back sees
 * the node at once. Reference: component-helpers/apimachinery/lease.
 */
export const createLeaseHeartbeat = (context: Context): LeaseHeartbeat => {
  const { ports, options } = context;
  const { clock, random, logger, retryInitialMs, retryMaxMs } = options;
  const wakeup = createWakeup(clock);
  const renew = createRenewer(context);
  const intervalMs = options.leaseDurationSeconds * 1000 * RENEW_SHARE;
  let isWaitingForNews = false;

  const waitForNews = async (timeoutMs: number, signal: AbortSignal): Promise<void> => {
    isWaitingForNews = true;
    try {
      await wakeup.wait({ timeoutMs, signal });
    } finally {
      isWaitingForNews = false;
    }
  };
  const fail = async (failures: number, error: unknown, signal: AbortSignal): Promise<void> => {
    if (failures === 1) logger.warn("the node's lease was not renewed, trying again", { error });
    if (failures === 2) ports.listener?.onRepeatedFailure?.();
    const attempt = Math.min(failures - 1, 30);
    await waitForNews(computeBackoffMs({ attempt, initialMs: retryInitialMs, maxMs: retryMaxMs, jitter: 0.2, random }), signal);
  };

  return {
    nudge() {
      if (isWaitingForNews) wakeup.wake();
    },
    async run(signal) {
      let failures = 0;
      for (;;) {
        signal.throwIfAborted();
        try {
          const renewal = await renew(signal);
          if (failures > 0) logger.info("the node's lease is renewed again", { failures });
          failures = 0;
          const waitMs = intervalMs * (1 + RENEW_JITTER * random());
          if (renewal === "no-owner") await waitForNews(waitMs, signal);
          else await clock.sleep(waitMs, { signal });
        } catch (error) {
          signal.throwIfAborted();
          failures += 1;
          await fail(failures, error, signal);
        }
      }
    },
  };
};
