import { createSemaphore } from "@nk/stdx";
import type { Clock } from "@nk/stdx";

/** How many sandboxes are made at once. */
export interface SandboxStartLimits {
  /** Sandboxes that are made at once; the rest wait their turn in the order they came. */
  readonly limit: number;
  /** Milliseconds after which one that is still being made does not count any more. */
  readonly patienceMs: number;
}

/** Lets sandboxes be made a few at a time. */
export interface SandboxStarts {
  /** A turn to make one, at once if that can be; dispose it when the sandbox is made or has failed. Rejects with the signal's reason. */
  take(signal: AbortSignal): Disposable | Promise<Disposable>;
}

/**
 * Of sixty pods that come at once the first are ready while the last still wait, and the last are not later for it: a runtime that makes
 * sixty sandboxes at a time has sixty CNI plugins wait for one another, and every pod is ready at the end only.
 */
export const createSandboxStarts = (limits: SandboxStartLimits, clock: Clock): SandboxStarts => {
  const turns = createSemaphore(limits.limit);
  const begin = (turn: Disposable): Disposable => {
    // A safety net: a network plugin that hangs for one pod must not keep the others from starting.
    const timer = clock.schedule(limits.patienceMs, () => turn[Symbol.dispose]());
    return {
      [Symbol.dispose]: () => {
        timer[Symbol.dispose]();
        turn[Symbol.dispose]();
      },
    };
  };
  return {
    take: (signal) => {
      const turn = turns.tryAcquire();
      return turn === undefined ? turns.acquire({ signal }).then(begin) : begin(turn);
    },
  };
};
