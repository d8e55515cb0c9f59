import type { Pod, PodStatus, PodUid } from "@nk/pod-model";
import { isStaticPod, podRef } from "@nk/pod-model";
import { createEmitter, noopLogger, systemClock } from "@nk/stdx";
import type { Clock, Emitter, Logger } from "@nk/stdx";
import { isDeepStrictEqual } from "node:util";
import { computePodStatus } from "./compute-pod-status.ts";
import type { StatusOverride, WaitingReason } from "./input.ts";
import type { PodFactsPort } from "./ports.ts";
import { computeRejectedStatus } from "./rejected-status.ts";
import type { Rejection } from "./rejected-status.ts";
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
  /**
   * What a status is computed on when none of the pod was computed yet: start time, transition times, ended containers. Default: the status
   * in the object of a pod from the API. For a static pod it may be its mirror's.
   */
  readonly knownStatus?: (pod: Pod) => PodStatus | undefined;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/** A status that was computed. */
export interface PodStatusChange {
  readonly pod: Pod;
  readonly status: PodStatus;
  /** Undefined for the first one. */
  readonly previous: PodStatus | undefined;
  /** See `PodStanding.stoppedForGood`. */
  readonly stoppedForGood: boolean;
}

/** The current status of every pod: the one place where statuses are kept, with one writer. */
export interface PodStatuses {
  /** The pod is known, or changed: its status is computed now and kept. */
  publish(pod: Pod, standing: PodStanding): Promise<PodStatus>;
  /** The pod may not run here: from now on its status is that of a rejected pod, which has nothing but a final phase and the reason. */
  reject(pod: Pod, rejection: Rejection): PodStatus;
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
  /** Called after the first status of a pod, and after each change of it or of its being stopped for good. Listeners must not throw. */
  subscribe(listener: (change: PodStatusChange) => void): Disposable;
}

interface Entry {
  pod: Pod;
  standing: PodStanding;
  status: PodStatus | undefined;
  rejection: Rejection | undefined;
  /** What the listeners were told last. */
  toldStopped: boolean;
  waiting: ReadonlyMap<string, WaitingReason>;
  readonly messages: MessageCache;
}

const createEntry = (pod: Pod, standing: PodStanding): Entry => ({
  pod,
  standing,
  status: undefined,
  rejection: undefined,
  toldStopped: false,
  waiting: new Map(),
  messages: new Map(),
});

const apiStatus = (pod: Pod): PodStatus | undefined => (isStaticPod(pod) ? undefined : pod.status);

const overrideOf = ({ override }: PodStanding): Pick<PodStanding, "override"> => (override === undefined ? {} : { override });

interface Store {
  readonly facts: PodFactsPort;
  readonly options: PodStatusesOptions;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly entries: Map<PodUid, Entry>;
  readonly changes: Emitter<PodStatusChange>;
}

/** The one place where a status is kept. */
const keep = (store: Store, entry: Entry, status: PodStatus): PodStatus => {
  const previous = entry.status;
  const { stoppedForGood } = entry.standing;
  const isSame = previous !== undefined && isDeepStrictEqual(previous, status);
  if (isSame && entry.toldStopped === stoppedForGood) return previous;
  entry.status = isSame ? previous : status;
  entry.toldStopped = stoppedForGood;
  store.changes.emit({ pod: entry.pod, status: entry.status, previous, stoppedForGood });
  return entry.status;
};

const previousOf = ({ options }: Store, { status, pod }: Entry): PodStatus | undefined => status ?? (options.knownStatus ?? apiStatus)(pod);

const keepRejected = (store: Store, entry: Entry, rejection: Rejection): PodStatus =>
  keep(store, entry, computeRejectedStatus(entry.pod, rejection, { previous: previousOf(store, entry), nowMs: store.clock.nowMs() }));

const compute = async (store: Store, uid: PodUid, entry: Entry): Promise<PodStatus> => {
  const { facts, options, logger } = store;
  if (entry.rejection !== undefined) return keepRejected(store, entry, entry.rejection);
  await readMessages(facts, logger, { uid, pod: entry.pod, messages: entry.messages });
  // From here on without a wait: what is read is what is kept.
  const observed = facts.observed(uid);
  const status = computePodStatus({
    pod: entry.pod,
    observed,
    previous: previousOf(store, entry),
    nowMs: store.clock.nowMs(),
    stoppedForGood: entry.standing.stoppedForGood,
    runtimeName: options.runtimeName(),
    nodeIps: options.nodeIps(),
    waiting: entry.waiting,
    probes: facts.probes(entry.pod),
    terminationMessages: new Map([...entry.messages].filter(([, message]) => message !== "")),
    supportsRecursiveReadOnly: facts.supportsRecursiveReadOnly?.(entry.pod) ?? false,
    ...overrideOf(entry.standing),
  });
  if (store.entries.get(uid) !== entry) return status;
  pruneMessages(entry.messages, observed?.containers ?? []);
  // It may have been rejected while its messages were read.
  return entry.rejection === undefined ? keep(store, entry, status) : keepRejected(store, entry, entry.rejection);
};

/** Creates a store without pods. */
export const createPodStatuses = (facts: PodFactsPort, options: PodStatusesOptions): PodStatuses => {
  const { clock = systemClock, logger = noopLogger } = options;
  const entries = new Map<PodUid, Entry>();
  const store: Store = { facts, options, clock, logger, entries, changes: createEmitter() };
  return {
    publish: async (pod, standing) => {
      const { uid } = podRef(pod);
      const entry = entries.get(uid) ?? createEntry(pod, standing);
      entry.pod = pod;
      entry.standing = { ...overrideOf(standing), ...overrideOf(entry.standing), stoppedForGood: standing.stoppedForGood };
      entries.set(uid, entry);
      return compute(store, uid, entry);
    },
    reject: (pod, rejection) => {
      const { uid } = podRef(pod);
      const entry = entries.get(uid) ?? createEntry(pod, { stoppedForGood: false });
      entry.pod = pod;
      entry.rejection = rejection;
      entries.set(uid, entry);
      return keepRejected(store, entry, rejection);
    },
    refresh: async (uid) => {
      const entry = entries.get(uid);
      if (entry === undefined) return;
      try {
        await compute(store, uid, entry);
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
    subscribe: (listener) => store.changes.subscribe(listener),
  };
};
