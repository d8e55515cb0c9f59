import { expect, describe, it } from "vitest";
import { apiError, FAKE_FACTS } from "./testing/index.ts";
import { NOT_READY, readyOf, reasons, refused, setUp } from "../test/harness.ts";

describe("the status", () => {
  it("is not sent while nothing changes, but after five minutes, give or take half of that the first time", async () => {
    const { run, clock, calls } = setUp({ options: { random: () => 0.9 } });
    void run();
    await clock.advance(1_200_000);
    const times = calls().map((line) => Number.parseFloat(line));
    expect(times).toHaveLength(4);
    // 5 min + 40 % of 5 min after the creation, then 5 min each; looked at every 10.36 s.
    expect(times[1]).toBeGreaterThanOrEqual(420);
    expect(times[1]).toBeLessThan(431);
    for (const [index, time] of times.slice(2).entries()) {
      expect(time - (times[index + 1] ?? 0)).toBeGreaterThanOrEqual(300);
      expect(time - (times[index + 1] ?? 0)).toBeLessThan(311);
    }
  });

  it("is patched without a read, with what has changed only", async () => {
    const { run, clock, api, facts, calls } = setUp();
    void run();
    await clock.advance(5000);
    facts.change({ pressure: { memory: true, disk: false, pid: false } });
    await clock.advance(0);
    expect(calls()).toEqual(["0.0s create", "5.0s patch"]);
    const time = "2026-01-01T00:00:05Z";
    expect(api.patches).toEqual([
      {
        status: {
          "$setElementOrder/conditions": [{ type: "MemoryPressure" }, { type: "DiskPressure" }, { type: "PIDPressure" }, { type: "Ready" }],
          conditions: [
            {
              type: "MemoryPressure",
              status: "True",
              lastHeartbeatTime: time,
              lastTransitionTime: time,
              reason: "KubeletHasInsufficientMemory",
              message: "kubelet has insufficient memory available",
            },
            { type: "DiskPressure", lastHeartbeatTime: time },
            { type: "PIDPressure", lastHeartbeatTime: time },
            { type: "Ready", lastHeartbeatTime: time },
          ],
        },
      },
    ]);
  });

  it("is set right although the versions of the server have gone back, as after a restore of etcd", async () => {
    const { run, clock, api, status } = setUp();
    void run();
    await clock.advance(0);
    const node = api.stored() ?? {};
    status.onNodeObserved({ ...node, metadata: { ...node.metadata, resourceVersion: "900000" } });
    const conditions = node.status?.conditions?.map((one) => ({ ...one, status: "Unknown" }));
    api.write({ ...node, status: { ...node.status, ...(conditions === undefined ? {} : { conditions }) } });
    await clock.advance(600_000);
    expect(readyOf(api.stored())).toBe("True");
    expect(readyOf(status.node())).toBe("True");
    expect(Number(status.node()?.metadata?.resourceVersion)).toBeLessThan(1_000);
  });

  it("has one patch under way, and what changes meanwhile is one more", async () => {
    const answer = Promise.withResolvers<void>();
    let isSlow = false;
    let open = 0;
    let most = 0;
    const { run, clock, facts, calls, status } = setUp({
      onCall: async ({ verb }) => {
        if (verb !== "patch") return;
        open += 1;
        most = Math.max(most, open);
        if (isSlow) await answer.promise;
        open -= 1;
      },
    });
    void run();
    await clock.advance(1000);
    isSlow = true;
    for (const memory of [true, false, true]) {
      facts.change({ pressure: { memory, disk: false, pid: false } });
      await clock.advance(0);
    }
    facts.change({ runtime: NOT_READY });
    await clock.advance(0);
    isSlow = false;
    answer.resolve();
    await clock.advance(0);
    expect(most).toBe(1);
    expect(calls()).toHaveLength(3);
    expect(status.isReady()).toBe(false);
  });

  it("is held to a rate when a fact flaps", async () => {
    const { run, clock, facts, calls } = setUp();
    void run();
    await clock.advance(0);
    for (let turn = 0; turn < 600; turn += 1) {
      facts.change({ pressure: { memory: turn % 2 === 0, disk: false, pid: false } });
      await clock.advance(100);
    }
    expect(calls().length).toBeLessThanOrEqual(10 + 61);
    expect(calls().length).toBeGreaterThan(30);
  });

  it("does not fight a controller without end", async () => {
    const { run, clock, api, calls } = setUp();
    void run();
    await clock.advance(0);
    for (let turn = 0; turn < 300; turn += 1) {
      const node = api.stored();
      if (node !== undefined) api.write({ ...node, status: { ...node.status, images: [{ names: ["x"], sizeBytes: turn + 1 }] } });
      await clock.advance(100);
    }
    expect(calls().length).toBeLessThanOrEqual(10 + 31);
    await clock.advance(2000);
    expect(api.stored()?.status?.images).toEqual([]);
  });

  it("takes back a Ready that the node controller has made Unknown, at once", async () => {
    const { run, clock, api, events } = setUp();
    void run();
    await clock.advance(120_000);
    const node = api.stored();
    api.write({
      ...node,
      status: {
        ...node?.status,
        conditions: node?.status?.conditions?.map((one) => ({ ...one, status: "Unknown", reason: "NodeStatusUnknown" })) ?? [],
      },
    });
    await clock.advance(0);
    expect(readyOf(api.stored())).toBe("True");
    expect(reasons(events).slice(-4)).toEqual(["NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID", "NodeReady"]);
  });

  it("reads the node and tries again, five times at once, when it is refused with a conflict", async () => {
    let isStormy = false;
    const { run, clock, facts, calls, status } = setUp({
      options: { random: () => 0 },
      onCall: ({ verb }) => {
        if (isStormy && verb === "patch") throw apiError(409, "Conflict");
      },
    });
    void run();
    await clock.advance(1000);
    isStormy = true;
    facts.change({ runtime: NOT_READY });
    await clock.advance(0);
    expect(calls().slice(1)).toEqual(
      ["patch", "get", "patch", "get", "patch", "get", "patch", "get", "patch"].map((verb) => `1.0s ${verb}`),
    );
    isStormy = false;
    await clock.advance(100);
    expect(status.isReady()).toBe(false);
    expect(calls().at(-1)).toBe("1.1s patch");
  });

  it("keeps on, without hurry, when it is forbidden", async () => {
    let isForbidden = false;
    const { run, clock, facts, calls, logger, status } = setUp({
      onCall: () => {
        if (isForbidden) throw apiError(403, "Forbidden");
      },
    });
    void run();
    await clock.advance(1000);
    isForbidden = true;
    facts.change({ runtime: NOT_READY });
    const before = calls().length;
    await clock.advance(60_000);
    // Not more than five attempts each two seconds, and it is said once.
    expect(calls().length - before).toBeLessThan(60 * 5);
    expect(logger.entries.filter(({ message }) => message.includes("status was not sent"))).toHaveLength(1);
    isForbidden = false;
    await clock.advance(2000);
    expect(status.isReady()).toBe(false);
    expect(status.node()?.status?.conditions?.find(({ type }) => type === "Ready")?.status).toBe("False");
  });

  it.each([
    ["refuses connections", () => Promise.reject(refused())],
    ["answers 503", () => Promise.reject(apiError(503, "ServiceUnavailable"))],
  ])("is back within 3 s after a server that %s for a minute", async (_what, fail) => {
    let isDown = false;
    const { run, clock, api, facts, status, calls } = setUp({ onCall: () => (isDown ? fail() : undefined) });
    void run();
    await clock.advance(30_000);
    isDown = true;
    facts.change({ pressure: { memory: true, disk: false, pid: false } });
    await clock.advance(60_000);
    // No more than a few calls a second while it is away.
    expect(calls().length + calls(true).length).toBeLessThan(120);
    isDown = false;
    const renewed = api.storedLease()?.spec?.renewTime;
    await clock.advance(2500);
    expect(api.storedLease()?.spec?.renewTime).not.toBe(renewed);
    expect(api.stored()?.status?.conditions?.[0]).toMatchObject({ type: "MemoryPressure", status: "True" });
    expect(status.isReady()).toBe(true);
  });

  it("gives up a call that hangs", async () => {
    let isHanging = false;
    const { run, clock, facts, status } = setUp({
      onCall: ({ signal, verb }) =>
        isHanging && verb === "patch"
          ? new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)))
          : undefined,
    });
    void run();
    await clock.advance(1000);
    isHanging = true;
    facts.change({ runtime: NOT_READY });
    await clock.advance(5000);
    isHanging = false;
    await clock.advance(5200);
    expect(status.isReady()).toBe(false);
  });

  it("says that connections may be dead after the second failure in a row", async () => {
    let told = 0;
    let isDown = false;
    const { run, clock, facts } = setUp({
      listener: { onRepeatedFailure: () => void (told += 1) },
      onCall: ({ verb }) => {
        if (isDown && verb === "patch") throw refused();
      },
    });
    void run();
    await clock.advance(0);
    isDown = true;
    facts.change({ runtime: NOT_READY });
    await clock.advance(0);
    expect(told).toBe(0);
    await clock.advance(5000);
    expect(told).toBe(1);
  });

  it("calls a runtime down half a minute after it fell silent, without being told", async () => {
    const { run, clock, facts, api } = setUp();
    void run();
    await clock.advance(1000);
    facts.change({
      runtime: { ...FAKE_FACTS.runtime, health: { ...FAKE_FACTS.runtime.health, outOfSyncSinceMs: clock.nowMs() } } as never,
    });
    await clock.advance(29_900);
    expect(readyOf(api.stored())).toBe("True");
    await clock.advance(100);
    expect(api.stored()?.status?.conditions?.at(-1)).toMatchObject({ status: "False", message: "container runtime is down" });
  });

  it("tells of a node that was cordoned, uncordoned and rebooted, each once", async () => {
    const { run, clock, api, events, facts } = setUp();
    void run();
    await clock.advance(1000);
    const before = events.length;
    api.write({ ...api.stored(), spec: { unschedulable: true } });
    await clock.advance(30_000);
    api.write({ ...api.stored(), spec: {} });
    await clock.advance(30_000);
    facts.change({ machine: { ...FAKE_FACTS.machine, bootId: "boot-2" } as never });
    await clock.advance(30_000);
    expect(events.slice(before).map(({ message, type }) => `${type} ${message}`)).toEqual([
      "Normal Node node-1 status is now: NodeNotSchedulable",
      "Normal Node node-1 status is now: NodeSchedulable",
      "Warning Node node-1 has been rebooted, boot id: boot-2",
    ]);
  });

  it("tells an event once although its status can't be sent, and again when it turns again", async () => {
    let isDown = false;
    const { run, clock, events, facts } = setUp({
      onCall: () => {
        if (isDown) throw refused();
      },
    });
    void run();
    await clock.advance(1000);
    const before = events.length;
    isDown = true;
    facts.change({ runtime: NOT_READY });
    await clock.advance(20_000);
    facts.change({ runtime: FAKE_FACTS.runtime });
    await clock.advance(20_000);
    facts.change({ runtime: NOT_READY });
    await clock.advance(20_000);
    // Back to ready is how the server has it, so it is no transition.
    expect(reasons(events.slice(before))).toEqual(["NodeNotReady", "NodeNotReady"]);
  });

  it("keeps the labels every node must have", async () => {
    const { run, clock, api } = setUp();
    void run();
    await clock.advance(1000);
    api.write({ ...api.stored(), metadata: { ...api.stored()?.metadata, labels: { other: "1" } } });
    await clock.advance(0);
    expect(api.stored()?.metadata?.labels).toEqual({ other: "1", "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64" });
  });

  it("follows the machine's addresses", async () => {
    const { run, clock, api, status } = setUp({ settings: { nodeIps: ["192.0.2.7", "2001:db8::7"] } });
    void run();
    await clock.advance(0);
    expect(api.stored()?.status?.addresses).toEqual([
      { type: "InternalIP", address: "192.0.2.7" },
      { type: "InternalIP", address: "2001:db8::7" },
      { type: "Hostname", address: "node-1" },
    ]);
    expect(status.isReady()).toBe(true);
  });
});
