import type { Pod } from "@nk/pod-model";
import { podRef } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { createKnownStatuses } from "./known-status.ts";

const staticPod = (hash: string): Pod => ({
  metadata: {
    name: "web",
    namespace: "default",
    uid: hash,
    annotations: { "kubernetes.io/config.source": "file", "kubernetes.io/config.hash": hash },
  },
});
const mirror = (hash: string): Pod => ({
  metadata: { name: "web", namespace: "default", uid: "m", annotations: { "kubernetes.io/config.mirror": hash } },
  status: { phase: "Running", startTime: "2026-01-01T00:00:00Z" },
});

describe("known statuses", () => {
  it("takes that of a pod of the API from the pod", () => {
    const known = createKnownStatuses({ mirrorOf: () => undefined, runs: () => false });
    expect(known.of({ metadata: { name: "web", uid: "u" }, status: { phase: "Running" } })).toEqual({ phase: "Running" });
  });

  it("takes that of a static pod from the mirror of its version", () => {
    const known = createKnownStatuses({ mirrorOf: () => mirror("h1"), runs: () => true });
    expect(known.of(staticPod("h1"))?.phase).toBe("Running");
    expect(known.of(staticPod("h2"))).toBeUndefined();
    expect(createKnownStatuses({ mirrorOf: () => undefined, runs: () => false }).of(staticPod("h1"))).toBeUndefined();
  });

  it("takes nothing from the mirror when the pod has ended in this kubelet's life", () => {
    const known = createKnownStatuses({ mirrorOf: () => mirror("h1"), runs: () => true });
    known.ended(staticPod("h1"));
    expect(known.of(staticPod("h1"))).toBeUndefined();
  });

  it("takes the end of a static pod from its mirror unless the pod runs", () => {
    const mirrorOf = (): Pod => ({ ...mirror("h1"), status: { phase: "Succeeded" } });
    expect(createKnownStatuses({ mirrorOf, runs: () => false }).of(staticPod("h1"))?.phase).toBe("Succeeded");
    expect(createKnownStatuses({ mirrorOf, runs: () => true }).of(staticPod("h1"))).toBeUndefined();
  });

  it("remembers the most recent ones only", () => {
    const known = createKnownStatuses({ mirrorOf: (pod) => mirror(podRef(pod).uid), runs: () => true }, { maxEnded: 2 });
    for (const hash of ["h1", "h2", "h1", "h3"]) known.ended(staticPod(hash));
    expect(["h1", "h2", "h3"].filter((hash) => known.of(staticPod(hash)) === undefined)).toEqual(["h1", "h3"]);
  });
});
