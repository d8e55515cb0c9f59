import { createFakeClock } from "@nk/stdx/testing";
import type { FakeClock } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { KubeClientError } from "../errors.ts";
import type { Connection, ConnectionEvents, WireRequest, WireResponse } from "./exchange.ts";
import { createLanePool } from "./lane.ts";
import type { LanePool } from "./lane.ts";

const request: WireRequest = { method: "GET", path: "/", headers: {}, body: undefined, lane: "watch" };
const answer: WireResponse = {
  status: 200,
  header: () => undefined,
  body: (async function* () {})(),
  cancel: () => {},
  ping: () => Promise.resolve(true),
};

/** A connection for one request at a time, which goes on until `finish`. */
interface SlowConnection extends Connection {
  finish(): void;
  lose(): void;
}

const createSlowConnection = (protocol: Connection["protocol"], { onFree, onClosed }: ConnectionEvents): SlowConnection => {
  let isBusy = false;
  let isOpen = true;
  const close = (cause: string): void => {
    isOpen = false;
    onClosed(cause);
  };
  return {
    protocol,
    get activeCount() {
      return isBusy ? 1 : 0;
    },
    get isOpen() {
      return isOpen;
    },
    get freeCount() {
      return isOpen && !isBusy ? 1 : 0;
    },
    send: () => {
      isBusy = true;
      return Promise.resolve(answer);
    },
    drain: () => close("closed"),
    destroy: close,
    finish() {
      isBusy = false;
      onFree();
    },
    lose: () => close("ECONNRESET"),
  };
};

interface Setup {
  readonly clock: FakeClock;
  readonly pool: LanePool;
  readonly connections: readonly SlowConnection[];
  /** So many attempts to connect succeed from now on; the others are refused. */
  readonly admit: (count: number) => void;
  readonly attempts: () => number;
}

const setUp = (protocol: Connection["protocol"] = "h2"): Setup => {
  const clock = createFakeClock();
  const connections: SlowConnection[] = [];
  let admitted = 1;
  let attempts = 0;
  const pool = createLanePool({
    name: "watch",
    open: (events) => {
      attempts += 1;
      // A pool that never waits would keep this test, and the process, for ever.
      if (attempts > 100) return new Promise(() => {});
      if (admitted === 0) return Promise.reject(new KubeClientError({ code: "connect-failed", message: "cannot connect" }));
      admitted -= 1;
      const connection = createSlowConnection(protocol, events);
      connections.push(connection);
      return Promise.resolve(connection);
    },
    limits: { maxConnections: 16, maxHttp1Connections: 16, maxWaiting: 10, idleMs: 60_000 },
    clock,
    onCount: () => {},
    onLost: () => {},
  });
  return {
    clock,
    pool,
    connections,
    admit: (count) => {
      admitted = count;
    },
    attempts: () => attempts,
  };
};
const { signal } = new AbortController();

describe("a lane whose only connection is full while the server takes no others", () => {
  it("tries to connect now and then, not again and again", async () => {
    const { pool, clock, attempts } = setUp();
    await pool.send(request, signal);
    const waiting = pool.send(request, signal);
    waiting.catch(() => {});
    await clock.advance(0);
    expect(attempts()).toBe(2);
    await clock.advance(3_500);
    expect(attempts()).toBe(5);
    pool.close();
    await expect(waiting).rejects.toMatchObject({ code: "closed" });
    expect(clock.pendingCount).toBe(0);
  });

  it("sends what waits as soon as the connection has room", async () => {
    const { pool, clock, connections } = setUp();
    await pool.send(request, signal);
    const waiting = pool.send(request, signal);
    await clock.advance(0);
    connections[0]?.finish();
    expect(await waiting).toBe(answer);
    pool.close();
  });

  it("sends what waits once the server takes connections again", async () => {
    const { pool, clock, admit } = setUp();
    await pool.send(request, signal);
    const waiting = pool.send(request, signal);
    await clock.advance(0);
    admit(1);
    await clock.advance(1_000);
    expect(await waiting).toBe(answer);
    pool.close();
  });

  it("tries at once when that connection is lost, and then says that it cannot connect", async () => {
    const { pool, clock, connections, attempts } = setUp();
    await pool.send(request, signal);
    const waiting = pool.send(request, signal);
    waiting.catch(() => {});
    await clock.advance(0);
    connections[0]?.lose();
    await clock.advance(0);
    expect(attempts()).toBe(3);
    await expect(waiting).rejects.toMatchObject({ code: "connect-failed" });
    pool.close();
  });
});

describe("a lane of HTTP/1.1 whose server went away", () => {
  it("refuses all who wait once as many attempts have failed as they need connections", async () => {
    const { pool, clock, connections, attempts } = setUp("http/1.1");
    await pool.send(request, signal);
    connections[0]?.lose();
    const results = Promise.allSettled(Array.from({ length: 5 }, () => pool.send(request, signal)));
    await clock.advance(0);
    expect(attempts()).toBe(6);
    for (const result of await results) expect(result).toMatchObject({ status: "rejected", reason: { code: "connect-failed" } });
    expect(clock.pendingCount).toBe(0);
    pool.close();
  });
});
