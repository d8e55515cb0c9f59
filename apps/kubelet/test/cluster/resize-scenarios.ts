import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Container, Pod, PodSpec, ResourceRequirements } from "@nk/pod-model";
import { createSeededRandom, systemClock } from "@nk/stdx";
import { objectPath } from "../api-objects.ts";
import { untilApiPod, untilApiPodGone } from "../cluster-rig.ts";
import type { ClusterRig } from "../cluster-rig.ts";
import { SLEEP, podOf, shell } from "../manifests.ts";
import { until } from "../until.ts";
import { conditionOf, eventsOf, main, runReady, uidOf, untilEvent } from "./pod-facts.ts";

const amounts = (cpu: string, memory: string): { readonly cpu: string; readonly memory: string } => ({ cpu, memory });

const both = (requests: ReturnType<typeof amounts>, limits = requests): ResourceRequirements => ({ requests, limits });

const sized = (resources: ResourceRequirements, more: Partial<Container> = {}): Container => shell("main", SLEEP, { resources, ...more });

/** Asks for other resources of the container, or of the pod as a whole. */
const resize = async (rig: ClusterRig, name: string, spec: Partial<PodSpec>): Promise<void> => {
  await rig.api.json(`${objectPath("Pod", name)}/resize`, {
    method: "PATCH",
    body: { spec },
    contentType: "application/strategic-merge-patch+json",
  });
};

const mainWith = (resources: ResourceRequirements): Partial<PodSpec> => ({ containers: [{ name: "main", resources }] });

const hasResources = (pod: Pod, resources: ResourceRequirements): boolean =>
  (["requests", "limits"] as const).every((side) =>
    (["cpu", "memory"] as const).every((name) => main(pod)?.resources?.[side]?.[name] === resources[side]?.[name]),
  );

/** It has what it asked for and nothing is left to do. */
const untilResized = (rig: ClusterRig, name: string, resources: ResourceRequirements): Promise<Pod> =>
  untilApiPod(
    rig,
    name,
    (pod) =>
      hasResources(pod, resources) &&
      conditionOf(pod, "PodResizePending") === undefined &&
      conditionOf(pod, "PodResizeInProgress") === undefined,
  );

const isV2 = existsSync("/sys/fs/cgroup/cgroup.controllers");

interface Limits {
  readonly quota: string;
  readonly memory: string;
}

/** What the kernel enforces of a cgroup: the pod's, or below it a container's. */
const limitsOf = (rig: ClusterRig, pod: Pod, below = ""): Limits => {
  const tier = pod.status?.qosClass === "Guaranteed" ? "" : (pod.status?.qosClass ?? "").toLowerCase();
  const path = join(rig.lab.cgroupRoot, "kubepods", tier, `pod${uidOf(pod)}`, below);
  const read = (controller: string, file: string): string =>
    readFileSync(join("/sys/fs/cgroup", isV2 ? "" : controller, path, file), "utf8").trim();
  if (isV2) return { quota: read("", "cpu.max").split(" ")[0] ?? "", memory: read("", "memory.max") };
  return { quota: read("cpu", "cpu.cfs_quota_us"), memory: read("memory", "memory.limit_in_bytes") };
};

const containerOf = (pod: Pod): string => (main(pod)?.containerID ?? "").replace("containerd://", "");

const MIB = 1024 * 1024;

const KILLS = Number(process.env["NK_KILLS"] ?? 3);

const small = both(amounts("50m", "32Mi"), amounts("100m", "64Mi"));
const large = both(amounts("100m", "64Mi"), amounts("200m", "128Mi"));

const milliOf = (cpu: string): number => (cpu.endsWith("m") ? Number(cpu.slice(0, -1)) : Number(cpu) * 1000);

/** Pods are resized while they run. */
export const describeResizes = (rig: () => ClusterRig): void => {
  it("gives a running pod more and then less, in its status and in the kernel", async () => {
    const before = await runReady(rig(), podOf("grow", [sized(small)]));
    expect(limitsOf(rig(), before)).toEqual({ quota: "10000", memory: `${64 * MIB}` });
    await resize(rig(), "grow", mainWith(large));
    const grown = await untilResized(rig(), "grow", large);
    expect([main(grown)?.restartCount, main(grown)?.containerID]).toEqual([0, main(before)?.containerID]);
    expect(main(grown)?.allocatedResources).toEqual(large.requests);
    expect(grown.status?.allocatedResources).toMatchObject(large.requests ?? {});
    expect(grown.status?.observedGeneration).toBe(grown.metadata?.generation);
    expect([limitsOf(rig(), grown), limitsOf(rig(), grown, containerOf(grown))]).toEqual([
      { quota: "20000", memory: `${128 * MIB}` },
      { quota: "20000", memory: `${128 * MIB}` },
    ]);
    const summary = JSON.stringify({
      containers: [{ name: "main", resources: { limits: large.limits, requests: large.requests } }],
      generation: grown.metadata?.generation,
    });
    expect((await untilEvent(rig(), grown, "ResizeStarted")).message).toBe(`Pod resize started: ${summary}`);
    expect((await untilEvent(rig(), grown, "ResizeCompleted")).message).toBe(`Pod resize completed: ${summary}`);
    await resize(rig(), "grow", mainWith(small));
    const shrunk = await untilResized(rig(), "grow", small);
    expect([main(shrunk)?.restartCount, limitsOf(rig(), shrunk), limitsOf(rig(), shrunk, containerOf(shrunk))]).toEqual([
      0,
      { quota: "10000", memory: `${64 * MIB}` },
      { quota: "10000", memory: `${64 * MIB}` },
    ]);
    await rig().remove("Pod", "grow");
    await untilApiPodGone(rig(), "grow");
  });

  it("restarts a container whose policy wants it, with what it was given", async () => {
    const resizePolicy = [{ resourceName: "memory", restartPolicy: "RestartContainer" }];
    await runReady(rig(), podOf("again", [sized(small, { resizePolicy })]));
    await resize(rig(), "again", mainWith(large));
    const pod = await untilResized(rig(), "again", large);
    expect([main(pod)?.restartCount, limitsOf(rig(), pod, containerOf(pod)).memory]).toEqual([1, `${128 * MIB}`]);
    expect((await untilEvent(rig(), pod, "Killing")).message).toBe("Container main resize requires restart");
    await rig().remove("Pod", "again");
    await untilApiPodGone(rig(), "again");
  });

  it("does not take memory that is used, says so, and goes on when that is taken back", async () => {
    const script = `dd if=/dev/zero of=/dev/shm/fill bs=1M count=24; ${SLEEP}`;
    const wide = both(amounts("10m", "8Mi"), amounts("200m", "64Mi"));
    const narrow = both(amounts("10m", "8Mi"), amounts("200m", "16Mi"));
    const before = await runReady(rig(), podOf("full", [{ ...sized(wide), command: ["sh", "-c", script] }]));
    const usage = isV2 ? "memory.current" : "memory.usage_in_bytes";
    const file = join("/sys/fs/cgroup", isV2 ? "" : "memory", rig().lab.cgroupRoot, "kubepods/burstable", `pod${uidOf(before)}`, usage);
    await until("memory to be used", () => Promise.resolve(Number(readFileSync(file, "utf8")) > 24 * MIB));
    await resize(rig(), "full", mainWith(narrow));
    const stuck = await untilApiPod(rig(), "full", (pod) => conditionOf(pod, "PodResizeInProgress")?.reason === "Error");
    expect(conditionOf(stuck, "PodResizeInProgress")?.message).toMatch(
      /^cannot decrease memory limits: \[attempting to set pod memory limit \(16777216\) below current usage \(\d+\), attempting to set container "main" memory limit \(16777216\) below current usage \(\d+\)\]$/,
    );
    await untilEvent(rig(), stuck, "ResizeError");
    expect([hasResources(stuck, wide), limitsOf(rig(), stuck).memory]).toEqual([true, `${64 * MIB}`]);
    await resize(rig(), "full", mainWith(wide));
    await untilResized(rig(), "full", wide);
    await rig().remove("Pod", "full");
    await untilApiPodGone(rig(), "full");
  });
};

/** The gate without which the resources of a pod as a whole stay what they are. */
export const POD_LEVEL_RESIZE = "InPlacePodLevelResourcesVerticalScaling";

/** What stands in the way of a resize, and of a pod. `gates` are those that the kubelet starts with. */
export const describeRefusals = (rig: () => ClusterRig, gates: { [gate: string]: boolean }): void => {
  it("defers a resize for which there is no room until there is, through a kill of the kubelet", async () => {
    const cpus = milliOf(rig().nodes.list()[0]?.status?.allocatable?.["cpu"] ?? "0");
    const bulk = await runReady(rig(), podOf("bulk", [sized({ requests: { cpu: `${cpus - 400}m` } })]));
    await runReady(rig(), podOf("late", [sized(small)]));
    const wanted = both(amounts("1500m", "32Mi"), amounts("1500m", "64Mi"));
    await resize(rig(), "late", mainWith(wanted));
    const deferred = await untilApiPod(rig(), "late", (pod) => conditionOf(pod, "PodResizePending")?.reason === "Deferred");
    const condition = conditionOf(deferred, "PodResizePending");
    expect(condition?.message).toBe(`Node didn't have enough resource: cpu, requested: 1500, used: ${cpus - 400}, capacity: ${cpus}`);
    expect([condition?.observedGeneration, main(deferred)?.allocatedResources?.["cpu"]]).toEqual([deferred.metadata?.generation, "50m"]);
    await untilEvent(rig(), deferred, "ResizeDeferred");
    await rig().kubelet.kill();
    await rig().startKubelet();
    await rig().untilReady();
    const known = await untilApiPod(rig(), "late", (pod) => conditionOf(pod, "PodResizePending") !== undefined);
    expect(conditionOf(known, "PodResizePending")?.lastTransitionTime).toBe(condition?.lastTransitionTime);
    expect(main(known)?.allocatedResources?.["cpu"]).toBe("50m");
    await rig().remove("Pod", "bulk");
    await untilApiPodGone(rig(), "bulk");
    const resized = await untilResized(rig(), "late", wanted);
    expect([main(resized)?.restartCount, limitsOf(rig(), resized).quota]).toEqual([0, "150000"]);
    expect(eventsOf(rig(), bulk).some(({ reason }) => reason === "Preempting")).toBe(false);
    await rig().remove("Pod", "late");
    await untilApiPodGone(rig(), "late");
  });

  it("brings a pod to what was asked for while no kubelet ran", async () => {
    const before = await runReady(rig(), podOf("alone", [sized(small)]));
    await rig().kubelet.kill();
    await resize(rig(), "alone", mainWith(large));
    await rig().startKubelet();
    const pod = await untilResized(rig(), "alone", large);
    expect([main(pod)?.containerID, main(pod)?.restartCount]).toEqual([main(before)?.containerID, 0]);
    expect(limitsOf(rig(), pod, containerOf(pod))).toEqual({ quota: "20000", memory: `${128 * MIB}` });
    await rig().remove("Pod", "alone");
    await untilApiPodGone(rig(), "alone");
  });

  it("comes to its end whenever the kubelet is killed, and restarts nothing for it", async () => {
    const seed = Number(process.env["NK_SEED"] ?? systemClock.nowMs() % 1_000_000);
    const random = createSeededRandom(seed);
    const before = await runReady(rig(), podOf("killed", [sized(small)]));
    for (const [index, wanted] of Array.from({ length: KILLS }, (_kill, at) => (at % 2 === 0 ? large : small)).entries()) {
      await resize(rig(), "killed", mainWith(wanted));
      await systemClock.sleep(random() * 60);
      await rig().kubelet.kill();
      await rig().startKubelet();
      const pod = await untilResized(rig(), "killed", wanted);
      const said = `kill ${index} of seed ${seed}`;
      expect([main(pod)?.containerID, main(pod)?.restartCount], said).toEqual([main(before)?.containerID, 0]);
      expect([limitsOf(rig(), pod), limitsOf(rig(), pod, containerOf(pod))], said).toEqual(
        Array(2).fill(wanted === large ? { quota: "20000", memory: `${128 * MIB}` } : { quota: "10000", memory: `${64 * MIB}` }),
      );
    }
    await rig().remove("Pod", "killed");
    await untilApiPodGone(rig(), "killed");
  });

  it("tells that a resize of the pod as a whole will never be made by a kubelet that cannot, and makes it when one can", async () => {
    const asked = both(amounts("100m", "32Mi"), amounts("300m", "64Mi"));
    await runReady(rig(), podOf("whole", [shell("main", SLEEP)], { resources: both(amounts("100m", "32Mi"), amounts("200m", "64Mi")) }));
    await rig().kubelet.kill();
    // While it is away, because an API server that knows what nodes declare would refuse it.
    await resize(rig(), "whole", { resources: asked });
    gates[POD_LEVEL_RESIZE] = false;
    await rig().startKubelet();
    const pod = await untilApiPod(rig(), "whole", (one) => conditionOf(one, "PodResizePending") !== undefined);
    expect([conditionOf(pod, "PodResizePending")?.reason, conditionOf(pod, "PodResizePending")?.message]).toEqual([
      "Infeasible",
      `${POD_LEVEL_RESIZE} is disabled`,
    ]);
    await untilEvent(rig(), pod, "ResizeInfeasible");
    expect(limitsOf(rig(), pod).quota).toBe("20000");
    await rig().kubelet.kill();
    gates[POD_LEVEL_RESIZE] = true;
    await rig().startKubelet();
    const resized = await untilApiPod(rig(), "whole", (one) => one.status?.resources?.limits?.["cpu"] === "300m");
    expect([limitsOf(rig(), resized).quota, limitsOf(rig(), resized, containerOf(resized)).quota, main(resized)?.restartCount]).toEqual([
      "30000",
      "30000",
      0,
    ]);
    await rig().remove("Pod", "whole");
    await untilApiPodGone(rig(), "whole");
  });

  it("stops a best effort pod so that a critical one can run", async () => {
    const names = ["loose-0", "loose-1", "loose-2"];
    for (const name of names) await runReady(rig(), podOf(name, [shell("main", SLEEP)]));
    await rig().write("critical.json", podOf("critical", [shell("main", SLEEP)]));
    const listStopped = (): readonly Pod[] =>
      names.flatMap((name) => rig().pods.get(name) ?? []).filter(({ status }) => status?.phase === "Failed");
    const stopped = await rig().pods.until(
      () => "one of the pods to be stopped",
      () => listStopped()[0],
    );
    expect([stopped.status?.reason, stopped.status?.message]).toEqual(["Preempting", "Preempted in order to admit critical pod"]);
    expect(conditionOf(stopped, "DisruptionTarget")).toMatchObject({
      status: "True",
      reason: "TerminationByKubelet",
      message: "Pod was preempted by Kubelet to accommodate a critical pod.",
    });
    expect((await untilEvent(rig(), stopped, "Preempting")).message).toBe("Preempted in order to admit critical pod");
    await untilApiPod(rig(), "critical-node-1", ({ status }) => status?.phase === "Running");
    expect(listStopped()).toHaveLength(1);
    await rig().unwrite("critical.json");
    for (const name of names) await rig().remove("Pod", name);
  });
};
