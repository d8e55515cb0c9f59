import { describe, expect, it } from "vitest";
import { loadSettings } from "./load.ts";
import type { KubeletSettings } from "./settings.ts";

const HEAD = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";

const load = async (body: string, ...argv: readonly string[]): Promise<KubeletSettings> => {
  const result = await loadSettings({
    argv: ["--config=/c.yaml", ...argv],
    hostname: () => "node-1",
    readFile: () => Promise.resolve(HEAD + body),
    listDir: () => Promise.resolve([]),
  });
  if (result.kind !== "run") throw new Error(`asked for ${result.kind}`);
  return result.settings;
};

describe("settings of a node in a cluster", () => {
  it("have the defaults of v1beta1", async () => {
    const { kubeconfig, certDir, node, api, server } = await load("");
    expect({ kubeconfig, certDir }).toEqual({ kubeconfig: "", certDir: "/var/lib/kubelet/pki" });
    expect(node).toEqual({
      register: true,
      labels: {},
      taints: [],
      providerId: "",
      hasExternalCloudProvider: false,
      requestedIps: [],
      statusUpdateMs: 10_000,
      statusReportMs: 300_000,
      leaseDurationSeconds: 40,
      maxImages: 50,
      maxPods: 110,
      podsPerCore: 0,
      systemReserved: {},
      kubeReserved: {},
      evictionHard: {
        "memory.available": "100Mi",
        "nodefs.available": "10%",
        "nodefs.inodesFree": "5%",
        "imagefs.available": "15%",
        "imagefs.inodesFree": "5%",
      },
      enableControllerAttachDetach: true,
    });
    expect(api).toEqual({ qps: 50, burst: 100, eventQps: 50, eventBurst: 100, changeDetection: "Watch" });
    expect(server).toMatchObject({
      port: 10_250,
      allowAnonymous: false,
      tokenReview: { enabled: true, cacheMs: 120_000 },
      authorization: { mode: "Webhook", cacheAuthorizedMs: 300_000, cacheUnauthorizedMs: 30_000 },
    });
  });

  it("report an unchanged status as often as they look, where only that was set", async () => {
    expect((await load("nodeStatusUpdateFrequency: 7s")).node).toMatchObject({ statusUpdateMs: 7000, statusReportMs: 7000 });
    expect((await load("nodeStatusUpdateFrequency: 7s\nnodeStatusReportFrequency: 1m")).node.statusReportMs).toBe(60_000);
    expect((await load("", "--node-status-update-frequency=3s")).node.statusReportMs).toBe(3000);
  });

  it("keep an address that only chooses a family apart from the node's addresses", async () => {
    const settings = await load("", "--node-ip=0.0.0.0");
    expect(settings.nodeIps).toEqual([]);
    expect(settings.node.requestedIps).toEqual(["0.0.0.0"]);
  });

  it("take labels a node may give itself", async () => {
    const { node } = await load("", "--node-labels=example.com/rack=r1,node.kubernetes.io/pool=a,topology.kubernetes.io/zone=z,plain=");
    expect(node.labels).toEqual({
      "example.com/rack": "r1",
      "node.kubernetes.io/pool": "a",
      "topology.kubernetes.io/zone": "z",
      plain: "",
    });
  });

  it.each([
    ["node-role.kubernetes.io/master=", "a kubelet may not set"],
    ["x.k8s.io/y=1", "a kubelet may not set"],
    ["bad key=1", "is not the name of a label"],
    ["a=b/c", "has a value that no label can have"],
  ])("refuse the label %s", async (labels, words) => {
    await expect(load("", `--node-labels=${labels}`)).rejects.toThrow(words);
  });

  it("read taints from a list and from a flag", async () => {
    const taints = [{ key: "dedicated", value: "gpu", effect: "NoSchedule" }];
    expect((await load("registerWithTaints: [{key: dedicated, value: gpu, effect: NoSchedule}]")).node.taints).toEqual(taints);
    expect((await load("", "--register-with-taints=dedicated=gpu:NoSchedule,x:NoExecute")).node.taints).toEqual([
      ...taints,
      { key: "x", value: "", effect: "NoExecute" },
    ]);
  });

  it.each([
    "registerWithTaints: [{key: a, effect: Never}]",
    "registerWithTaints: [{effect: NoSchedule}]",
    'registerWithTaints: ["a:NoSchedule", "a=1:NoSchedule"]',
  ])("refuse %s", async (body) => {
    await expect(load(body)).rejects.toMatchObject({ code: "invalid-value", field: "registerWithTaints", line: 3 });
  });

  it.each([
    ["tlsCertFile: /a.crt", "tlsPrivateKeyFile must be set together"],
    ["tlsMinVersion: TLS1.2", "tlsMinVersion must be one of"],
    ["kubeReserved: {disk: 1Gi}", "can be reserved"],
    ["systemReserved: {cpu: '-1'}", "no quantity of 0 or more"],
    ["maxPods: -1", "maxPods must be at least 0"],
    ["configMapAndSecretChangeDetectionStrategy: Poll", "must be one of Get, Cache, Watch"],
  ])("refuse %s", async (body, words) => {
    await expect(load(body)).rejects.toThrow(words);
  });

  it("know no cloud provider but an external one", async () => {
    expect((await load("", "--cloud-provider=external")).node.hasExternalCloudProvider).toBe(true);
    await expect(load("", "--cloud-provider=aws")).rejects.toThrow('--cloud-provider must be "" or "external"');
  });
});
