import type { Clock } from "@nk/stdx";

/** A flag one loop waits for; asking many times before it looks is one wake. */
export interface Wakeup {
  wake(): void;
  /** Resolves when woken ("woken") or after `timeoutMs` ("timeout"); rejects with the signal's reason. One waiter at a time. */
  wait(options: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<"woken" | "timeout">;
}

/** A wakeup nobody has asked for. */
export const createWakeup = (clock: Clock): Wakeup => {
  let isAsked = false;
  let notify: (() => void) | undefined;
  return {
    wake() {
      isAsked = true;
      notify?.();
    },
    wait: ({ timeoutMs, signal }) =>
      new Promise((resolve, reject) => {
        const settle = (end: () => void): void => {
          notify = undefined;
          isAsked = false;
          timer[Symbol.dispose]();
          signal.removeEventListener("abort", onAbort);
          end();
        };
        const onAbort = (): void => settle(() => reject(signal.reason as Error));
        const timer = clock.schedule(timeoutMs, () => settle(() => resolve("timeout")));
        if (signal.aborted) return onAbort();
        if (isAsked) return settle(() => resolve("woken"));
        notify = () => settle(() => resolve("woken"));
        signal.addEventListener("abort", onAbort, { once: true });
      }),
  };
};
