import { EVENT_REASONS } from "@nk/pod-model";
import { computeBackoffMs, createDelayQueue, linkSignals } from "@nk/stdx";
import type { Clock, KeyedExecutor, Logger } from "@nk/stdx";
import { errorText, isPermanent, toVolumesError } from "./errors.ts";
import type { VolumesMetrics } from "./metrics.ts";
import type { PluginTools } from "./plugins/plugin.ts";
import type { VolumeEvent } from "./ports.ts";
import type { VolumeRecord, VolumeRecords } from "./volume-records.ts";

/** What the set-up of volumes works with. */
export interface SetUpParts {
  readonly tools: PluginTools;
  readonly records: VolumeRecords;
  /** One lane per volume. */
  readonly lanes: KeyedExecutor;
  readonly metrics: VolumesMetrics;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onEvent: (event: VolumeEvent) => void;
  readonly backoff: { readonly initialMs: number; readonly maxMs: number };
}

/** Makes volumes ready, and keeps those that are ready up to date. */
export interface SetUp extends Disposable {
  /**
   * Resolves when the volume is ready; tries again after failures, at once when something it is made of changed. Rejects with a permanent
   * failure or the signal's reason. A volume that was ready stays so whatever fails.
   */
  ensureReady(record: VolumeRecord, signal: AbortSignal): Promise<void>;
  /** Looks at the content of a ready volume again. Rejects when that fails. */
  refresh(record: VolumeRecord, signal: AbortSignal | undefined): Promise<void>;
  /** Something the volume is made of has changed. */
  touch(record: VolumeRecord): void;
  /** The volume is not wanted any more. */
  forget(record: VolumeRecord): void;
}

/** The lane of one volume. */
export const laneKey = (uid: string, volumeName: string): string => `${uid}/${volumeName}`;

const laneOf = ({ owner, volume }: VolumeRecord): string => laneKey(owner.ref.uid, volume.name);

const WAKE = new Error("something the volume is made of has changed");

/** Waits until an instant, or until the volume is touched. Rejects with the signal's reason. */
const awaitTurn = async (record: VolumeRecord, untilMs: number, options: { clock: Clock; signal: AbortSignal }): Promise<void> => {
  const { clock, signal } = options;
  const woken = new AbortController();
  record.wake = () => woken.abort(WAKE);
  using either = linkSignals(signal, woken.signal, record.owner.stop.signal);
  try {
    await clock.sleep(Math.max(0, untilMs - clock.nowMs()), { signal: either.signal });
  } catch (error) {
    if (error !== WAKE) throw error;
  } finally {
    record.wake = undefined;
  }
};

/** One attempt in the volume's lane. */
const createAttempt = ({
  tools,
  records,
  lanes,
  metrics,
  clock,
}: SetUpParts): ((record: VolumeRecord, signal?: AbortSignal) => Promise<void>) => {
  const setUpNow = async (record: VolumeRecord, signal: AbortSignal | undefined): Promise<void> => {
    const { owner, plugin, volume, state } = record;
    const wasReady = state.type === "ready";
    if (wasReady && !plugin.hasContent) return;
    record.isRefreshQueued = false;
    using linked = linkSignals(signal, owner.stop.signal);
    const startedMs = clock.monotonicMs();
    let isSuccess = false;
    try {
      linked.signal.throwIfAborted();
      const lastDigest = wasReady ? state.outcome.digest : undefined;
      const outcome = await plugin.setUp({ pod: owner.pod, ref: owner.ref, volume, lastDigest, signal: linked.signal }, tools);
      isSuccess = true;
      records.setState(record, { type: "ready", outcome, refreshFailures: 0 });
      if (!wasReady) metrics.observeMounted(plugin.name, clock.nowMs() - record.wantedAtMs);
    } finally {
      const durationMs = clock.monotonicMs() - startedMs;
      if (!linked.signal.aborted) metrics.observeOperation({ plugin: plugin.name, name: "volume_mount", isSuccess, durationMs });
    }
  };
  return (record, signal) => lanes.run(laneOf(record), () => setUpNow(record, signal), { signal });
};

type Attempt = ReturnType<typeof createAttempt>;

/** Tells of a failed attempt in the reference's words. */
const reportFailure = ({ owner, volume }: VolumeRecord, error: unknown, onEvent: SetUpParts["onEvent"]): void =>
  onEvent({
    ref: owner.ref,
    type: "Warning",
    reason: EVENT_REASONS.FailedMount,
    message: `MountVolume.SetUp failed for volume ${JSON.stringify(volume.name)} : ${errorText(error)}`,
  });

/** Keeps ready volumes up to date. */
interface Refresher extends Disposable {
  /** Looks at the content now; rejects when that fails, and tries again later. */
  refresh(record: VolumeRecord, signal: AbortSignal | undefined): Promise<void>;
  /** The same without anybody who waits. One that waits for its turn already does for all. */
  refreshBehind(record: VolumeRecord): Promise<void>;
  /** Plans the next look, after a success. */
  schedule(record: VolumeRecord): void;
  /** Plans the next look, after a failure: what the volume shows, it goes on showing. */
  postpone(record: VolumeRecord, error: unknown): void;
  forget(record: VolumeRecord): void;
}

const createRefresher = (parts: SetUpParts, attempt: Attempt): Refresher => {
  const { records, clock, logger, onEvent, backoff } = parts;
  const schedule = (record: VolumeRecord): void => {
    if (record.state.type !== "ready" || record.owner.stop.signal.aborted) return;
    const { refreshAtMs } = record.state.outcome;
    if (refreshAtMs === undefined) due.cancel(record);
    else due.schedule(record, refreshAtMs);
  };
  const postpone = (record: VolumeRecord, error: unknown): void => {
    if (record.state.type !== "ready") return;
    reportFailure(record, error, onEvent);
    const { outcome, refreshFailures } = record.state;
    records.setState(record, { type: "ready", outcome, refreshFailures: refreshFailures + 1 });
    due.schedule(record, clock.nowMs() + computeBackoffMs({ attempt: refreshFailures, ...backoff }));
  };
  const refresh = async (record: VolumeRecord, signal: AbortSignal | undefined): Promise<void> => {
    try {
      await attempt(record, signal);
      schedule(record);
    } catch (error) {
      signal?.throwIfAborted();
      if (record.owner.stop.signal.aborted) return;
      postpone(record, error);
      throw error;
    }
  };
  const refreshBehind = async (record: VolumeRecord): Promise<void> => {
    if (record.isRefreshQueued) return;
    record.isRefreshQueued = true;
    try {
      await refresh(record, undefined);
    } catch (error) {
      const { owner, volume } = record;
      logger.warn("a volume could not be brought up to date", { pod: owner.ref, volume: volume.name, error: errorText(error) });
    }
  };
  const due = createDelayQueue<VolumeRecord>({ clock, onDue: (record) => void refreshBehind(record) });
  return {
    refresh,
    refreshBehind,
    schedule,
    postpone,
    forget: (record) => due.cancel(record),
    [Symbol.dispose]: () => due[Symbol.dispose](),
  };
};

/** Set-up with nothing under way. */
export const createSetUp = (parts: SetUpParts): SetUp => {
  const { records, clock, onEvent, backoff } = parts;
  const attempt = createAttempt(parts);
  const refresher = createRefresher(parts, attempt);

  const noteFailure = (record: VolumeRecord, error: unknown, generation: number): void => {
    const failures = record.state.type === "failed" ? record.state.failures : 0;
    // What changed during the attempt may be what it lacked.
    const delayMs = record.generation === generation ? computeBackoffMs({ attempt: failures, ...backoff }) : 0;
    const retryAtMs = clock.nowMs() + delayMs;
    records.setState(record, { type: "failed", failures: failures + 1, retryAtMs, error: toVolumesError(error, "not-ready") });
  };
  return {
    ensureReady: async (record, signal) => {
      for (;;) {
        if (record.state.type === "failed") await awaitTurn(record, record.state.retryAtMs, { clock, signal });
        const { generation } = record;
        try {
          await attempt(record, signal);
          return refresher.schedule(record);
        } catch (error) {
          signal.throwIfAborted();
          record.owner.stop.signal.throwIfAborted();
          if (record.state.type === "ready") return refresher.postpone(record, error);
          reportFailure(record, error, onEvent);
          if (isPermanent(error)) throw error;
          noteFailure(record, error, generation);
        }
      }
    },
    refresh: (record, signal) => refresher.refresh(record, signal),
    touch: (record) => {
      record.generation += 1;
      if (record.state.type === "ready") void refresher.refreshBehind(record);
      if (record.state.type === "failed") record.state = { ...record.state, retryAtMs: clock.nowMs() };
      record.wake?.();
    },
    forget: (record) => refresher.forget(record),
    [Symbol.dispose]: () => refresher[Symbol.dispose](),
  };
};
