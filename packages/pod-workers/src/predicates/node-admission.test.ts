import type { AdmitResult, Container, Node, Pod, PodSpec } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { computeNodeAdmission } from "./node-admission.ts";

const NODE: Node = {
  metadata: { name: "node-1", labels: { "kubernetes.io/os": "linux", zone: "a", size: "8" } },
  spec: { taints: [{ key: "spot", effect: "NoSchedule" }] },
  status: { allocatable: { cpu: "2", memory: "1Gi", "ephemeral-storage": "10Gi", pods: "3", "example.com/gpu": "1" } },
};

const podOf = (spec: Partial<PodSpec> = {}, container: Partial<Container> = {}, metadata: Pod["metadata"] = {}): Pod => ({
  metadata: { name: "p", namespace: "default", uid: "u", ...metadata },
  spec: { containers: [{ name: "main", ...container }], ...spec },
});

const asks = (requests: { readonly [resource: string]: string }): Pod => podOf({}, { resources: { requests } });

const judge = (pod: Pod, others: readonly Pod[] = [], node: Node = NODE): AdmitResult =>
  computeNodeAdmission({ pod, others, node, allowedUnsafeSysctls: ["net.core.somaxconn", "kernel.msg*"] });

const affinity = (operator: string, values?: readonly string[], key = "zone"): Partial<PodSpec> => ({
  affinity: {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key, operator, ...(values === undefined ? {} : { values }) }] }],
      },
    },
  },
});

const port = (hostPort: number, more: { hostIP?: string; protocol?: string } = {}): Pod =>
  podOf({}, { ports: [{ containerPort: 80, hostPort, ...more }] });

const sysctl = (name: string, spec: Partial<PodSpec> = {}): Pod => podOf({ ...spec, securityContext: { sysctls: [{ name, value: "1" }] } });

describe("computeNodeAdmission", () => {
  it.each<[string, Pod, readonly Pod[]]>([
    ["a pod that asks for nothing", podOf(), []],
    ["a pod that takes the last thousandth of a core", asks({ cpu: "500m" }), [asks({ cpu: "1500m" })]],
    ["a pod that asks for nothing on a full node", podOf(), [asks({ cpu: "2", memory: "1Gi" })]],
    ["a device that the node does not know: another one's business", asks({ "example.com/fpga": "3" }), []],
    ["a selector that fits", podOf({ nodeSelector: { zone: "a" } }), []],
    ["In", podOf(affinity("In", ["b", "a"])), []],
    ["NotIn of a label that is not there", podOf(affinity("NotIn", ["b"], "rack")), []],
    ["Exists", podOf(affinity("Exists")), []],
    ["DoesNotExist", podOf(affinity("DoesNotExist", undefined, "rack")), []],
    ["Gt", podOf(affinity("Gt", ["7"], "size")), []],
    ["Lt", podOf(affinity("Lt", ["9"], "size")), []],
    ["the same host port over another protocol", port(80, { protocol: "UDP" }), [port(80)]],
    ["the same host port of another address", port(80, { hostIP: "10.0.0.1" }), [port(80, { hostIP: "10.0.0.2" })]],
    ["a taint that does not evict", podOf(), []],
    ["a safe sysctl", sysctl("net.ipv4.tcp_syncookies"), []],
    ["a safe sysctl with slashes", sysctl("net/ipv4/tcp_syncookies"), []],
    ["an unsafe sysctl that is allowed", sysctl("net.core.somaxconn"), []],
    ["an unsafe sysctl that is allowed by a prefix", sysctl("kernel.msgmax"), []],
    ["the right operating system", podOf({ os: { name: "linux" } }), []],
  ])("admits %s", (_, pod, others) => {
    expect(judge(pod, others)).toEqual({ admit: true });
  });

  it.each<[string, Pod, readonly Pod[], string, string]>([
    [
      "too much CPU",
      asks({ cpu: "900" }),
      [],
      "OutOfcpu",
      "Node didn't have enough resource: cpu, requested: 900000, used: 0, capacity: 2000",
    ],
    [
      "memory that others hold",
      asks({ memory: "600Mi" }),
      [asks({ memory: "512Mi" })],
      "OutOfmemory",
      "Node didn't have enough resource: memory, requested: 629145600, used: 536870912, capacity: 1073741824",
    ],
    [
      "disk",
      asks({ "ephemeral-storage": "11Gi" }),
      [],
      "OutOfephemeral-storage",
      "Node didn't have enough resource: ephemeral-storage, requested: 11811160064, used: 0, capacity: 10737418240",
    ],
    [
      "a device that is taken",
      asks({ "example.com/gpu": "1" }),
      [asks({ "example.com/gpu": "1" })],
      "OutOfexample.com/gpu",
      "Node didn't have enough resource: example.com/gpu, requested: 1, used: 1, capacity: 1",
    ],
    [
      "huge pages of a size the node has not",
      asks({ "hugepages-2Mi": "2Mi" }),
      [],
      "OutOfhugepages-2Mi",
      "Node didn't have enough resource: hugepages-2Mi, requested: 2097152, used: 0, capacity: 0",
    ],
    [
      "one pod too many, said before anything else",
      asks({ cpu: "900" }),
      [podOf(), podOf(), podOf()],
      "OutOfpods",
      "Node didn't have enough resource: pods, requested: 1, used: 3, capacity: 3",
    ],
    ...(
      [
        ["a selector", podOf({ nodeSelector: { no: "such" } })],
        ["In", podOf(affinity("In", ["b"]))],
        ["NotIn", podOf(affinity("NotIn", ["a"]))],
        ["Gt of what is no number", podOf(affinity("Gt", ["1"]))],
        ["an operator that is none", podOf(affinity("Near", ["a"]))],
        [
          "a term that is empty",
          podOf({ affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{}] } } } }),
        ],
      ] satisfies readonly [string, Pod][]
    ).map(([name, pod]): [string, Pod, readonly Pod[], string, string] => [
      name,
      pod,
      [],
      "NodeAffinity",
      "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
    ]),
    [
      "another node's name",
      podOf({ nodeName: "node-2" }),
      [],
      "NodeName",
      "Predicate NodeName failed: node(s) didn't match the requested node name",
    ],
    [
      "a host port that is taken on all addresses",
      port(80, { hostIP: "10.0.0.1" }),
      [port(80)],
      "NodePorts",
      "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
    ],
    ["an unsafe sysctl", sysctl("kernel.sem"), [], "SysctlForbidden", 'forbidden sysctl: "kernel.sem" not allowlisted'],
    ["an unsafe sysctl with slashes", sysctl("kernel/sem"), [], "SysctlForbidden", 'forbidden sysctl: "kernel.sem" not allowlisted'],
    [
      "a sysctl of the host's network",
      sysctl("net.ipv4.tcp_syncookies", { hostNetwork: true }),
      [],
      "SysctlForbidden",
      'forbidden sysctl: "net.ipv4.tcp_syncookies" not allowed with host net enabled',
    ],
    [
      "a sysctl of the host's IPC",
      sysctl("kernel.msgmax", { hostIPC: true }),
      [],
      "SysctlForbidden",
      'forbidden sysctl: "kernel.msgmax" not allowed with host ipc enabled',
    ],
    [
      "another operating system",
      podOf({ os: { name: "windows" } }),
      [],
      "PodOSNotSupported",
      "Failed to admit pod as the OS field doesn't match node OS",
    ],
    [
      "strict groups where the runtime can't",
      podOf({ securityContext: { supplementalGroupsPolicy: "Strict" } }),
      [],
      "SupplementalGroupsPolicyNotSupported",
      "SupplementalGroupsPolicy=Strict is not supported in this node",
    ],
  ])("refuses %s", (_, pod, others, reason, message) => {
    expect(judge(pod, others)).toEqual({ admit: false, reason, message });
  });

  describe("where a taint evicts", () => {
    const tainted: Node = { ...NODE, spec: { taints: [{ key: "down", value: "now", effect: "NoExecute" }] } };

    it("refuses a pod that does not tolerate it", () => {
      expect(judge(podOf({ tolerations: [{ key: "down", value: "later" }] }), [], tainted)).toEqual({
        admit: false,
        reason: "TaintToleration",
        message: "Predicate TaintToleration failed: node(s) had taints that the pod didn't tolerate",
      });
    });

    it("admits one that does, and any static pod", () => {
      expect(judge(podOf({ tolerations: [{ key: "down", operator: "Exists" }] }), [], tainted).admit).toBe(true);
      expect(judge(podOf({ tolerations: [{ operator: "Exists" }] }), [], tainted).admit).toBe(true);
      const isStatic = { annotations: { "kubernetes.io/config.source": "file" } };
      expect(judge(podOf({}, {}, isStatic), [], tainted).admit).toBe(true);
    });
  });

  it("counts init containers at their worst moment, and overhead", () => {
    const pod = podOf({
      initContainers: [{ name: "big", resources: { requests: { cpu: "1900m" } } }],
      overhead: { cpu: "200m" },
    });
    expect(judge(pod)).toMatchObject({ reason: "OutOfcpu", message: expect.stringContaining("requested: 2100") });
  });
});
