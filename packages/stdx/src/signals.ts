import { systemClock } from "./clock.ts";
import type { Clock } from "./clock.ts";
import { DeadlineError } from "./errors.ts";

/** A signal that lives as long as a scope: dispose it (`using`) to remove its listeners and timers. */
export interface ScopedSignal extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * A signal that aborts with the first of the given ones, with its reason. Unlike `AbortSignal.any` it can be released at once, so
 * thousands of short calls do not grow a long-lived parent. Disposing does not abort.
 */
export const linkSignals = (...signals: readonly (AbortSignal | undefined)[]): ScopedSignal => {
  const controller = new AbortController();
  const releases: (() => void)[] = [];
  const release = (): void => {
    for (const undo of releases.splice(0)) undo();
  };
  for (const source of signals) {
    if (source === undefined) continue;
    if (source.aborted) {
      release();
      controller.abort(source.reason);
      break;
    }
    const onAbort = (): void => {
      release();
      controller.abort(source.reason);
    };
    source.addEventListener("abort", onAbort, { once: true });
    releases.push(() => source.removeEventListener("abort", onAbort));
  }
  return { signal: controller.signal, [Symbol.dispose]: release };
};

/** What {@link withDeadline} takes. */
export interface DeadlineOptions {
  /** The caller's signal; its abort passes through with its own reason. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the signal aborts; `Infinity` for never. */
  readonly timeoutMs: number;
  /** Default: the system clock. */
  readonly clock?: Clock | undefined;
  /** What is being attempted, for the error's message; default "the operation". */
  readonly what?: string | undefined;
}

/** A signal that aborts with a {@link DeadlineError} when the time is up, or with the caller's reason when that comes first. */
export const withDeadline = (options: DeadlineOptions): ScopedSignal => {
  const { signal: source, timeoutMs, clock = systemClock } = options;
  // One controller and one listener, not linkSignals over a second one: this surrounds every call to the runtime and to the API.
  const controller = new AbortController();
  if (source?.aborted === true) {
    controller.abort(source.reason);
    return { signal: controller.signal, [Symbol.dispose]: () => {} };
  }
  const onAbort = (): void => {
    timer[Symbol.dispose]();
    controller.abort(source?.reason);
  };
  const timer = clock.schedule(timeoutMs, () => {
    source?.removeEventListener("abort", onAbort);
    controller.abort(new DeadlineError(timeoutMs, options.what));
  });
  source?.addEventListener("abort", onAbort, { once: true });
  return {
    signal: controller.signal,
    [Symbol.dispose]: () => {
      timer[Symbol.dispose]();
      source?.removeEventListener("abort", onAbort);
    },
  };
};

/**
 * The promise's outcome, or a rejection with `signal.reason` as soon as the signal aborts. The work itself is not stopped; its late
 * outcome is ignored. Leaves no listener behind.
 */
export const raceSignal = <T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> => {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    const release = (): void => signal.removeEventListener("abort", onAbort);
    promise.then(
      (value) => {
        release();
        resolve(value);
      },
      (error: unknown) => {
        release();
        reject(error as Error);
      },
    );
  });
};
