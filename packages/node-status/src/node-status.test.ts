import type { Node } from "@nk/pod-model";
import { createFakeClock, createRecordingLogger, createRecordingMetrics, createSeededRandom } from "@nk/stdx/testing";
import { afterEach, describe, expect, it } from "vitest";
import { createNodeStatus } from "./node-status.ts";
import type { NodeStatusOptions } from "./options.ts";
import type { NodeEvent, NodeListenerPort, NodeStatusPorts } from "./ports.ts";
import { apiError, createFakeFacts, createFakeNodeApi, FAKE_FACTS, FAKE_NETWORK } from "./testing/index.ts";
import type { FakeApiCall } from "./testing/index.ts";

const stops: AbortController[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort();
});

const refused = (): Error => Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
const NOT_READY: typeof FAKE_FACTS.runtime = { ...FAKE_FACTS.runtime, health: { kind: "unknown" } };

interface SetUp {
  readonly options?: Partial<Omit<NodeStatusOptions, "settings">>;
  readonly settings?: Partial<NodeStatusOptions["settings"]>;
  readonly onCall?: (call: FakeApiCall) => Promise<void> | void;
  readonly listener?: NodeListenerPort;
  readonly facts?: ReturnType<typeof createFakeFacts>;
  /** Whether what is written comes back as from a watch. Default true. */
  readonly isWatched?: boolean;
}

/** A whole node with a server in memory; `lines` is what happened to the server, each with its second. */
const setUp = ({ options, settings, onCall, listener, facts = createFakeFacts(), isWatched = true }: SetUp = {}) => {
  const clock = createFakeClock();
  const lines: string[] = [];
  const at = (): string => `${(clock.monotonicMs() / 1000).toFixed(1)}s`;
  const events: NodeEvent[] = [];
  const metrics = createRecordingMetrics();
  const logger = createRecordingLogger();
  const api = createFakeNodeApi({
    onWrite: (node) => {
      if (isWatched) queueMicrotask(() => status.onNodeObserved(node));
    },
    onCall: async (call) => {
      lines.push(`${at()} ${call.verb}`);
      await onCall?.(call);
    },
  });
  const ports: NodeStatusPorts = {
    ...api,
    facts,
    network: { read: () => Promise.resolve(FAKE_NETWORK) },
    events: { record: (event) => void events.push(event) },
    listener,
  };
  const status = createNodeStatus(ports, {
    clock,
    metrics,
    logger,
    random: createSeededRandom(5),
    settings: { nodeName: "node-1", kubeletVersion: "v1.36.0", ...settings },
    ...options,
  });
  const stop = new AbortController();
  stops.push(stop);
  const calls = (isLease = false): readonly string[] => lines.filter((line) => line.endsWith("-lease") === isLease);
  return { clock, api, facts, events, metrics, logger, status, stop, lines, calls, run: () => status.run(stop.signal) };
};

const readyOf = (node: Node | undefined): string | undefined => node?.status?.conditions?.find(({ type }) => type === "Ready")?.status;
const reasons = (events: readonly NodeEvent[]): readonly string[] => events.map(({ reason }) => reason);

describe("registration", () => {
  it("creates the node with its whole status, ready when the runtime is, in one call", async () => {
    const { run, clock, api, calls, status } = setUp();
    void run();
    await clock.advance(1000);
    expect(calls()).toEqual(["0.0s create"]);
    expect(readyOf(api.stored())).toBe("True");
    expect(api.stored()).toMatchObject({
      metadata: {
        name: "node-1",
        labels: { "kubernetes.io/hostname": "node-1", "kubernetes.io/os": "linux", "beta.kubernetes.io/arch": "amd64" },
        annotations: { "volumes.kubernetes.io/controller-managed-attach-detach": "true" },
      },
      status: {
        addresses: [
          { type: "InternalIP", address: "192.0.2.7" },
          { type: "Hostname", address: "node-1" },
        ],
      },
    });
    expect(status.isRegistered() && status.isReady()).toBe(true);
  });

  it("waits for the first facts", async () => {
    const facts = createFakeFacts();
    facts.clear();
    const { run, clock, calls } = setUp({ facts });
    void run();
    await clock.advance(3000);
    expect(calls()).toEqual([]);
    facts.change({});
    await clock.advance(0);
    expect(calls()).toEqual(["3.0s create"]);
  });

  it("becomes ready at once when the runtime does", async () => {
    const { run, clock, api, facts, calls, events } = setUp({ facts: createFakeFacts({ ...FAKE_FACTS, runtime: NOT_READY }) });
    void run();
    await clock.advance(1234);
    expect(readyOf(api.stored())).toBe("False");
    facts.change({ runtime: FAKE_FACTS.runtime });
    await clock.advance(0);
    expect(readyOf(api.stored())).toBe("True");
    expect(calls()).toEqual(["0.0s create", "1.2s patch"]);
    expect(reasons(events)).toEqual(["Starting", "NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID", "NodeReady"]);
  });

  it("has taints, provider id and own labels at creation", async () => {
    const taint = { key: "dedicated", value: "gpu", effect: "NoSchedule" };
    const { run, clock, api } = setUp({
      settings: { taints: [taint], providerId: "cloud://1", labels: { zone: "a" }, externalCloudProvider: true },
    });
    void run();
    await clock.advance(0);
    expect(api.stored()?.spec).toEqual({
      providerID: "cloud://1",
      taints: [taint, { key: "node.cloudprovider.kubernetes.io/uninitialized", value: "true", effect: "NoSchedule" }],
    });
    expect(api.stored()?.metadata?.labels).toMatchObject({ zone: "a" });
    expect(api.stored()?.status?.addresses).toEqual([{ type: "Hostname", address: "node-1" }]);
  });

  it("takes over a node that is there, and keeps what others have put on it", async () => {
    const { run, clock, api, calls } = setUp({ isWatched: false });
    api.write({
      metadata: { name: "node-1", labels: { mine: "1", "kubernetes.io/os": "plan9" }, annotations: { a: "b" } },
      spec: { taints: [{ key: "k", effect: "NoSchedule" }], podCIDRs: ["10.0.0.0/24"] },
      status: { capacity: { "hugepages-1Gi": "3Gi", "example.com/gpu": "2" }, allocatable: { "hugepages-1Gi": "3Gi" } },
    });
    void run();
    await clock.advance(0);
    expect(calls()).toEqual(["0.0s create", "0.0s get", "0.0s patch", "0.0s patch"]);
    expect(api.stored()).toMatchObject({
      metadata: { labels: { mine: "1", "kubernetes.io/os": "linux", "kubernetes.io/hostname": "node-1" }, annotations: { a: "b" } },
      spec: { taints: [{ key: "k", effect: "NoSchedule" }], podCIDRs: ["10.0.0.0/24"] },
      status: { capacity: { "hugepages-2Mi": "0", "example.com/gpu": "2", cpu: "2" } },
    });
    expect(api.stored()?.status?.capacity).not.toHaveProperty("hugepages-1Gi");
    expect(readyOf(api.stored())).toBe("True");
  });

  it("does not try to create a node the watch shows", async () => {
    const { run, clock, api, calls, status } = setUp();
    status.onNodeObserved(api.write({ metadata: { name: "node-1" } }));
    void run();
    await clock.advance(0);
    expect(calls().map((line) => line.split(" ")[1])).toEqual(["patch", "patch"]);
  });

  it("sets extended resources to zero when the device manager has lost its state", async () => {
    const { run, clock, api } = setUp({ options: { resetExtendedResources: true } });
    api.write({ metadata: { name: "node-1" }, status: { capacity: { "example.com/gpu": "2" }, allocatable: { "example.com/gpu": "2" } } });
    void run();
    await clock.advance(0);
    expect(api.stored()?.status?.capacity).toMatchObject({ "example.com/gpu": "0" });
    expect(api.stored()?.status?.allocatable).toMatchObject({ "example.com/gpu": "0" });
  });

  it("takes over a node it may not create", async () => {
    const { run, clock, api, status } = setUp({
      onCall: ({ verb }) => {
        if (verb === "create") throw apiError(403, "Forbidden");
      },
      isWatched: false,
    });
    void run();
    await clock.advance(500);
    expect(status.isRegistered()).toBe(false);
    api.write({ metadata: { name: "node-1" } });
    await clock.advance(7000);
    expect(status.isRegistered()).toBe(true);
    expect(readyOf(api.stored())).toBe("True");
  });

  it("tries again after 100 ms, doubled up to 7 s, and at once when the watch says something", async () => {
    let isDown = true;
    const { run, clock, calls, status } = setUp({
      options: { random: () => 0 },
      onCall: () => {
        if (isDown) throw refused();
      },
    });
    void run();
    await clock.advance(25_000);
    expect(calls()).toEqual(["0.0s", "0.1s", "0.3s", "0.7s", "1.5s", "3.1s", "6.3s", "12.7s", "19.7s"].map((time) => `${time} create`));
    isDown = false;
    status.onNodeObserved(undefined);
    await clock.advance(0);
    expect(calls().at(-1)).toBe("25.0s create");
    expect(status.isReady()).toBe(true);
  });

  it("never creates the node without registerNode, and reports once somebody else has", async () => {
    const { run, clock, api, calls } = setUp({ options: { registerNode: false } });
    void run();
    await clock.advance(25_000);
    expect(calls().every((line) => line.endsWith(" get"))).toBe(true);
    api.write({ metadata: { name: "node-1" } });
    await clock.advance(0);
    expect(calls().at(-1)).toBe("25.0s patch");
    expect(readyOf(api.stored())).toBe("True");
  });

  it("creates a deleted node again at once, with a new lease owner", async () => {
    const { run, clock, api, calls, status } = setUp();
    void run();
    await clock.advance(60_000);
    const before = calls().length;
    api.write(undefined);
    await clock.advance(0);
    expect(calls().slice(before)).toEqual(["60.0s create"]);
    expect(status.node()?.metadata?.uid).toBe("uid-2");
    await clock.advance(11_000);
    expect(api.storedLease()?.metadata?.ownerReferences).toMatchObject([{ uid: "uid-2" }]);
  });

  it("creates a node again that a patch finds gone, although no watch tells", async () => {
    const { run, clock, api, facts, calls, status } = setUp({ isWatched: false });
    void run();
    await clock.advance(60_000);
    const before = calls().length;
    api.write(undefined);
    facts.change({ pressure: { memory: true, disk: false, pid: false } });
    await clock.advance(0);
    expect(calls().slice(before)).toEqual(["60.0s patch", "60.0s create"]);
    expect(status.isReady()).toBe(true);
  });

  it("leaves a deleted node deleted when told so, until somebody makes it anew", async () => {
    const { run, clock, api, calls, status } = setUp({ options: { reRegister: false } });
    void run();
    await clock.advance(1000);
    api.write(undefined);
    await clock.advance(60_000);
    expect(calls()).toEqual(["0.0s create"]);
    expect(status.isRegistered()).toBe(false);
    api.write({ metadata: { name: "node-1" } });
    await clock.advance(0);
    expect(status.isRegistered()).toBe(true);
    expect(readyOf(api.stored())).toBe("True");
  });

  it("is not misled by a patch that is answered after the node was deleted", async () => {
    const answer = Promise.withResolvers<void>();
    let isSlow = false;
    const { run, clock, facts, status, api } = setUp({
      onCall: ({ verb }) => (verb === "patch" && isSlow ? answer.promise : undefined),
    });
    void run();
    await clock.advance(1000);
    isSlow = true;
    facts.change({ pressure: { memory: true, disk: false, pid: false } });
    await clock.advance(0);
    status.onNodeObserved(undefined);
    isSlow = false;
    answer.resolve();
    await clock.advance(100);
    expect(status.isRegistered()).toBe(true);
    expect(status.node()?.metadata?.resourceVersion).toBe(api.stored()?.metadata?.resourceVersion);
  });

  it("tells that it starts, once, and the pressures of a known node again", async () => {
    const { run, clock, api, events } = setUp();
    api.write({ metadata: { name: "node-1" } });
    void run();
    await clock.advance(100);
    expect(reasons(events)).toEqual(["Starting", "NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID"]);
  });
});

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

describe("the listener", () => {
  it("is offered the pod CIDRs when they are first seen and when they change, and again when they are not taken", async () => {
    const offered: string[] = [];
    let isBroken = true;
    const { run, clock, api } = setUp({
      listener: {
        onPodCidr: (cidrs) => {
          offered.push(cidrs);
          return isBroken ? Promise.reject(new Error("the runtime is away")) : Promise.resolve();
        },
      },
    });
    void run();
    await clock.advance(1000);
    api.write({ ...api.stored(), spec: { podCIDRs: ["10.0.1.0/24", "fd00::/64"] } });
    await clock.advance(0);
    expect(offered).toEqual(["10.0.1.0/24,fd00::/64"]);
    isBroken = false;
    await clock.advance(11_000);
    await clock.advance(60_000);
    expect(offered).toHaveLength(2);
  });

  it("hears which volumes the server knows to be in use, as soon as it does", async () => {
    const reported: (readonly string[])[] = [];
    const { run, clock, facts } = setUp({ listener: { onVolumesReported: (names) => void reported.push(names) } });
    void run();
    await clock.advance(1000);
    facts.change({ volumesInUse: ["csi/b", "csi/a"] });
    await clock.advance(0);
    expect(reported.at(-1)).toEqual(["csi/a", "csi/b"]);
  });
});

describe("the metrics", () => {
  it("are the reference's", async () => {
    const { run, clock, metrics, facts } = setUp({
      facts: createFakeFacts({
        ...FAKE_FACTS,
        runtime: NOT_READY,
        machine: { ...FAKE_FACTS.machine, bootTimeMs: Date.UTC(2025, 11, 31, 23, 59) } as never,
      }),
      options: { startedAtMs: Date.UTC(2025, 11, 31, 23, 59, 58) },
    });
    void run();
    await clock.advance(3000);
    facts.change({ runtime: FAKE_FACTS.runtime });
    await clock.advance(0);
    expect(metrics.value("kubelet_node_name", { node: "node-1" })).toBe(1);
    const seconds = (name: string): number => metrics.value(`kubelet_node_startup_${name}_seconds`);
    expect(seconds("pre_kubelet_duration")).toBe(58);
    expect(seconds("pre_registration_duration")).toBe(2);
    expect(seconds("registration_duration")).toBe(0);
    expect(seconds("post_registration_duration")).toBe(3);
    expect(seconds("duration")).toBe(63);
  });
});

describe("run", () => {
  it("ends when told to and leaves no timer", async () => {
    const { run, clock, stop } = setUp();
    const running = run();
    await clock.advance(15_000);
    stop.abort();
    await running;
    expect(clock.pendingCount).toBe(0);
  });

  it("ends when told to while the server hangs", async () => {
    const { run, clock, stop } = setUp({
      onCall: ({ signal }) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error))),
    });
    const running = run();
    await clock.advance(1000);
    stop.abort();
    await running;
    expect(clock.pendingCount).toBe(0);
  });
});

describe("the options", () => {
  it.each([
    [{ options: { maxTries: 0 } }],
    [{ options: { statusUpdateMs: Number.NaN } }],
    [{ settings: { nodeName: "" } }],
    [{ settings: { nodeIps: ["1.2.3"] } }],
    [{ settings: { nodeIps: ["192.0.2.1", "192.0.2.2"] } }],
    [{ settings: { labels: { "node-role.kubernetes.io/master": "" } } }],
    [{ settings: { kubeReserved: { cpu: "many" } } }],
    [{ settings: { evictionHard: { "memory.available": "-1" } } }],
  ] satisfies readonly [SetUp][])("are refused: %o", (given) => {
    expect(() => setUp(given)).toThrow(expect.objectContaining({ code: "invalid-option" }));
  });
});
