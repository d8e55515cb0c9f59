import { expect, describe, it } from "vitest";
import { createFakeFacts, FAKE_FACTS } from "./testing/index.ts";
import { NOT_READY, setUp } from "../test/harness.ts";
import type { SetUp } from "../test/harness.ts";

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
