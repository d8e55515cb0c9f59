import type { Pod, PodStatus, PodUid } from "@nk/pod-model";
import { podRef } from "@nk/pod-model";
import { createEmitter, noopLogger, systemClock } from "@nk/stdx";
import type { Clock, Logger } from "@nk/stdx";
import { isDeepStrictEqual } from "node:util";
import { computePodStatus } from "./compute-pod-status.ts";
import type { StatusOverride, WaitingReason } from "./input.ts";
import type { PodFactsPort } from "./ports.ts";
import { pruneMessages, readMessages } from "./termination-messages.ts";
import type { MessageCache } from "./termination-messages.ts";

/** What the pod's worker knows beyond the pod itself. */
export interface PodStanding {
  /** See `PodStatusInput.stoppedForGood`. */
  readonly stoppedForGood: boolean;
  /** From then on the status is this; the first one given stays. */
  readonly override?: StatusOverride;
}

export interface PodStatusesOptions {
  /** Prefix of container ids, e.g. `containerd`; asked late, because the runtime may not have answered yet. */
  readonly runtimeName: () => string;
  /** Primary address first; empty while unknown. */
  readonly nodeIps: () => readonly string[];
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/** The current status of every pod: the one place where statuses are kept, with one writer. */
export interface PodStatuses {
  /** The pod is known, or changed: its status is computed now and kept. */
  publish(pod: Pod, standing: PodStanding): Promise<PodStatus>;
  /**
   * Something observed changed: computes the status anew for the pod published last; does nothing for an unknown pod. Never rejects, so that
   * whoever observes need not wait: what fails is logged, and the next `publish` meets it again.
   */
  refresh(uid: PodUid): Promise<void>;
  /** Why containers of the pod could not be run, as the last sync found; replaces what was said before. */
  explainWaiting(uid: PodUid, waiting: ReadonlyMap<string, WaitingReason>): void;
  get(uid: PodUid): PodStatus | undefined;
  /** The pod as published last. */
  pod(uid: PodUid): Pod | undefined;
  /** Forgets a pod and everything remembered of it. */
  forget(uid: PodUid): void;
  /** Called after each change of a status. Listeners must not throw. */
  subscribe(
    listener: (change: { readonly pod: Pod; readonly status: PodStatus; readonly previous: PodStatus | undefined }) => void,
  ): Disposable;
}

interface Entry {
  pod: Pod;
  standing: PodStanding;
  status: PodStatus | undefined;
  waiting: ReadonlyMap<string, WaitingReason>;
  readonly messages: MessageCache;
}

const overrideOf = ({ override }: PodStanding): Pick<PodStanding, "override"> => (override === undefined ? {} : { override });

/** Creates a store without pods. */
export const createPodStatuses = (facts: PodFactsPort, options: PodStatusesOptions): PodStatuses => {
  const { clock = systemClock, logger = noopLogger } = options;
  const entries = new Map<PodUid, Entry>();
  const changes = createEmitter<{ readonly pod: Pod; readonly status: PodStatus; readonly previous: PodStatus | undefined }>();

  const compute = async (uid: PodUid, entry: Entry): Promise<PodStatus> => {
    await readMessages(facts, logger, { uid, pod: entry.pod, messages: entry.messages });
    // From here on without a wait: what is read is what is kept.
    const observed = facts.observed(uid);
    const previous = entry.status;
    const status = computePodStatus({
      pod: entry.pod,
      observed,
      previous,
      nowMs: clock.nowMs(),
      stoppedForGood: entry.standing.stoppedForGood,
      runtimeName: options.runtimeName(),
      nodeIps: options.nodeIps(),
      waiting: entry.waiting,
      probes: facts.probes(entry.pod),
      terminationMessages: new Map([...entry.messages].filter(([, message]) => message !== "")),
      ...overrideOf(entry.standing),
    });
    if (entries.get(uid) !== entry) return status;
    pruneMessages(entry.messages, observed?.containers ?? []);
    if (previous !== undefined && isDeepStrictEqual(previous, status)) return previous;
    entry.status = status;
    changes.emit({ pod: entry.pod, status, previous });
    return status;
  };

  return {
    publish: async (pod, standing) => {
      const { uid } = podRef(pod);
      const known = entries.get(uid);
      const entry: Entry = known ?? { pod, standing, status: undefined, waiting: new Map(), messages: new Map() };
      entry.pod = pod;
      entry.standing = { ...overrideOf(standing), ...overrideOf(entry.standing), stoppedForGood: standing.stoppedForGood };
      entries.set(uid, entry);
      return compute(uid, entry);
    },
    refresh: async (uid) => {
      const entry = entries.get(uid);
      if (entry === undefined) return;
      try {
        await compute(uid, entry);
      } catch (error) {
        logger.error("pod status cannot be computed", { podUid: uid, error });
      }
    },
    explainWaiting: (uid, waiting) => {
      const entry = entries.get(uid);
      if (entry !== undefined) entry.waiting = waiting;
    },
    get: (uid) => entries.get(uid)?.status,
    pod: (uid) => entries.get(uid)?.pod,
    forget: (uid) => {
      entries.delete(uid);
    },
    subscribe: (listener) => changes.subscribe(listener),
  };
};
