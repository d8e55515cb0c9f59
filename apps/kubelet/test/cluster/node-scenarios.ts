import { existsSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { CoreEvent, Lease, Node, NodeCondition } from "@nk/pod-model";
import { CLUSTER_NODE, untilApiPod } from "../cluster-rig.ts";
import type { ClusterRig } from "../cluster-rig.ts";
import { SLEEP, podOf, shell } from "../manifests.ts";
import { report, timed } from "../rig.ts";
import { until } from "../until.ts";
import { isReady, main, runReady } from "./pod-facts.ts";

const LEASE = `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${CLUSTER_NODE}`;

const nodeCondition = (node: Node | undefined, type: string): NodeCondition | undefined =>
  node?.status?.conditions?.find((one) => one.type === type);

/** What the API shows of the node. One after another: the whole node is the subject. */
export const describeNode = (rig: () => ClusterRig): void => {
  const node = (): Node | undefined => rig().nodes.get(CLUSTER_NODE);
  const untilNode = (what: string, accept: (node: Node) => boolean, timeoutMs?: number): Promise<Node> =>
    rig().nodes.until(
      () => `the node to be ${what}; it is ${JSON.stringify(node()?.status?.conditions)}`,
      () => {
        const current = node();
        return current !== undefined && accept(current) && current;
      },
      timeoutMs,
    );
  const ready = (one: Node): boolean => nodeCondition(one, "Ready")?.status === "True";

  it("registers a node with its addresses, resources, conditions and what runs it", async () => {
    const current = await untilNode("Ready", ready);
    const { nodeAddress, ports } = rig().kubelet;
    const label = { "kubernetes.io/arch": expect.any(String), "kubernetes.io/os": "linux", "kubernetes.io/hostname": CLUSTER_NODE };
    expect(current.metadata?.labels).toMatchObject(label);
    expect(current.metadata?.annotations).toMatchObject({ "volumes.kubernetes.io/controller-managed-attach-detach": "true" });
    expect(current.status?.addresses).toEqual([
      { type: "InternalIP", address: nodeAddress },
      { type: "Hostname", address: CLUSTER_NODE },
    ]);
    expect(current.status?.conditions?.map(({ type, status, reason, message }) => [type, status, reason, message])).toEqual([
      ["MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"],
      ["DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"],
      ["PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"],
      ["Ready", "True", "KubeletReady", "kubelet is posting ready status"],
    ]);
    expect(Object.keys(current.status?.capacity ?? {})).toEqual(expect.arrayContaining(["cpu", "memory", "ephemeral-storage", "pods"]));
    expect(current.status?.allocatable?.["pods"]).toBe("250");
    expect(current.status?.daemonEndpoints).toEqual({ kubeletEndpoint: { Port: ports.port } });
    expect(current.status?.nodeInfo).toMatchObject({
      operatingSystem: "linux",
      kubeletVersion: expect.stringMatching(/^v1\.36\./),
      containerRuntimeVersion: expect.stringMatching(/^containerd:\/\/2\.1/),
    });
    expect(current.status?.runtimeHandlers?.map(({ name }) => name)).toEqual(expect.arrayContaining(["", "runc", "other"]));
    // The API server taints a new node; the controllers take the taint away again.
    await untilNode("without taints", ({ spec }) => (spec?.taints ?? []).length === 0);
  });

  it.skipIf(existsSync("/sys/fs/cgroup/cgroup.controllers"))("tells that the machine has cgroup v1", async () => {
    const told = (): CoreEvent | undefined =>
      rig()
        .events.list()
        .find(({ reason }) => reason === "CgroupV1");
    await rig().events.until(
      () => "an event of reason CgroupV1",
      () => told() !== undefined,
    );
    expect(told()).toMatchObject({ type: "Warning", involvedObject: { kind: "Node", name: CLUSTER_NODE } });
  });

  it("renews its lease", async () => {
    const read = async (): Promise<Lease> => (await rig().api.json(LEASE)) as Lease;
    const { spec } = await read();
    expect(spec).toMatchObject({ holderIdentity: CLUSTER_NODE, leaseDurationSeconds: 40 });
    // It is renewed every ten seconds.
    await until("the lease to be renewed", async () => (await read()).spec?.renewTime !== spec?.renewTime, {
      timeoutMs: 15_000,
      intervalMs: 500,
    });
  });

  it("is not Ready while the pod network has no configuration, and Ready at once when it has", async () => {
    await untilNode("Ready", ready);
    const file = join(rig().lab.dir, "cni/net.d/10-nk-lab.conflist");
    const text = await readFile(file, "utf8");
    const before = await runReady(rig(), podOf("networked", [shell("main", SLEEP)]));
    await rm(file);
    const { tookMs: lostMs, value: lost } = await timed(() =>
      untilNode("not Ready", (one) => nodeCondition(one, "Ready")?.status === "False"),
    );
    expect(nodeCondition(lost, "Ready")).toMatchObject({
      reason: "KubeletNotReady",
      message: expect.stringContaining("NetworkReady=false"),
    });
    // containerd ignores that a file was moved there: only its being written counts.
    await writeFile(file, text);
    const { tookMs: backMs } = await timed(() => untilNode("Ready again", ready));
    report(`the node was not Ready ${lostMs} ms after the network's configuration went, Ready ${backMs} ms after it was back`);
    expect(lostMs).toBeLessThan(5000);
    expect(backMs).toBeLessThan(1000);
    const after = rig().pods.get("networked");
    expect([isReady(after ?? {}), main(after ?? {})?.containerID]).toEqual([true, main(before)?.containerID]);
    await rig().remove("Pod", "networked");
  });

  it("registers again when its node is deleted, and its pods run on", async () => {
    const pod = await runReady(rig(), podOf("survivor", [shell("main", SLEEP)]));
    const before = await untilNode("Ready", ready);
    await rig().remove("Node", CLUSTER_NODE);
    const { tookMs } = await timed(() =>
      untilNode("another one and Ready", (one) => one.metadata?.uid !== before.metadata?.uid && ready(one)),
    );
    report(`the node was registered again and Ready ${tookMs} ms after it had been deleted`);
    const after = await untilApiPod(rig(), "survivor", isReady);
    expect(main(after)?.containerID).toBe(main(pod)?.containerID);
    await runReady(rig(), podOf("after-registration", [shell("main", SLEEP)]));
    for (const name of ["survivor", "after-registration"]) await rig().remove("Pod", name);
  });
};
