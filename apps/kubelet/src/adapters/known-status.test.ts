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
    const known = createKnownStatuses(() => undefined);
    expect(known.of({ metadata: { name: "web", uid: "u" }, status: { phase: "Running" } })).toEqual({ phase: "Running" });
  });

  it("takes that of a static pod from the mirror of its version", () => {
    const known = createKnownStatuses(() => mirror("h1"));
    expect(known.of(staticPod("h1"))?.phase).toBe("Running");
    expect(known.of(staticPod("h2"))).toBeUndefined();
    expect(createKnownStatuses(() => undefined).of(staticPod("h1"))).toBeUndefined();
  });

  it("takes nothing from the mirror when the pod has ended in this kubelet's life", () => {
    const known = createKnownStatuses(() => mirror("h1"));
    known.ended(staticPod("h1"));
    expect(known.of(staticPod("h1"))).toBeUndefined();
  });

  it("remembers the most recent ones only", () => {
    const known = createKnownStatuses((pod) => mirror(podRef(pod).uid), { maxEnded: 2 });
    for (const hash of ["h1", "h2", "h1", "h3"]) known.ended(staticPod(hash));
    expect(["h1", "h2", "h3"].filter((hash) => known.of(staticPod(hash)) === undefined)).toEqual(["h1", "h3"]);
  });
});
