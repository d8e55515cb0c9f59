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

class PeerHeartbeat implements Heartbeat {
  readonly #options: HeartbeatOptions;
  #heardAtMs: number;
  #asking: PromiseWithResolvers<boolean> | undefined;
  #timer: Disposable | undefined;
  #expiry: Disposable | undefined;
  #isOver = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#heardAtMs = options.clock.monotonicMs();
  }

  watch(): void {
    if (this.#isOver) return;
    this.#arm();
    if (this.#options.clock.monotonicMs() - this.#heardAtMs > RECENT_MS) void this.check();
  }

  heard(): void {
    this.#heardAtMs = this.#options.clock.monotonicMs();
  }

  rest(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  check(): Promise<boolean> {
    if (this.#isOver) return Promise.resolve(false);
    if (this.#asking !== undefined) return this.#asking.promise;
    const asking = Promise.withResolvers<boolean>();
    this.#asking = asking;
    const isAsked = this.#options.ping(() => {
      this.heard();
      this.#settle(true);
    });
    if (isAsked) this.#expireAfter(this.#options.timeoutMs);
    else this.#settle(false);
    return asking.promise;
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.rest();
    this.#settle(false);
  }

  #settle(isAlive: boolean): void {
    this.#expiry?.[Symbol.dispose]();
    this.#expiry = undefined;
    this.#asking?.resolve(isAlive);
    this.#asking = undefined;
  }

  #arm(): void {
    this.#timer ??= this.#options.clock.schedule(this.#options.intervalMs, () => {
      this.#timer = undefined;
      if (this.#isOver) return;
      this.#arm();
      void this.check();
    });
  }

  #expireAfter(delayMs: number): void {
    const { clock, timeoutMs, onDead } = this.#options;
    const dueMs = clock.monotonicMs() + delayMs;
    this.#expiry = clock.schedule(delayMs, () => {
      if (clock.monotonicMs() - dueMs > LATE_MS) {
        this.#expireAfter(Math.min(1_000, timeoutMs));
        return;
      }
      this.#isOver = true;
      this.rest();
      this.#settle(false);
      onDead();
    });
  }
}

/**
 * A connection whose packets vanish looks alive to TCP for 15 minutes. The interval timer is a safety net of the transport: it runs only
 * while requests or watches are under way, and no request waits for it.
 */
export const createHeartbeat = (options: HeartbeatOptions): Heartbeat => new PeerHeartbeat(options);
