/**
 * Time as an option, so that tests own it. Whoever needs the time, a delay or a timer takes a Clock and defaults to
 * {@link systemClock}.
 */
export interface Clock {
  /** Wall time in milliseconds since the epoch; it may jump. For timestamps that people or other programs read. */
  nowMs(): number;
  /** Milliseconds since some fixed point; never goes back. For measuring and for deadlines. */
  monotonicMs(): number;
  /** Resolves after `delayMs`; rejects with `signal.reason` when the signal aborts first. */
  sleep(delayMs: number, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
  /**
   * Calls back once after `delayMs` (at the next turn when it is zero or less) unless disposed before. The timer keeps the process
   * alive. The delay may be of any length; `Infinity` never fires.
   */
  schedule(delayMs: number, callback: () => void): Disposable;
}

/** Node's setTimeout turns any longer delay into 1 ms, so longer ones are waited for in pieces. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

const scheduleOnSystem = (delayMs: number, callback: () => void): Disposable => {
  const dueMs = performance.now() + delayMs;
  let timer: NodeJS.Timeout;
  const arm = (leftMs: number): void => {
    timer = setTimeout(fire, Math.min(LONGEST_TIMEOUT_MS, Math.max(0, Math.ceil(leftMs))));
  };
  const fire = (): void => {
    const leftMs = dueMs - performance.now();
    // Node counts from the start of the event loop's turn, so that a timer may ring before its time.
    if (leftMs > 0) arm(leftMs);
    else callback();
  };
  arm(delayMs);
  return { [Symbol.dispose]: () => clearTimeout(timer) };
};

/** `sleep` in terms of `schedule`: the one implementation for the system clock and for fakes. Leaves no listener behind. */
export const sleepOn = (schedule: Clock["schedule"], delayMs: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const onAbort = (): void => {
      timer[Symbol.dispose]();
      reject(signal?.reason as Error);
    };
    const timer = schedule(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });

/** The machine's own time and timers. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (delayMs, options) => sleepOn(scheduleOnSystem, delayMs, options?.signal),
  schedule: scheduleOnSystem,
};
