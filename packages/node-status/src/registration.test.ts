import { expect, describe, it } from "vitest";
import { apiError, createFakeFacts, FAKE_FACTS } from "./testing/index.ts";
import { NOT_READY, readyOf, reasons, refused, setUp } from "../test/harness.ts";

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
    const { run, clock, facts, status, api, calls } = setUp({
      wrapNode: (node) => ({
        ...node,
        patchStatus: async (...request) => {
          const patched = await node.patchStatus(...request);
          await answer.promise;
          return patched;
        },
      }),
    });
    void run();
    await clock.advance(1000);
    facts.change({ pressure: { memory: true, disk: false, pid: false } });
    await clock.advance(0);
    api.write(undefined);
    await clock.advance(0);
    answer.resolve();
    await clock.advance(100);
    expect(calls()).toEqual(["0.0s create", "1.0s patch", "1.0s create"]);
    expect(status.isRegistered()).toBe(true);
    expect(status.node()?.metadata?.uid).toBe("uid-2");
  });

  it("begins anew when the node is deleted while it is being taken over", async () => {
    const answer = Promise.withResolvers<void>();
    const registered: (string | undefined)[] = [];
    const { run, clock, api, calls, status } = setUp({
      isWatched: false,
      listener: { onRegistered: ({ metadata }) => void registered.push(metadata?.uid) },
      wrapNode: (node) => ({
        ...node,
        patchStatus: async (...request) => {
          const patched = await node.patchStatus(...request);
          await answer.promise;
          return patched;
        },
      }),
    });
    api.write({ metadata: { name: "node-1", labels: { "kubernetes.io/hostname": "node-1" } } });
    void run();
    await clock.advance(0);
    status.onNodeObserved(api.write(undefined));
    answer.resolve();
    await clock.advance(100);
    expect(calls()).toEqual(["create", "get", "patch", "create"].map((verb) => `0.0s ${verb}`));
    expect(status.isRegistered()).toBe(true);
    expect(registered).toEqual([api.stored()?.metadata?.uid]);
  });

  it("tells that it starts, once, and the pressures of a known node again", async () => {
    const { run, clock, api, events } = setUp();
    api.write({ metadata: { name: "node-1" } });
    void run();
    await clock.advance(100);
    expect(reasons(events)).toEqual(["Starting", "NodeHasSufficientMemory", "NodeHasNoDiskPressure", "NodeHasSufficientPID"]);
  });
});
