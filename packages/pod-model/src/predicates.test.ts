import { describe, expect, it } from "vitest";
import type { Pod } from "./gen/core-v1.ts";
import { CONFIG_ANNOTATIONS } from "./labels.ts";
import { isCriticalPod, isHostNetwork, isMirrorPod, isSidecar, isStaticPod, listContainers } from "./predicates.ts";
import { ADMIT_REASONS, CONTAINER_REASONS, EVENT_REASONS } from "./reasons.ts";

const from = (source: string): Pod => ({ metadata: { annotations: { [CONFIG_ANNOTATIONS.source]: source } } });
const mirror: Pod = { metadata: { annotations: { [CONFIG_ANNOTATIONS.mirror]: "hash", [CONFIG_ANNOTATIONS.source]: "api" } } };
const prioritized = (priority: number): Pod => ({ spec: { containers: [], priority } });

describe("predicates", () => {
  it("call pods of files and URLs static, and only them", () => {
    expect([from("file"), from("http"), from("api"), mirror, {}].map(isStaticPod)).toEqual([true, true, false, false, false]);
    expect([from("file"), mirror].map(isMirrorPod)).toEqual([false, true]);
  });

  it("call static, mirror and system-priority pods critical", () => {
    const pods = [from("file"), mirror, prioritized(2_000_000_000), prioritized(1_999_999_999), {}];
    expect(pods.map(isCriticalPod)).toEqual([true, true, true, false, false]);
  });

  it("know sidecars, host network and the order of containers", () => {
    expect([{ restartPolicy: "Always" }, { restartPolicy: "OnFailure" }, {}].map(isSidecar)).toEqual([true, false, false]);
    expect(isHostNetwork({ spec: { containers: [], hostNetwork: true } })).toBe(true);
    expect(isHostNetwork({})).toBe(false);
    expect(listContainers({ spec: { containers: [{ name: "b" }], initContainers: [{ name: "a" }] } }).map((c) => c.name)).toEqual([
      "a",
      "b",
    ]);
  });
});

describe("reasons", () => {
  it("are named as they are spelt", () => {
    for (const reasons of [EVENT_REASONS, CONTAINER_REASONS, ADMIT_REASONS]) {
      expect(Object.entries(reasons).filter(([key, value]) => key !== value)).toEqual([]);
    }
  });
});
