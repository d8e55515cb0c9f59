import { raceSignal } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import { KubeClientError } from "../errors.ts";
import type { Connection, ConnectionEvents, WireRequest, WireResponse } from "./exchange.ts";

/** What {@link createLanePool} takes. */
export interface LanePoolOptions {
  /** For messages: the lane's name. */
  readonly name: string;
  /** Opens one more connection. */
  readonly open: (events: ConnectionEvents, signal: AbortSignal) => Promise<Connection>;
  readonly limits: {
    /** HTTP/2 connections; each carries as many requests as the server allows. */
    readonly maxConnections: number;
    /** HTTP/1.1 connections; each carries one request. */
    readonly maxHttp1Connections: number;
    /** Requests that may wait for a connection. */
    readonly maxWaiting: number;
    /** A connection without requests is closed after this long. */
    readonly idleMs: number;
  };
  readonly clock: Clock;
  readonly onCount: (count: number) => void;
  readonly onLost: (cause: string) => void;
}

/** The connections of one lane. */
export interface LanePool {
  send(request: WireRequest, signal: AbortSignal): Promise<WireResponse>;
  /** Every connection there is now is drained; the next request opens a new one. */
  replace(): void;
  close(): void;
}

interface Waiter {
  /** Sends at once, so that the connection's room is taken before the next one is looked at. */
  readonly admit: (connection: Connection) => void;
  readonly refuse: (error: unknown) => void;
}

interface Member {
  readonly connection: Connection;
  idleTimer: Disposable | undefined;
}

/** What an HTTP/2 connection is expected to carry while nothing is known of it. */
const EXPECTED_STREAMS = 100;
/** An attempt that failed beside other connections is made again after so long: at once would be a busy loop. */
const REOPEN_MS = 1_000;

class Pool implements LanePool {
  readonly #options: LanePoolOptions;
  readonly #members = new Set<Member>();
  readonly #waiters = new Set<Waiter>();
  #closing = new AbortController();
  #generation = 0;
  #opening = 0;
  #protocol: Connection["protocol"] = "h2";
  /** The wait after a failed attempt, while other connections are open or under way. */
  #pause: Disposable | undefined;

  constructor(options: LanePoolOptions) {
    this.#options = options;
  }

  async send(request: WireRequest, signal: AbortSignal): Promise<WireResponse> {
    const free = this.#findFree();
    if (free !== undefined) return await free.send(request, signal);
    return await this.#wait(request, signal);
  }

  replace(): void {
    this.#generation += 1;
    for (const { connection } of this.#members) connection.drain();
  }

  close(): void {
    const error = new KubeClientError({ code: "closed", message: "the client was closed", details: { mayHaveHadEffect: false } });
    this.#closing.abort(error);
    this.#endPause();
    this.#refuseWaiting(error);
    for (const { connection } of this.#members) connection.destroy("closed");
  }

  /** The oldest connection with room, so that later ones run empty and are closed. */
  #findFree(): Connection | undefined {
    for (const member of this.#members) {
      if (member.connection.freeCount === 0) continue;
      member.idleTimer?.[Symbol.dispose]();
      member.idleTimer = undefined;
      return member.connection;
    }
    return undefined;
  }

  async #wait(request: WireRequest, signal: AbortSignal): Promise<WireResponse> {
    const { name, limits } = this.#options;
    this.#closing.signal.throwIfAborted();
    if (this.#waiters.size >= limits.maxWaiting) {
      throw new KubeClientError({
        code: "queue-full",
        message: `cannot send a request: ${limits.maxWaiting} already wait for a connection of lane ${name}`,
        details: { mayHaveHadEffect: false },
      });
    }
    const { promise, resolve, reject } = Promise.withResolvers<WireResponse>();
    const waiter: Waiter = { admit: (connection) => resolve(connection.send(request, signal)), refuse: reject };
    this.#waiters.add(waiter);
    this.#openMore();
    try {
      return await raceSignal(promise, signal);
    } finally {
      this.#waiters.delete(waiter);
    }
  }

  #openMore(): void {
    const { maxConnections, maxHttp1Connections } = this.#options.limits;
    const isHttp2 = this.#protocol === "h2";
    const limit = isHttp2 ? maxConnections : maxHttp1Connections;
    const wanted = isHttp2 ? Math.ceil(this.#waiters.size / EXPECTED_STREAMS) : this.#waiters.size;
    const open = this.#countOpen();
    if (this.#pause !== undefined && open + this.#opening > 0) return;
    while (this.#opening < wanted && open + this.#opening < limit) {
      this.#opening += 1;
      void this.#open();
    }
  }

  async #open(): Promise<void> {
    const generation = this.#generation;
    let member: Member | undefined;
    try {
      const connection = await this.#options.open(
        {
          onFree: () => this.#serve(),
          onClosed: (cause) => {
            if (member !== undefined) this.#remove(member, cause);
          },
        },
        this.#closing.signal,
      );
      member = { connection, idleTimer: undefined };
      this.#members.add(member);
      this.#protocol = connection.protocol;
      this.#options.onCount(this.#members.size);
      this.#opening -= 1;
      this.#endPause();
      if (this.#closing.signal.aborted) connection.destroy("closed");
      // Opened with credentials that have been replaced meanwhile.
      else if (generation !== this.#generation) connection.drain();
    } catch (error) {
      this.#opening -= 1;
      this.#afterFailure(error);
    }
    this.#serve();
  }

  /** An attempt failed. Others that are under way, or connections that will have room, may still serve those who wait. */
  #afterFailure(error: unknown): void {
    if (this.#closing.signal.aborted) return;
    if (this.#countOpen() + this.#opening > 0) return this.#startPause();
    this.#endPause();
    this.#refuseWaiting(error);
  }

  #refuseWaiting(error: unknown): void {
    for (const waiter of this.#waiters) waiter.refuse(error);
    this.#waiters.clear();
  }

  #countOpen(): number {
    return [...this.#members].filter(({ connection }) => connection.isOpen).length;
  }

  #startPause(): void {
    this.#pause ??= this.#options.clock.schedule(REOPEN_MS, () => {
      this.#pause = undefined;
      this.#serve();
    });
  }

  #endPause(): void {
    this.#pause?.[Symbol.dispose]();
    this.#pause = undefined;
  }

  #remove(member: Member, cause: string): void {
    member.idleTimer?.[Symbol.dispose]();
    if (!this.#members.delete(member)) return;
    this.#options.onCount(this.#members.size);
    if (cause !== "closed" && cause !== "replaced") this.#options.onLost(cause);
    this.#serve();
  }

  #serve(): void {
    for (const member of this.#members) {
      while (member.connection.freeCount > 0) {
        const [waiter] = this.#waiters;
        if (waiter === undefined) break;
        this.#waiters.delete(waiter);
        waiter.admit(member.connection);
      }
      if (member.connection.activeCount === 0 && member.connection.freeCount > 0) this.#armIdle(member);
    }
    if (this.#waiters.size > 0 && !this.#closing.signal.aborted) this.#openMore();
  }

  #armIdle(member: Member): void {
    member.idleTimer ??= this.#options.clock.schedule(this.#options.limits.idleMs, () => {
      member.idleTimer = undefined;
      if (member.connection.activeCount === 0) member.connection.drain();
    });
  }
}

/** A lane without connections; the first request opens one. */
export const createLanePool = (options: LanePoolOptions): LanePool => new Pool(options);
