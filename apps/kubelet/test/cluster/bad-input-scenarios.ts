import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { packBusyboxLayer, packOciArchive } from "@nk/tool-lab";
import type { Container, ContainerStateWaiting, Pod } from "@nk/pod-model";
import { expect, it } from "vitest";
import { SLEEP, podOf, shell } from "../manifests.ts";
import { CLUSTER_NODE, untilApiPod, untilApiPodGone } from "../cluster-rig.ts";
import type { ClusterRig } from "../cluster-rig.ts";
import { report, timed } from "../rig.ts";
import { eventsOf, main, runReady, waitsFor } from "./pod-facts.ts";

const MANY = 500;
const GHOST = "docker.io/library/busybox-ghost:latest";

const untilMessage = (rig: ClusterRig, pod: Pod, text: string): Promise<unknown> =>
  rig.events.until(
    () =>
      `an event that says ${text}; there are ${eventsOf(rig, pod)
        .map(({ message }) => message)
        .join(" | ")}`,
    () => eventsOf(rig, pod).some(({ message }) => message?.includes(text)),
  );

const waitingOf = (pod: Pod): ContainerStateWaiting | undefined => main(pod)?.state?.waiting;

/** An image whose user is in no /etc/passwd. */
const importGhost = async (rig: ClusterRig): Promise<void> => {
  const archive = join(rig.lab.dir, "ghost.tar");
  const config = { Env: ["PATH=/bin"], Cmd: ["sh"], User: "ghost" };
  await writeFile(archive, await packOciArchive([{ name: GHOST, layer: await packBusyboxLayer(), config }]));
  await rig.lab.ctr(["images", "import", archive]);
};

/** Made while its RuntimeClass was there, and given to the node when it was not. */
const createClassless = async (rig: ClusterRig): Promise<void> => {
  const runtimeClass = { apiVersion: "node.k8s.io/v1", kind: "RuntimeClass", metadata: { name: "gone-class" }, handler: "no-such-handler" };
  await rig.create(runtimeClass as object);
  await rig.create(podOf("classless", [shell("main", SLEEP)], { runtimeClassName: "gone-class", nodeName: "", schedulerName: "nobody" }));
  await rig.remove("RuntimeClass", "gone-class");
  await rig.api.json("/api/v1/namespaces/default/pods/classless/binding", {
    method: "POST",
    body: {
      apiVersion: "v1",
      kind: "Binding",
      metadata: { name: "classless" },
      target: { apiVersion: "v1", kind: "Node", name: CLUSTER_NODE },
    },
  });
};

const manyContainers = (): readonly Container[] =>
  Array.from({ length: MANY }, (_, index) => ({
    name: `c${index}`,
    image: "docker.io/library/no-such-image:1",
    imagePullPolicy: "Never",
    command: ["sleep", "100000"],
  }));

/** Pods that ask for what cannot be: each ends as on the reference, and none disturbs another. */
export const describeBadInput = (rig: () => ClusterRig): void => {
  it("leaves a pod alone beside pods that ask for what cannot be", async () => {
    const bystander = await runReady(rig(), podOf("bystander", [shell("main", SLEEP)]));
    await importGhost(rig());
    await createClassless(rig());
    const names = ["classless", "ghost", "forbidden", "config-less", "nameless", "huge", "long-name", "many"];
    await rig().create(podOf("ghost", [{ ...shell("main", SLEEP), image: GHOST }]));
    await rig().create(
      podOf("forbidden", [shell("main", SLEEP)], { securityContext: { sysctls: [{ name: "kernel.shmmax", value: "1" }] } }),
    );
    await rig().create(podOf("config-less", [shell("main", SLEEP, { envFrom: [{ configMapRef: { name: "none" } }] })]));
    await rig().create(podOf("nameless", [{ ...shell("main", SLEEP), image: "UPPER/Case:1" }]));
    const hugeEnv = { env: [{ name: "HUGE", value: "x".repeat(1024 * 1024) }], terminationMessagePolicy: "FallbackToLogsOnError" };
    await rig().create(podOf("huge", [shell("main", SLEEP, hugeEnv)], { restartPolicy: "Never" }));
    await rig().create(podOf("long-name", [shell("main", SLEEP)], { hostname: "h".repeat(60), subdomain: "s", setHostnameAsFQDN: true }));
    await rig().create(podOf("many", manyContainers()));

    const neighbour = await timed(() => runReady(rig(), podOf("neighbour", [shell("main", SLEEP)])));
    report(`a pod beside them was Ready ${neighbour.tookMs} ms after it was made`);
    expect(neighbour.tookMs).toBeLessThan(15_000);

    const seen = (name: string): Promise<Pod> => untilApiPod(rig(), name, ({ status }) => status?.startTime !== undefined);
    await untilMessage(rig(), await seen("classless"), 'Failed to create pod sandbox: runtimeclass.node.k8s.io "gone-class" not found');
    await untilMessage(
      rig(),
      await seen("long-name"),
      `failed to construct FQDN from pod hostname and cluster domain, FQDN ${"h".repeat(60)}.s.default.svc.cluster.local is too long`,
    );
    const ghost = await untilApiPod(rig(), "ghost", (pod) => waitsFor(pod, "CreateContainerError"));
    expect(waitingOf(ghost)?.message).toContain("no users found");
    const forbidden = await untilApiPod(rig(), "forbidden", ({ status }) => status?.phase === "Failed");
    expect(forbidden.status).toMatchObject({
      reason: "SysctlForbidden",
      message: 'Pod was rejected: forbidden sysctl: "kernel.shmmax" not allowlisted',
    });
    const configLess = await untilApiPod(rig(), "config-less", (pod) => waitsFor(pod, "CreateContainerConfigError"));
    expect(waitingOf(configLess)?.message).toBe('configmap "none" not found');
    const nameless = await untilApiPod(rig(), "nameless", (pod) => waitsFor(pod, "InvalidImageName"));
    expect(waitingOf(nameless)?.message).toContain('couldn\'t parse image name "UPPER/Case:1": invalid reference format');
    const huge = await untilApiPod(rig(), "huge", ({ status }) => status?.phase === "Failed");
    // With which code it ends is the runtime's own.
    expect(main(huge)?.state?.terminated?.exitCode).toBeGreaterThan(0);
    expect(main(huge)?.state?.terminated?.message).toContain("argument list too long");
    const many = await untilApiPod(
      rig(),
      "many",
      ({ status }) =>
        status?.containerStatuses?.length === MANY &&
        status.containerStatuses.every(({ state }) => state?.waiting?.reason === "ErrImageNeverPull"),
      60_000,
    );
    expect(many.status?.containerStatuses?.length).toBe(MANY);

    expect(main(rig().pods.get("bystander") ?? {})).toEqual(main(bystander));
    for (const name of [...names, "bystander", "neighbour"]) await rig().remove("Pod", name);
    for (const name of [...names, "bystander", "neighbour"]) await untilApiPodGone(rig(), name, 60_000);
  });
};
