import type { Clock } from "@nk/stdx";

/** Where the pace of lists comes from: `evented` while an event stream stands, else `generic`. */
export type PlegMode = "evented" | "generic";

export interface RuntimeHealthSnapshot {
  readonly mode: PlegMode;
  /** When the last list was answered, epoch ms; absent before the first. */
  readonly lastRelistAtMs?: number;
  /** Why the newest list failed; absent when it was answered. */
  readonly lastError?: unknown;
}

/** Whether the runtime answers lists: the only thing of PLEG that concerns the node. */
export interface RuntimeHealth {
  /** False until the first list, and when the last one is older than the threshold. */
  healthy(): boolean;
  /** The reference's words for the node's Ready condition; undefined while healthy. */
  problem(): string | undefined;
  snapshot(): RuntimeHealthSnapshot;
}

/** The writer's side. */
export interface RuntimeHealthStore {
  readonly view: RuntimeHealth;
  snapshot(): RuntimeHealthSnapshot;
  relisted(): void;
  failed(error: unknown): void;
  switched(mode: PlegMode): void;
}

/** A store that has seen nothing. */
export const createRuntimeHealth = (options: { readonly clock: Clock; readonly relistThresholdMs: number }): RuntimeHealthStore => {
  const { clock, relistThresholdMs } = options;
  let current: RuntimeHealthSnapshot = { mode: "generic" };
  // Age is measured on the monotonic clock: a jump of the wall clock must not make a node unhealthy.
  let relistedMs: number | undefined;

  const problem = (): string | undefined => {
    if (relistedMs === undefined) return "pleg has yet to be successful";
    const ageMs = clock.monotonicMs() - relistedMs;
    if (ageMs <= relistThresholdMs) return undefined;
    return `pleg was last seen active ${Math.floor(ageMs / 1000)}s ago; threshold is ${Math.floor(relistThresholdMs / 1000)}s`;
  };
  return {
    view: { healthy: () => problem() === undefined, problem, snapshot: () => current },
    snapshot: () => current,
    relisted() {
      relistedMs = clock.monotonicMs();
      current = { mode: current.mode, lastRelistAtMs: clock.nowMs() };
    },
    failed(error) {
      current = { ...current, lastError: error };
    },
    switched(mode) {
      current = { ...current, mode };
    },
  };
};
