import { describe, expect, it } from "vitest";
import { setterInput } from "../../test/setter-input.ts";
import type { NodeFacts, RuntimeHealth } from "../facts.ts";
import { FAKE_FACTS } from "../testing/index.ts";
import { setReady } from "./ready.ts";

const NOW = "2026-01-01T00:00:10Z";
const EARLIER = "2025-12-31T00:00:00Z";
const capacity = { cpu: "2", memory: "4Gi", pods: "110", "ephemeral-storage": "1Gi" };
const well = { type: "RuntimeReady", status: true, reason: "", message: "" };
const wellNetwork = { ...well, type: "NetworkReady" };
const noNetwork = {
  type: "NetworkReady",
  status: false,
  reason: "NetworkPluginNotReady",
  message: "Network plugin returns error: cni plugin not initialized",
};
const NETWORK_TEXT =
  "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady " +
  "message:Network plugin returns error: cni plugin not initialized";

const run = (facts: Partial<NodeFacts>, status?: string, own: object = { capacity }) =>
  setReady(
    setterInput({
      facts: { ...FAKE_FACTS, ...facts },
      node: {
        status: {
          ...own,
          ...(status === undefined
            ? {}
            : {
                conditions: [
                  { type: "Ready", status, lastTransitionTime: EARLIER },
                  { type: "Mine", status: "True" },
                ],
              }),
        },
      },
    }),
  );
const health = (value: RuntimeHealth): Partial<NodeFacts> => ({ runtime: { ...FAKE_FACTS.runtime, health: value } });
const messageOf = (facts: Partial<NodeFacts>, own?: object): string | undefined =>
  run(facts, undefined, own).status?.conditions?.find(({ type }) => type === "Ready")?.message;

describe("setReady", () => {
  it.each([
    ["all is well", {}, "kubelet is posting ready status"],
    [
      "the runtime has not answered yet",
      health({ kind: "unknown" }),
      "[container runtime status check may not have completed yet, network state unknown]",
    ],
    ["the network is not ready", health({ kind: "answered", runtime: well, network: noNetwork }), NETWORK_TEXT],
    [
      "the runtime is not ready",
      health({ kind: "answered", runtime: { ...well, status: false, reason: "R", message: "M" }, network: wellNetwork }),
      "container runtime not ready: RuntimeReady=false reason:R message:M",
    ],
    ["the runtime reports no network", health({ kind: "answered", runtime: well }), "container runtime network not ready: <nil>"],
    [
      "the runtime has been silent for 30 s",
      health({ kind: "answered", runtime: well, network: wellNetwork, outOfSyncSinceMs: Date.UTC(2025, 11, 31, 23, 59, 40) }),
      "container runtime is down",
    ],
    [
      "the runtime has been silent for less",
      health({ kind: "answered", runtime: well, network: wellNetwork, outOfSyncSinceMs: Date.UTC(2025, 11, 31, 23, 59, 40) + 1 }),
      "kubelet is posting ready status",
    ],
    [
      "the PLEG is not healthy",
      { healthProblems: ["PLEG is not healthy: pleg was last seen active 3m2s ago; threshold is 3m0s"] },
      "PLEG is not healthy: pleg was last seen active 3m2s ago; threshold is 3m0s",
    ],
    ["the node is shutting down", { isShuttingDown: true }, "node is shutting down"],
    ["the storage has a problem", { storageProblem: "CSINode is not yet initialized" }, "CSINode is not yet initialized"],
    [
      "several things are amiss",
      { ...health({ kind: "answered", runtime: well, network: noNetwork }), healthProblems: ["a", "a"], isShuttingDown: true },
      `[a, ${NETWORK_TEXT}, node is shutting down]`,
    ],
    [
      "a soft requirement is not met",
      { softRequirements: "CPU hardcapping unsupported" },
      "kubelet is posting ready status. WARNING: CPU hardcapping unsupported",
    ],
  ])("says what it is when %s", (_what, facts, message) => {
    expect(messageOf(facts)).toBe(message);
  });

  it("misses capacity that is not there", () => {
    expect(messageOf({}, {})).toBe("missing node capacity for resources: cpu, memory, pods, ephemeral-storage");
  });

  it("keeps the time of the transition while the status stays, and sets it when it turns, with an event", () => {
    const stays = run({}, "True");
    expect(stays.status?.conditions).toMatchObject([
      { type: "Ready", lastTransitionTime: EARLIER, lastHeartbeatTime: NOW },
      { type: "Mine" },
    ]);
    expect(stays.events).toBeUndefined();
    const turns = run({ isShuttingDown: true }, "True");
    expect(turns.status?.conditions?.[0]).toEqual({
      type: "Ready",
      status: "False",
      lastHeartbeatTime: NOW,
      lastTransitionTime: NOW,
      reason: "KubeletNotReady",
      message: "node is shutting down",
    });
    expect(turns.events).toMatchObject([{ event: { type: "Normal", message: "Node node-1 status is now: NodeNotReady" } }]);
    expect(run({}, "Unknown").events).toMatchObject([{ event: { message: "Node node-1 status is now: NodeReady" } }]);
  });

  it("tells no event of a first status", () => {
    expect(run({}).events).toBeUndefined();
  });
});
