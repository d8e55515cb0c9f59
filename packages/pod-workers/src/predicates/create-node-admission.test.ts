import { podRef } from "@nk/pod-model";
import type { Container, Node, Pod, PodSpec, ResourceRequirements } from "@nk/pod-model";
import { createFakeClock, createRecordingMetrics } from "@nk/stdx/testing";
import { describe, expect, test } from "vitest";
import { createPodWorkersMetrics } from "../metrics.ts";
import type { AdmissionContext } from "../ports.ts";
import { createNodeAdmission } from "./create-node-admission.ts";
import type { NodeAdmissionOptions, NodeAdmissionPorts } from "./create-node-admission.ts";
import { choosePreemption } from "./preemption.ts";

const NODE: Node = {
  metadata: { name: "node-1", labels: { zone: "a" } },
  status: { allocatable: { cpu: "2", memory: "4Gi", "ephemeral-storage": "10Gi", pods: "5" } },
};

const podOf = (uid: string, resources: ResourceRequirements = {}, more: Partial<PodSpec> = {}): Pod => ({
  metadata: { uid, name: uid, namespace: "default" },
  spec: { containers: [{ name: "main", resources }], ...more },
});

const cpu = (amount: string): ResourceRequirements => ({ requests: { cpu: amount } });
const CRITICAL = { priority: 2_000_000_000 };
const NOBODY: AdmissionContext = { leaving: new Set() };

const open = (options: NodeAdmissionOptions = {}, ports: Partial<NodeAdmissionPorts> = {}) => {
  const said: string[] = [];
  const metrics = createRecordingMetrics();
  const admission = createNodeAdmission(
    {
      node: () => NODE,
      kill: async (uid, { reason, conditions }) => void said.push(`kill ${uid} ${reason} ${conditions?.[0]?.type}`),
      events: { record: ({ ref, reason, message }) => void said.push(`event ${ref.uid} ${reason}: ${message}`) },
      ...ports,
    },
    { metrics: createPodWorkersMetrics(metrics), ...options },
  );
  return { admission, said, metrics };
};

describe("the handlers", () => {
  const refuse = (reason: string) => () => ({ admit: false as const, reason, message: "" });
  const bad = podOf("bad", cpu("9"), {
    hostNetwork: true,
    hostUsers: false,
    securityContext: { sysctls: [{ name: "kernel.x", value: "1" }] },
  });
  const good = { ...bad, spec: { ...bad.spec, containers: [], securityContext: {} } };
  const confined: Partial<PodSpec> = { securityContext: { appArmorProfile: { type: "RuntimeDefault" } } };
  const plain = podOf("plain");
  const all = {
    pressure: refuse("Evicted"),
    devices: refuse("TopologyAffinityError"),
    shutdown: refuse("NodeShutdown"),
  };
  const cases: readonly [string, Pod, NonNullable<NodeAdmissionOptions["handlers"]>, string][] = [
    ["pressure before sysctls", bad, all, "Evicted"],
    ["sysctls before devices", bad, { ...all, pressure: () => ({ admit: true }) }, "SysctlForbidden"],
    ["devices before predicates", podOf("big", cpu("9")), { devices: all.devices }, "TopologyAffinityError"],
    ["predicates before AppArmor", podOf("big", cpu("9"), confined), {}, "OutOfcpu"],
    ["AppArmor before features", { ...good, spec: { ...good.spec, ...confined } }, { shutdown: all.shutdown }, "AppArmor"],
    ["features before the shutdown", good, { shutdown: all.shutdown }, "PodFeatureUnsupported"],
    ["the shutdown last", plain, { shutdown: all.shutdown }, "NodeShutdown"],
  ];
  test.each(cases)("come in the reference's order: %s", async (_name, pod, handlers, reason) => {
    const { admission } = open({ handlers, isOn: (gate) => gate !== "UserNamespacesHostNetworkSupport" });
    expect(await admission.admit(pod, [], NOBODY)).toMatchObject({ admit: false, reason });
  });

  test("admit what none of them refuses", async () => {
    expect(await open().admission.admit(plain, [], NOBODY)).toEqual({ admit: true });
  });
});

describe("features", () => {
  const restarting: Container = {
    name: "main",
    restartPolicyRules: [{ action: "RestartAllContainers", exitCodes: { operator: "In", values: [1] } }],
  };
  const both = podOf("both", {}, { containers: [restarting], hostNetwork: true, hostUsers: false });
  const whole = podOf("whole", {}, { resources: { requests: { cpu: "1" } } });
  const cases: readonly [string, Pod, readonly string[], string | undefined][] = [
    ["that are on are no reason", both, [], undefined],
    [
      "that the node lacks are all told",
      both,
      ["RestartAllContainersOnContainerExits", "UserNamespacesHostNetworkSupport"],
      "Pod requires node features that are not available: RestartAllContainersOnContainerExits, UserNamespacesHostNetworkSupport",
    ],
    ["are not asked for by a node that declares none", both, ["NodeDeclaredFeatures", "UserNamespacesHostNetworkSupport"], undefined],
    ["of pod-level resources have a word of their own", whole, ["PodLevelResources"], "PodLevelResources feature gate is disabled"],
  ];
  test.each(cases)("%s", async (_name, pod, off, message) => {
    const { admission } = open({ isOn: (gate) => !off.includes(gate) });
    expect(await admission.admit(pod, [], NOBODY)).toMatchObject(message === undefined ? { admit: true } : { admit: false, message });
  });
});

describe("a pod for which there is no room", () => {
  const old = podOf("old", cpu("2"));

  test("is refused, or told to come back when the pods in its way are being stopped", async () => {
    const { admission } = open();
    const late = podOf("late", cpu("1"));
    expect(await admission.admit(late, [old], NOBODY)).toMatchObject({ reason: "OutOfcpu" });
    expect(await admission.admit(late, [old], { leaving: new Set(["old"]) })).toEqual({ admit: "later" });
    expect(await admission.admit(podOf("huge", cpu("3")), [old], { leaving: new Set(["old"]) })).toMatchObject({ reason: "OutOfcpu" });
  });

  test("is told to come back for a port of the host, too", async () => {
    const ported = (uid: string): Pod => podOf(uid, {}, { containers: [{ name: "main", ports: [{ containerPort: 80, hostPort: 80 }] }] });
    expect(await open().admission.admit(ported("new"), [ported("old")], { leaving: new Set(["old"]) })).toEqual({ admit: "later" });
  });

  test("is refused when it is critical but its labels do not fit either, and nobody is stopped for it", async () => {
    const { admission, said } = open();
    const pod = podOf("critical", cpu("1"), { ...CRITICAL, nodeSelector: { zone: "b" } });
    expect(await admission.admit(pod, [old], NOBODY)).toMatchObject({ reason: "NodeAffinity" });
    expect(said).toEqual([]);
  });

  test("makes others go when it is critical", async () => {
    const { admission, said, metrics } = open();
    expect(await admission.admit(podOf("critical", cpu("1"), CRITICAL), [old], NOBODY)).toEqual({ admit: true });
    expect(said).toEqual(["event old Preempting: Preempted in order to admit critical pod", "kill old Preempting DisruptionTarget"]);
    expect(metrics.value("kubelet_preemptions", { preemption_signal: "cpu" })).toBe(1);
  });

  test("is admitted when the one that makes room cannot be stopped in time, half as long again as its grace period", async () => {
    const clock = createFakeClock();
    const { admission, metrics } = open({ clock }, { kill: () => new Promise<never>(() => {}) });
    const stuck = { ...old, spec: { ...old.spec, containers: old.spec?.containers ?? [], terminationGracePeriodSeconds: 20 } };
    const answers: unknown[] = [];
    void Promise.resolve(admission.admit(podOf("critical", cpu("1"), CRITICAL), [stuck], NOBODY)).then((answer) => answers.push(answer));
    await clock.advance(29_999);
    expect(answers).toEqual([]);
    await clock.advance(1);
    expect(answers).toEqual([{ admit: true }]);
    expect(metrics.value("kubelet_preemptions", { preemption_signal: "cpu" })).toBe(0);
  });

  test("waits rather than making others go, if that is enough", async () => {
    const { admission, said } = open();
    const critical = podOf("critical", cpu("1"), CRITICAL);
    expect(await admission.admit(critical, [old], { leaving: new Set(["old"]) })).toEqual({ admit: "later" });
    expect(said).toEqual([]);
  });

  test("is refused when nobody it may stop would be enough", async () => {
    const { admission, said } = open();
    const critical = podOf("critical", cpu("3"), CRITICAL);
    expect(await admission.admit(critical, [old], NOBODY)).toEqual({
      admit: false,
      reason: "UnexpectedAdmissionError",
      message:
        "Unexpected error while attempting to recover from admission failure: preemption: error finding a set of pods to preempt: " +
        "no set of running pods found to reclaim resources: [(res: cpu, q: 1000), ]",
    });
    expect(said).toEqual([]);
  });

  test("is admitted although a victim could not be stopped: the stop goes on", async () => {
    const { admission } = open({}, { kill: () => Promise.reject(new Error("no")) });
    expect(await admission.admit(podOf("critical", cpu("1"), CRITICAL), [old], NOBODY)).toEqual({ admit: true });
  });
});

test("a node whose labels alone are in the way is read anew", async () => {
  const pod = podOf("p", {}, { nodeSelector: { zone: "b" } });
  const moved: Node = { ...NODE, metadata: { name: "node-1", labels: { zone: "b" } } };
  let reads = 0;
  const readNode = async (): Promise<Node> => {
    reads += 1;
    return moved;
  };
  expect(await open({}, { readNode }).admission.admit(pod, [], NOBODY)).toEqual({ admit: true });
  expect(
    await open({}, { readNode }).admission.admit(
      { ...pod, spec: { ...podOf("p", cpu("9")).spec, containers: [], nodeSelector: { zone: "b" }, nodeName: "x" } },
      [],
      NOBODY,
    ),
  ).toMatchObject({ reason: "NodeAffinity" });
  expect(reads).toBe(1);
  const failing = open({}, { readNode: () => Promise.reject(new Error("away")) });
  expect(await failing.admission.admit(pod, [], NOBODY)).toMatchObject({ reason: "NodeAffinity" });
});

describe("a resize", () => {
  const guaranteed = (amount: string, memory = "1Gi"): ResourceRequirements => ({
    requests: { cpu: amount, memory },
    limits: { cpu: amount, memory },
  });
  const burstable = (memory: string): ResourceRequirements => ({ requests: { memory }, limits: { memory: "3Gi" } });
  const whole = (amount: string): Partial<PodSpec> => ({ resources: { limits: { cpu: amount } } });
  const restart: Partial<PodSpec> = {
    containers: [
      { name: "main", resources: burstable("1Gi"), resizePolicy: [{ resourceName: "memory", restartPolicy: "RestartContainer" }] },
    ],
  };
  const STATIC = { cpuManagerPolicy: "static", memoryManagerPolicy: "Static" };
  const off = (...gates: readonly string[]) => ({ isOn: (gate: string) => !gates.includes(gate) });
  const EXCLUSIVE = ["InPlacePodVerticalScalingExclusiveCPUs", "InPlacePodVerticalScalingExclusiveMemory"];
  const cases: Record<string, { from: Pod; to: Pod; options?: NodeAdmissionOptions; answer: string | undefined; detail?: string }> = {
    "that fits is made": { from: podOf("p", cpu("1")), to: podOf("p", cpu("2")), answer: undefined },
    "for which there is no room is told so": {
      from: podOf("p", cpu("1")),
      to: podOf("p", cpu("3")),
      answer: "OutOfcpu: Node didn't have enough resource: cpu, requested: 3000, used: 0, capacity: 2000",
    },
    "of a guaranteed pod's cpu is not made beside exclusive CPUs": {
      from: podOf("p", guaranteed("1")),
      to: podOf("p", guaranteed("2")),
      options: { resizeLimits: STATIC, ...off(...EXCLUSIVE) },
      answer: 'Infeasible: Resize is infeasible for Guaranteed Pods alongside CPU Manager policy "static"',
      detail: "guaranteed_pod_cpu_manager_static_policy",
    },
    "of a guaranteed pod's memory is not made beside pinned memory": {
      from: podOf("p", guaranteed("1")),
      to: podOf("p", guaranteed("1", "2Gi")),
      options: { resizeLimits: STATIC, ...off(...EXCLUSIVE) },
      answer: 'Infeasible: Resize is infeasible for Guaranteed Pods alongside Memory Manager policy "Static"',
      detail: "guaranteed_pod_memory_manager_static_policy",
    },
    "of a burstable pod is made beside them": {
      from: podOf("p", cpu("1")),
      to: podOf("p", cpu("2")),
      options: { resizeLimits: STATIC, ...off(...EXCLUSIVE) },
      answer: undefined,
    },
    "of the pod as a whole is not made where its gate is off": {
      from: podOf("p", {}, whole("1")),
      to: podOf("p", {}, whole("2")),
      options: off("InPlacePodLevelResourcesVerticalScaling"),
      answer: "Infeasible: InPlacePodLevelResourcesVerticalScaling is disabled",
      detail: "plr_feature_gate_off",
    },
    "of memory is not made for a container that may swap": {
      from: podOf("p", burstable("1Gi")),
      to: podOf("p", burstable("2Gi")),
      options: { resizeLimits: { hasSwap: true } },
      answer: "Infeasible: In-place resize of containers with swap is not supported.",
      detail: "swap_limitation",
    },
    "of memory is made for one that is restarted for it": {
      from: podOf("p", {}, restart),
      to: podOf("p", burstable("2Gi")),
      options: { resizeLimits: { hasSwap: true } },
      answer: undefined,
    },
  };
  test.each(Object.entries(cases))("%s", async (_name, { from, to, options, answer, detail }) => {
    const { admission, metrics } = open(options);
    const result = await admission.admit(to, [], { ...NOBODY, allocated: from });
    expect(result.admit === false ? `${result.reason}: ${result.message}` : undefined).toBe(answer);
    if (detail !== undefined) expect(metrics.value("kubelet_pod_infeasible_resizes_total", { reason_detail: detail })).toBe(1);
  });
});

describe("choosePreemption", () => {
  const both = (amount: string): ResourceRequirements => ({
    requests: { cpu: amount, memory: "1Gi" },
    limits: { cpu: amount, memory: "1Gi" },
  });
  const critical = podOf("critical", cpu("1"), CRITICAL);
  const lacks = (amount: bigint, resource = "cpu") => ({ resource, requested: amount, used: 0n, capacity: 0n });
  const cases: readonly [string, readonly Pod[], readonly ReturnType<typeof lacks>[], string][] = [
    ["one that is enough, rather than two", [podOf("a", cpu("500m")), podOf("b", cpu("500m")), podOf("c", cpu("1"))], [lacks(1000n)], "c"],
    ["of two that are enough the one that asks for less", [podOf("large", cpu("2")), podOf("small", cpu("1"))], [lacks(1000n)], "small"],
    ["two where one is not enough", [podOf("a", cpu("600m")), podOf("b", cpu("700m"))], [lacks(1000n)], "b a"],
    ["a burstable pod before a guaranteed one", [podOf("g", both("1")), podOf("b", cpu("1"))], [lacks(1000n)], "b"],
    ["a guaranteed pod only for the rest", [podOf("g", both("1")), podOf("b", cpu("1"))], [lacks(1500n)], "b g"],
    ["a best effort pod where it is the number that counts", [podOf("b", cpu("1")), podOf("be")], [lacks(1n, "pods")], "be"],
    [
      "one that meets two needs at once",
      [podOf("c", cpu("1")), podOf("both", both("1")), podOf("be")],
      [lacks(500n), lacks(1n, "pods")],
      "c",
    ],
    ["no critical pod, whatever it takes", [podOf("other", cpu("1"), CRITICAL)], [lacks(1000n)], "impossible"],
    ["a critical pod of a lower priority", [podOf("other", cpu("1"), { priority: 1_999_999_999 })], [lacks(1000n)], "other"],
  ];
  test.each(cases)("takes %s", (_name, others, shortages, expected) => {
    const choice = choosePreemption(critical, others, shortages);
    expect(choice.type === "victims" ? choice.victims.map((pod) => podRef(pod).uid).join(" ") : choice.type).toBe(expected);
  });
});
