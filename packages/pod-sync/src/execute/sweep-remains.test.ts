import type { PodRef } from "@nk/pod-model";
import { createFakeClock, createRecordingMetrics } from "@nk/stdx/testing";
import { describe, expect, test } from "vitest";
import { createFakePorts } from "../testing/index.ts";
import { createPodSync } from "./pod-sync.ts";

const create = (options: { readonly files: readonly PodRef[]; readonly cgroups: readonly string[]; readonly stuck?: string }) => {
  const clock = createFakeClock();
  const fake = createFakePorts({ clock });
  const removed: string[] = [];
  const metrics = createRecordingMetrics();
  const podSync = createPodSync(
    {
      ...fake.ports,
      cgroups: {
        ...fake.ports.cgroups,
        listPods: async () => options.cgroups,
        remove: async (pod) => void removed.push(`cgroup ${pod.metadata?.uid}`),
      },
      files: {
        ...fake.ports.files,
        listPodRemains: async () => options.files,
        removePodDirs: async (uid) => {
          if (uid === options.stuck) return { status: "refused", reasons: [`/pods/${uid}/volumes/x is mounted`] };
          removed.push(`dirs ${uid}`);
          return { status: "removed" };
        },
        removePodLogs: async ({ namespace, name, uid }) => {
          removed.push(`logs ${namespace}_${name}_${uid}`);
          return { status: "removed" };
        },
      },
    },
    { clock, random: () => 0, metrics },
  );
  return { podSync, removed, metrics };
};
const { signal } = new AbortController();
const logged = { namespace: "default", name: "web", uid: "b" };

describe("the sweep", () => {
  test("removes what is left of pods that nobody knows, each by all it is known by", async () => {
    const { podSync, removed } = create({ files: [logged], cgroups: ["a", "b"] });
    await podSync.sweepRemains({ signal, isKnown: () => false });
    expect(removed).toEqual(["cgroup a", "dirs a", "logs unknown_unknown_a", "cgroup b", "dirs b", "logs default_web_b"]);
  });

  test("leaves known pods alone", async () => {
    const { podSync, removed } = create({ files: [logged], cgroups: ["a"] });
    await podSync.sweepRemains({ signal, isKnown: (uid) => uid === "b" });
    expect(removed.some((line) => line.includes("b"))).toBe(false);
  });

  test("does not touch a pod that comes back while another is swept, and lets nobody work on one that it sweeps", async () => {
    const { podSync, removed } = create({ files: [logged], cgroups: ["a"] });
    const known = new Set<string>();
    const sweep = podSync.sweepRemains({
      signal,
      isKnown: (uid) => {
        // The pod comes back when the sweep has just begun with the one before it.
        if (uid === "a") known.add("b");
        return known.has(uid);
      },
    });
    await sweep;
    expect(removed).toEqual(["cgroup a", "dirs a", "logs unknown_unknown_a"]);
  });

  test("goes on after a pod that cannot be cleaned up", async () => {
    const { podSync, removed, metrics } = create({ files: [logged], cgroups: ["a"], stuck: "a" });
    await expect(podSync.sweepRemains({ signal, isKnown: () => false })).resolves.toBeUndefined();
    expect(removed).toContain("dirs b");
    expect(metrics.value("kubelet_orphan_pod_cleaned_volumes")).toBe(2);
    expect(metrics.value("kubelet_orphan_pod_cleaned_volumes_errors")).toBe(1);
  });

  test("ends with the signal's reason", async () => {
    const { podSync } = create({ files: [logged], cgroups: [] });
    await expect(podSync.sweepRemains({ signal: AbortSignal.abort(new Error("stopping")), isKnown: () => false })).rejects.toThrow(
      "stopping",
    );
  });
});
