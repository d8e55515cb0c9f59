import type { Clock } from "@nk/stdx";

/** What {@link createHeartbeat} takes. */
export interface HeartbeatOptions {
  readonly clock: Clock;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Asks the peer; false when it cannot be asked now. */
  readonly ping: (onAnswer: () => void) => boolean;
  /** The peer did not answer in time. Called once. */
  readonly onDead: () => void;
}

/** Finds out whether a peer is still there, while somebody waits for it. */
export interface Heartbeat extends Disposable {
  /** A request starts: asks at once when nothing was heard for a while, then every interval. */
  watch(): void;
  /** Something came from the peer. */
  heard(): void;
  /** Nobody waits any more. */
  rest(): void;
  /** Asks now; false when there is no answer in time. */
  check(): Promise<boolean>;
}

/** Heard from less than this ago, a peer is taken to be there. */
const RECENT_MS = 1_000;
/** A timer that fires this late means that we ourselves were held up, and the answer may lie unread. */
const LATE_MS = 200;

/**
 * A connection whose packets vanish looks alive for 15 minutes to TCP. The interval timer is a safety net of the transport: it runs only
 * while requests or watches are under way, and no request waits for it.
 */
export const createHeartbeat = (options: HeartbeatOptions): Heartbeat => {
  const { clock, intervalMs, timeoutMs } = options;
  let heardAtMs = clock.monotonicMs();
  let asking: { readonly answer: Promise<boolean> } | undefined;
  let timer: Disposable | undefined;
  let expiry: Disposable | undefined;
  let isDead = false;

  const heard = (): void => {
    heardAtMs = clock.monotonicMs();
  };
  const expireAfter = (delayMs: number, onExpired: () => void): void => {
    const dueMs = clock.monotonicMs() + delayMs;
    expiry = clock.schedule(delayMs, () => {
      expiry = undefined;
      if (clock.monotonicMs() - dueMs > LATE_MS) expireAfter(Math.min(1_000, timeoutMs), onExpired);
      else onExpired();
    });
  };
  const ask = (): Promise<boolean> => {
    if (asking !== undefined) return asking.answer;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const settle = (isAlive: boolean): void => {
      expiry?.[Symbol.dispose]();
      expiry = undefined;
      asking = undefined;
      resolve(isAlive);
    };
    asking = { answer: promise };
    const isAsked = options.ping(() => {
      heard();
      settle(true);
    });
    if (!isAsked) {
      settle(false);
      return promise;
    }
    expireAfter(timeoutMs, () => {
      settle(false);
      if (isDead) return;
      isDead = true;
      options.onDead();
    });
    return promise;
  };
  const arm = (): void => {
    timer ??= clock.schedule(intervalMs, () => {
      timer = undefined;
      if (isDead) return;
      arm();
      void ask();
    });
  };
  const rest = (): void => {
    timer?.[Symbol.dispose]();
    timer = undefined;
  };

  return {
    watch() {
      if (isDead) return;
      arm();
      if (clock.monotonicMs() - heardAtMs > RECENT_MS) void ask();
    },
    heard,
    rest,
    check: ask,
    [Symbol.dispose]: () => {
      isDead = true;
      rest();
      expiry?.[Symbol.dispose]();
      expiry = undefined;
    },
  };
};
