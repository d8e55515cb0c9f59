import type { Clock } from "@nk/stdx";

/** A latch: `ring` is remembered until the next `wait`, however often it was rung. */
export interface WakeUp {
  readonly ring: () => void;
  /** Resolves when it rings, after `timeoutMs`, or when the signal aborts; never rejects. */
  readonly wait: (timeoutMs: number, signal: AbortSignal) => Promise<"rung" | "timeout" | "aborted">;
}

export const createWakeUp = (clock: Clock): WakeUp => {
  let isRung = false;
  let wake: (() => void) | undefined;
  return {
    ring: () => {
      isRung = true;
      wake?.();
    },
    wait: async (timeoutMs, signal) => {
      if (!isRung && !signal.aborted) {
        let isTimeout = false;
        await new Promise<void>((resolve) => {
          const timer = clock.schedule(timeoutMs, () => {
            isTimeout = true;
            settle();
          });
          const settle = (): void => {
            timer[Symbol.dispose]();
            signal.removeEventListener("abort", settle);
            wake = undefined;
            resolve();
          };
          wake = settle;
          signal.addEventListener("abort", settle, { once: true });
        });
        if (isTimeout && !isRung && !signal.aborted) return "timeout";
      }
      isRung = false;
      return signal.aborted ? "aborted" : "rung";
    },
  };
};
