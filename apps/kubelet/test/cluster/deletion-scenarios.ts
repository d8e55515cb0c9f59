import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Pod } from "@nk/pod-model";
import { objectPath } from "../api-objects.ts";
import { CLUSTER_NODE, untilApiPod, untilApiPodGone } from "../cluster-rig.ts";
import type { ClusterRig } from "../cluster-rig.ts";
import { listHeldContainers, readPodTraces } from "../host-state.ts";
import { SLEEP, podOf, shell } from "../manifests.ts";
import { report, timed } from "../rig.ts";
import { until } from "../until.ts";
import { isReady, main, runReady, runs, uidOf, untilEvent } from "./pod-facts.ts";

/** Waits until nothing of a pod is on the host. */
export const untilTraceless = async (rig: ClusterRig, uid: string): Promise<void> => {
  let last = "";
  await until(
    () => `pod ${uid} to leave nothing on the host; there is ${last}`,
    async () => {
      const found = Object.entries(await readPodTraces(rig)).filter(([, list]) =>
        (list as readonly string[]).some((entry) => entry.includes(uid)),
      );
      const mounts = (await readFile("/proc/self/mountinfo", "utf8")).split("\n").filter((line) => line.includes(uid));
      last = JSON.stringify([found.map(([name]) => name), mounts]);
      return found.length === 0 && mounts.length === 0;
    },
    { timeoutMs: 10_000 },
  );
};

const IGNORES_TERM = "trap '' TERM; while true; do sleep 0.1; done";

/** How pods of the API and mirror pods go. */
export const describeDeletions = (rig: () => ClusterRig): void => {
  const deletePod = async (name: string, graceSeconds?: number): Promise<void> => {
    await rig().remove("Pod", name, graceSeconds);
    await untilApiPodGone(rig(), name);
  };

  it("runs the preStop hook, asks the container to stop, and only then lets the pod go", async () => {
    const dir = join(rig().lab.dir, "graceful");
    await mkdir(dir);
    const script = "trap 'sleep 0.3; echo stopped >> /shared/order; exit 0' TERM; while true; do sleep 0.05; done";
    const preStop = { exec: { command: ["sh", "-c", "sleep 0.3; echo hook >> /shared/order"] } };
    const pod = await runReady(
      rig(),
      podOf("graceful", [shell("main", script, { lifecycle: { preStop }, volumeMounts: [{ name: "shared", mountPath: "/shared" }] })], {
        terminationGracePeriodSeconds: 20,
        volumes: [{ name: "shared", hostPath: { path: dir } }],
      }),
    );
    await deletePod("graceful");
    expect(await readFile(join(dir, "order"), "utf8")).toBe("hook\nstopped\n");
    const terminal = rig()
      .pods.versions(uidOf(pod))
      .findLast(({ status }) => status?.containerStatuses?.[0]?.state?.terminated !== undefined);
    expect(main(terminal ?? {})?.state?.terminated).toMatchObject({ exitCode: 0, reason: "Completed" });
    await untilTraceless(rig(), uidOf(pod));
  });

  it("kills at the end of the grace period, and at once when the period is shortened", async () => {
    const pod = await runReady(rig(), podOf("stubborn", [shell("main", IGNORES_TERM)], { terminationGracePeriodSeconds: 600 }));
    await rig().remove("Pod", "stubborn");
    await untilEvent(rig(), pod, "Killing");
    const { tookMs } = await timed(() => deletePod("stubborn", 1));
    expect(tookMs).toBeLessThan(5000);
    await untilTraceless(rig(), uidOf(pod));
  });

  it("leaves nothing of a running pod that is deleted by force", async () => {
    const pod = await runReady(
      rig(),
      podOf("forced", [shell("main", IGNORES_TERM, { volumeMounts: [{ name: "memory", mountPath: "/memory" }] })], {
        terminationGracePeriodSeconds: 600,
        volumes: [{ name: "memory", emptyDir: { medium: "Memory" } }],
      }),
    );
    await deletePod("forced", 0);
    const { tookMs } = await timed(() => untilTraceless(rig(), uidOf(pod)));
    report(`nothing of a pod that was deleted by force was left after ${tookMs} ms`);
    expect(tookMs).toBeLessThan(5000);
  });

  it("lets pods go that never started, or are deleted before they do", async () => {
    await rig().create(
      podOf("stuck", [shell("main", SLEEP, { volumeMounts: [{ name: "none", mountPath: "/none" }] })], {
        volumes: [{ name: "none", secret: { secretName: "never-made" } }],
      }),
    );
    const stuck = await untilApiPod(rig(), "stuck", ({ status }) => status?.startTime !== undefined);
    await untilEvent(rig(), stuck, "FailedMount");
    await deletePod("stuck");
    const uids = [uidOf(stuck)];
    for (const graceSeconds of [undefined, 0]) {
      for (let n = 0; n < 3; n += 1) {
        const created = await rig().create(podOf("early", [shell("main", SLEEP)]));
        uids.push(created.metadata?.uid ?? "");
        await deletePod("early", graceSeconds);
      }
    }
    for (const uid of uids) await untilTraceless(rig(), uid);
    const held = (await listHeldContainers(rig())).filter(({ uid }) => uids.includes(uid));
    expect(held).toEqual([]);
  });

  it("ends the containers of a pod that a finalizer holds, and tells so", async () => {
    await rig().create({
      ...podOf("finalized", [shell("main", SLEEP)]),
      metadata: { name: "finalized", namespace: "default", finalizers: ["example.com/held"] },
    });
    const pod = await untilApiPod(rig(), "finalized", isReady);
    await rig().remove("Pod", "finalized");
    const ended = await untilApiPod(
      rig(),
      "finalized",
      (one) => main(one)?.state?.terminated !== undefined && one.status?.phase === "Succeeded",
    );
    expect(ended.metadata?.deletionTimestamp).toBeDefined();
    await until("its container to go", async () =>
      (await listHeldContainers(rig())).every(({ uid, state }) => uid !== uidOf(pod) || state !== "running"),
    );
    await rig().patch("Pod", "finalized", { metadata: { finalizers: null } });
    await untilApiPodGone(rig(), "finalized");
    await untilTraceless(rig(), uidOf(pod));
  });

  it("runs a new pod of the same name while the old one still ends", async () => {
    const slow = "trap 'sleep 1; exit 0' TERM; while true; do sleep 0.05; done";
    const old = await runReady(rig(), podOf("same-name", [shell("main", slow)], { terminationGracePeriodSeconds: 10 }));
    await deletePod("same-name", 0);
    await rig().create(podOf("same-name", [shell("main", SLEEP)]));
    const fresh = await untilApiPod(rig(), "same-name", (pod) => uidOf(pod) !== uidOf(old) && isReady(pod));
    await untilTraceless(rig(), uidOf(old));
    expect(rig().pods.get("same-name")?.metadata?.uid).toBe(uidOf(fresh));
    await deletePod("same-name");
  });

  it("shows a static pod by a mirror that comes back when it is deleted, follows changes, and goes with the file", async () => {
    const name = `static-${CLUSTER_NODE}`;
    const manifest = (version: string): Pod => podOf("static", [shell("main", SLEEP, { env: [{ name: "VERSION", value: version }] })]);
    await rig().write("static.json", manifest("one"));
    const first = await untilApiPod(rig(), name, (pod) => isReady(pod) && runs(pod));
    expect(first.metadata?.annotations).toMatchObject({
      "kubernetes.io/config.source": "file",
      "kubernetes.io/config.mirror": expect.any(String),
    });
    expect(first.metadata?.ownerReferences).toMatchObject([{ kind: "Node", name: CLUSTER_NODE, controller: true }]);
    const container = main(first)?.containerID;

    await rig().remove("Pod", name, 0);
    const second = await untilApiPod(rig(), name, (pod) => uidOf(pod) !== uidOf(first) && isReady(pod));
    expect(main(second)?.containerID, "its container was not touched").toBe(container);

    await rig().write("static.json", manifest("two"));
    const third = await untilApiPod(rig(), name, (pod) => pod.spec?.containers[0]?.env?.[0]?.value === "two" && isReady(pod));
    expect(main(third)?.containerID).not.toBe(container);
    expect(main(third), "it tells nothing of the version before it").toMatchObject({ restartCount: 0, lastState: {} });
    expect(third.metadata?.annotations?.["kubernetes.io/config.hash"]).not.toBe(first.metadata?.annotations?.["kubernetes.io/config.hash"]);

    await rig().unwrite("static.json");
    await untilApiPodGone(rig(), name);
    for (const pod of [first, third]) await untilTraceless(rig(), pod.metadata?.annotations?.["kubernetes.io/config.hash"] ?? "");
  });

  it("runs a static pod that is removed and written again while it ends", async () => {
    const name = `twice-${CLUSTER_NODE}`;
    const slow = "trap 'sleep 1; exit 0' TERM; while true; do sleep 0.05; done";
    const manifest = podOf("twice", [shell("main", slow)], { terminationGracePeriodSeconds: 10 });
    await rig().write("twice.json", manifest);
    const first = await untilApiPod(rig(), name, isReady);
    await rig().unwrite("twice.json");
    await untilApiPod(rig(), name, (pod) => !isReady(pod));
    await rig().write("twice.json", manifest);
    const again = await untilApiPod(rig(), name, (pod) => isReady(pod) && main(pod)?.containerID !== main(first)?.containerID);
    expect(again.status?.phase).toBe("Running");
    await rig().unwrite("twice.json");
    await untilApiPodGone(rig(), name);
  });

  it("takes a pod's change of labels without touching its containers", async () => {
    const before = await runReady(rig(), podOf("relabelled", [shell("main", SLEEP)]));
    await rig().api.json(objectPath("Pod", "relabelled"), {
      method: "PATCH",
      body: { metadata: { labels: { seen: "yes" } } },
      contentType: "application/merge-patch+json",
    });
    const after = await untilApiPod(rig(), "relabelled", (pod) => pod.metadata?.labels?.["seen"] === "yes");
    expect(main(after)?.containerID).toBe(main(before)?.containerID);
    await deletePod("relabelled");
  });
};
