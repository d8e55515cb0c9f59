import { describe, expect, it } from "vitest";
import { refused, setUp } from "../test/harness.ts";
import { computeLease } from "./lease.ts";
import { apiError } from "./testing/index.ts";

describe("the lease", () => {
  it("is created when the node is, with the node as its owner", async () => {
    const { run, clock, api } = setUp();
    void run();
    await clock.advance(0);
    expect(api.storedLease()).toMatchObject({
      metadata: {
        name: "node-1",
        namespace: "kube-node-lease",
        ownerReferences: [{ apiVersion: "v1", kind: "Node", name: "node-1", uid: "uid-1" }],
      },
      spec: { holderIdentity: "node-1", leaseDurationSeconds: 40, renewTime: "2026-01-01T00:00:00.000000Z" },
    });
  });

  it("is renewed each 10 to 10.4 s with one call and no read", async () => {
    const { run, clock, calls } = setUp();
    void run();
    await clock.advance(100_000);
    const lease = calls(true);
    expect(lease.slice(0, 3).map((line) => line.split(" ")[1])).toEqual(["get-lease", "get-lease", "create-lease"]);
    expect(lease.slice(3).every((line) => line.endsWith(" replace-lease"))).toBe(true);
    const times = lease.slice(2).map((line) => Number.parseFloat(line));
    for (const [index, time] of times.slice(1).entries()) {
      expect(time - (times[index] ?? 0)).toBeGreaterThanOrEqual(9.9);
      expect(time - (times[index] ?? 0)).toBeLessThanOrEqual(10.5);
    }
  });

  it("follows its own duration", async () => {
    const { run, clock, calls } = setUp({ options: { leaseDurationSeconds: 8, random: () => 0 } });
    void run();
    await clock.advance(9000);
    expect(calls(true).filter((line) => line.endsWith("replace-lease"))).toEqual(
      ["2.0s", "4.0s", "6.0s", "8.0s"].map((time) => `${time} replace-lease`),
    );
  });

  it("of a run before is taken over and keeps what others put on it", async () => {
    const { run, clock, api } = setUp();
    api.writeLease({
      metadata: { name: "node-1", labels: { a: "1" } },
      spec: { holderIdentity: "node-1", leaseDurationSeconds: 20, leaseTransitions: 3 },
    });
    void run();
    await clock.advance(11_000);
    expect(api.storedLease()).toMatchObject({
      metadata: { labels: { a: "1" }, ownerReferences: [{ uid: "uid-1" }] },
      spec: { leaseDurationSeconds: 40, leaseTransitions: 3 },
    });
  });

  it("is renewed while the node's status is refused", async () => {
    const { run, clock, api } = setUp({
      onCall: ({ verb }) => {
        if (verb === "create" || verb === "get" || verb === "patch") throw apiError(500, "InternalError");
      },
    });
    api.writeLease({ metadata: { name: "node-1" }, spec: { holderIdentity: "node-1" } });
    void run();
    await clock.advance(35_000);
    expect(api.storedLease()?.spec?.renewTime).toMatch(/^2026-01-01T00:00:3/u);
  });

  it("is not created for a node that is not there", async () => {
    const { run, clock, api } = setUp({ options: { registerNode: false } });
    void run();
    await clock.advance(60_000);
    expect(api.storedLease()).toBeUndefined();
    api.write({ metadata: { name: "node-1" } });
    await clock.advance(0);
    expect(api.storedLease()).toBeDefined();
  });

  it("is read again after somebody else wrote it, and made anew after it was deleted", async () => {
    const { run, clock, api, calls } = setUp({ options: { random: () => 0 } });
    void run();
    await clock.advance(1000);
    const lease = api.storedLease();
    api.writeLease({ ...lease, metadata: { ...lease?.metadata, labels: { a: "1" } } });
    await clock.advance(10_000);
    expect(calls(true).slice(-3)).toEqual(["10.0s replace-lease", "10.0s get-lease", "10.0s replace-lease"]);
    expect(api.storedLease()?.metadata?.labels).toEqual({ a: "1" });
    api.writeLease(undefined);
    await clock.advance(10_000);
    expect(calls(true).slice(-3)).toEqual(["20.0s replace-lease", "20.0s get-lease", "20.0s create-lease"]);
  });

  it("is tried five times at once in a storm of conflicts, then with waits of at most 2 s", async () => {
    let isStormy = false;
    const { run, clock, calls } = setUp({
      options: { random: () => 0 },
      onCall: ({ verb }) => {
        if (isStormy && verb === "replace-lease") throw apiError(409, "Conflict");
      },
    });
    void run();
    await clock.advance(9000);
    isStormy = true;
    await clock.advance(1000);
    expect(calls(true).filter((line) => line === "10.0s replace-lease")).toHaveLength(5);
    const before = calls(true).length;
    await clock.advance(60_000);
    expect(calls(true).length - before).toBeLessThan(10 * 36);
    isStormy = false;
    await clock.advance(2000);
    expect(calls(true).at(-1)).toMatch(/replace-lease$/u);
  });

  it("is tried again after 0.1 s, doubled up to 2 s, and at once when the watch says something", async () => {
    let isDown = false;
    const { run, clock, api, calls, status } = setUp({
      options: { random: () => 0 },
      onCall: ({ verb }) => {
        if (isDown && verb.endsWith("-lease")) throw refused();
      },
    });
    void run();
    await clock.advance(9000);
    isDown = true;
    await clock.advance(9500);
    const retries = ["10.1s", "10.3s", "10.7s", "11.5s", "13.1s", "15.1s", "17.1s"].map((time) => `${time} get-lease`);
    expect(calls(true).slice(-8)).toEqual(["10.0s replace-lease", ...retries]);
    isDown = false;
    status.onNodeObserved(api.stored());
    await clock.advance(0);
    expect(calls(true).slice(-2)).toEqual(["18.5s get-lease", "18.5s replace-lease"]);
  });

  it("is tried again at once when the status got through", async () => {
    let isDown = false;
    const { run, clock, calls, facts } = setUp({
      options: { random: () => 0 },
      isWatched: false,
      onCall: ({ verb }) => {
        if (isDown && verb !== "create") throw refused();
      },
    });
    void run();
    await clock.advance(9000);
    isDown = true;
    facts.change({ pressure: { memory: true, disk: false, pid: false } });
    await clock.advance(9500);
    isDown = false;
    facts.notify();
    await clock.advance(0);
    expect(calls(true).slice(-2)).toEqual(["18.5s get-lease", "18.5s replace-lease"]);
  });

  it("changes nothing of the lease it is made from", () => {
    const existing = { metadata: { name: "node-1", ownerReferences: [{ apiVersion: "v1", kind: "Pod", name: "p", uid: "p" }] } };
    const before = structuredClone(existing);
    const lease = computeLease({ nodeName: "node-1", nodeUid: "n", leaseDurationSeconds: 40, nowMs: 0 }, existing);
    expect(existing).toEqual(before);
    expect(lease.metadata?.ownerReferences?.map(({ uid }) => uid)).toEqual(["p", "n"]);
  });
});
