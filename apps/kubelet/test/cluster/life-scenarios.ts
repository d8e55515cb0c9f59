import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Container } from "@nk/pod-model";
import { LAB_IMAGES } from "@nk/tool-lab";
import type { Registry } from "@nk/tool-lab";
import { SLEEP, podOf, shell } from "../manifests.ts";
import { CLUSTER_NODE, untilApiPod, untilApiPodGone } from "../cluster-rig.ts";
import type { ClusterRig } from "../cluster-rig.ts";
import { findFreePort } from "../http-api.ts";
import { until } from "../until.ts";
import { conditionOf, eventsOf, isReady, main, runReady, runs, uidOf, untilEvent, waitsFor } from "./pod-facts.ts";

/** How pods of the API start, end and are refused. */
export const describeLives = (rig: () => ClusterRig, registry: () => Registry): void => {
  it("runs init containers, then a sidecar beside the container, and ends them in reverse", async () => {
    const dir = join(rig().lab.dir, "order");
    await mkdir(dir);
    const mounts = { volumeMounts: [{ name: "shared", mountPath: "/shared" }] };
    const speaking = (name: string): string =>
      `echo ${name} starts >> /shared/order; trap 'sleep 0.2; echo ${name} ends >> /shared/order; exit 0' TERM; while true; do sleep 0.05; done`;
    await rig().create(
      podOf("order", [shell("main", speaking("main"), mounts)], {
        initContainers: [
          shell("init", "echo init >> /shared/order", mounts),
          shell("sidecar", speaking("sidecar"), { restartPolicy: "Always", ...mounts }),
        ],
        terminationGracePeriodSeconds: 10,
        volumes: [{ name: "shared", hostPath: { path: dir } }],
      }),
    );
    const pod = await untilApiPod(rig(), "order", isReady);
    expect(
      pod.status?.initContainerStatuses?.map(({ name, ready, started, state }) => [name, ready, started, Object.keys(state ?? {})]),
    ).toEqual([
      ["init", true, false, ["terminated"]],
      ["sidecar", true, true, ["running"]],
    ]);
    await until("the container's first words", async () => (await readFile(join(dir, "order"), "utf8")).includes("main starts"));
    await rig().remove("Pod", "order");
    await untilApiPodGone(rig(), "order");
    expect((await readFile(join(dir, "order"), "utf8")).trim().split("\n")).toEqual([
      "init",
      "sidecar starts",
      "main starts",
      "main ends",
      "sidecar ends",
    ]);
  });

  it("ends pods by their restart policy and restarts what crashes after a back-off", async () => {
    const once = "if [ -e /data/failed ]; then exit 0; fi; touch /data/failed; exit 1";
    const data = { volumeMounts: [{ name: "data", mountPath: "/data" }] };
    await rig().create(podOf("good", [shell("main", "true")], { restartPolicy: "Never" }));
    await rig().create(podOf("bad", [shell("main", "exit 5")], { restartPolicy: "Never" }));
    await rig().create(
      podOf("on-failure", [shell("main", once, data)], { restartPolicy: "OnFailure", volumes: [{ name: "data", emptyDir: {} }] }),
    );
    await rig().create(podOf("crash", [shell("main", "exit 3")]));
    const good = await untilApiPod(rig(), "good", ({ status }) => status?.phase === "Succeeded");
    const bad = await untilApiPod(rig(), "bad", ({ status }) => status?.phase === "Failed");
    const again = await untilApiPod(rig(), "on-failure", ({ status }) => status?.phase === "Succeeded");
    expect([main(good)?.state?.terminated?.exitCode, conditionOf(good, "Ready")?.reason]).toEqual([0, "PodCompleted"]);
    expect([main(bad)?.state?.terminated?.exitCode, conditionOf(bad, "Ready")?.reason]).toEqual([5, "PodFailed"]);
    expect(main(again)?.restartCount).toBe(1);
    const waiting = await untilApiPod(rig(), "crash", (pod) => waitsFor(pod, "CrashLoopBackOff"));
    expect(main(waiting)?.state?.waiting?.message).toBe(
      `back-off 10s restarting failed container=main pod=crash_default(${uidOf(waiting)})`,
    );
    expect((await untilEvent(rig(), waiting, "BackOff")).message).toBe(
      `Back-off restarting failed container main in pod crash_default(${uidOf(waiting)})`,
    );
    for (const name of ["good", "bad", "on-failure", "crash"]) await rig().remove("Pod", name);
  });

  it("pulls with the pod's own secret, and tells when it cannot", async () => {
    await rig().lab.trustRegistry(registry().address);
    const image = await registry().push({ image: LAB_IMAGES.busybox, as: "team/cluster:v1" });
    const pulled: Container = { ...shell("main", SLEEP), image, imagePullPolicy: "Always" };
    await rig().create(podOf("no-login", [pulled], { imagePullSecrets: [{ name: "no-such-login" }] }));
    const denied = await untilApiPod(rig(), "no-login", (pod) => waitsFor(pod, "ImagePullBackOff"));
    expect(denied.status?.phase).toBe("Pending");
    expect((await untilEvent(rig(), denied, "FailedToRetrieveImagePullSecret")).message).toBe(
      "Unable to retrieve some image pull secrets (no-such-login); attempting to pull the image may not succeed.",
    );
    const expected = [
      'Pulling Pulling image "127',
      'Failed Failed to pull image "127',
      "Failed Error: ErrImagePull",
      'BackOff Back-off pulling image "127',
      "Failed Error: ImagePullBackOff",
    ];
    await rig().events.until(
      () =>
        `events of a pull that is denied: ${eventsOf(rig(), denied)
          .map(({ reason, message }) => `${reason} ${message}`)
          .join(", ")}`,
      () => expected.every((text) => eventsOf(rig(), denied).some(({ reason, message }) => `${reason} ${message}`.startsWith(text))),
    );
    const auth = Buffer.from("robot:s3cret").toString("base64");
    await rig().create({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "login" },
      type: "kubernetes.io/dockerconfigjson",
      stringData: { ".dockerconfigjson": JSON.stringify({ auths: { [registry().address]: { auth } } }) },
    } as object);
    const pod = await runReady(rig(), podOf("login", [pulled], { imagePullSecrets: [{ name: "login" }] }));
    expect(main(pod)?.image).toBe(image);
    expect((await untilEvent(rig(), pod, "Pulled")).message).toMatch(
      /^Successfully pulled image ".*" in \S+ \(\S+ including waiting\)\. Image size: \d+ bytes\.$/,
    );
    for (const name of ["no-login", "login"]) await rig().remove("Pod", name);
  });

  it("ends a pod that is older than its deadline", async () => {
    await rig().create(podOf("deadline", [shell("main", SLEEP)], { activeDeadlineSeconds: 2 }));
    const pod = await untilApiPod(rig(), "deadline", ({ status }) => status?.phase === "Failed");
    expect(pod.status).toMatchObject({
      reason: "DeadlineExceeded",
      message: "Pod was active on the node longer than the specified deadline",
    });
    await untilEvent(rig(), pod, "DeadlineExceeded");
    await rig().remove("Pod", "deadline");
  });

  it("refuses what the node cannot run, in the words of the reference", async () => {
    const hostPort = await findFreePort();
    const port = (name: string) => podOf(name, [shell("main", SLEEP, { ports: [{ containerPort: 80, hostPort }] })]);
    await rig().create(podOf("no-such-node", [shell("main", SLEEP)], { nodeSelector: { disk: "golden" } }));
    await rig().create(podOf("too-much", [shell("main", SLEEP, { resources: { requests: { cpu: "900" } } })]));
    await runReady(rig(), port("port-one"));
    await rig().create(port("port-two"));
    const failed = (name: string) => untilApiPod(rig(), name, ({ status }) => status?.phase === "Failed");
    const selector = await failed("no-such-node");
    expect(selector.status).toMatchObject({
      reason: "NodeAffinity",
      message: "Pod was rejected: Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    });
    expect((await untilEvent(rig(), selector, "NodeAffinity")).message).toBe(
      "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    );
    const cpu = await failed("too-much");
    expect(cpu.status).toMatchObject({ reason: "OutOfcpu" });
    expect(cpu.status?.message).toMatch(
      /^Pod was rejected: Node didn't have enough resource: cpu, requested: 900000, used: \d+, capacity: \d+$/,
    );
    const ports = await failed("port-two");
    expect(ports.status).toMatchObject({ reason: "NodePorts" });
    for (const name of ["no-such-node", "too-much", "port-one", "port-two"]) await rig().remove("Pod", name);
    for (const name of ["no-such-node", "too-much", "port-one", "port-two"]) await untilApiPodGone(rig(), name);
  });

  it("runs a pod by the handler of its runtime class, and waits for a class that is not there", async () => {
    await rig().create({
      apiVersion: "node.k8s.io/v1",
      kind: "RuntimeClass",
      metadata: { name: "known-class" },
      handler: "other",
    } as object);
    const known = await runReady(rig(), podOf("known-class", [shell("main", SLEEP)], { runtimeClassName: "known-class" }));
    const { items } = await rig().cri.listPodSandbox();
    expect(items.find(({ metadata }) => metadata?.uid === uidOf(known))?.runtimeHandler).toBe("other");
    await rig().create({
      apiVersion: "node.k8s.io/v1",
      kind: "RuntimeClass",
      metadata: { name: "going-class" },
      handler: "no-such-handler",
    } as object);
    await rig().create(podOf("bad-class", [shell("main", SLEEP)], { runtimeClassName: "going-class" }));
    const bad = await untilApiPod(rig(), "bad-class", ({ status }) => status?.startTime !== undefined);
    await untilEvent(rig(), bad, "FailedCreatePodSandBox");
    expect(rig().pods.get("bad-class")?.status?.phase).toBe("Pending");
    for (const name of ["known-class", "bad-class"]) await rig().remove("Pod", name);
    for (const name of ["known-class", "bad-class"]) await untilApiPodGone(rig(), name);
  });

  it("is Ready only when its readiness gates are", async () => {
    await rig().create(podOf("gated", [shell("main", SLEEP)], { readinessGates: [{ conditionType: "example.com/ready" }] }));
    const closed = await untilApiPod(rig(), "gated", (pod) => conditionOf(pod, "ContainersReady")?.status === "True");
    expect(conditionOf(closed, "Ready")).toMatchObject({ status: "False", reason: "ReadinessGatesNotReady" });
    await rig().controlPlane.kubectl([
      "patch",
      "pod",
      "gated",
      "--subresource=status",
      "--type=strategic",
      "-p",
      JSON.stringify({ status: { conditions: [{ type: "example.com/ready", status: "True" }] } }),
    ]);
    const open = await untilApiPod(rig(), "gated", isReady);
    expect(conditionOf(open, "example.com/ready")?.status).toBe("True");
    await rig().remove("Pod", "gated");
  });

  it("leaves running pods alone when the node is cordoned", async () => {
    const before = await runReady(rig(), podOf("cordoned", [shell("main", SLEEP)]));
    await rig().controlPlane.kubectl(["cordon", CLUSTER_NODE]);
    await rig().nodes.until(
      () => "the node to be cordoned",
      () => rig().nodes.get(CLUSTER_NODE)?.spec?.unschedulable === true,
    );
    // A pod that names the node itself runs on it all the same.
    await runReady(rig(), podOf("cordoned-too", [shell("main", SLEEP)], { tolerations: [{ operator: "Exists" }] }));
    await rig().controlPlane.kubectl(["uncordon", CLUSTER_NODE]);
    const after = rig().pods.get("cordoned");
    expect([main(after ?? {})?.containerID, runs(after ?? {}), isReady(after ?? {})]).toEqual([main(before)?.containerID, true, true]);
    for (const name of ["cordoned", "cordoned-too"]) await rig().remove("Pod", name);
  });
};
