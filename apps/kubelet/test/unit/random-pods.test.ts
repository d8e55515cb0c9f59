import { ContainerConfig, PodSandboxConfig } from "@nk/cri-api";
import { applyPodDefaults, decodeObject, isHostNetwork, isPodModelError } from "@nk/pod-model";
import type { Container, Pod } from "@nk/pod-model";
import { computePodStatus } from "@nk/pod-status";
import { buildContainerConfig, buildSandboxConfig, computePlan, computePodDns, isConfigRejectedError, renderHostsFile } from "@nk/pod-sync";
import type { ContainerConfigInput, NodeFacts } from "@nk/pod-sync";
import { FAKE_NODE } from "@nk/pod-sync/testing";
import { computeNodeAdmission } from "@nk/pod-workers";
import { readManifest } from "@nk/static-pods";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomPod } from "../random-pod.ts";

/** `NK_FUZZ_RUNS` and `NK_FUZZ_SEED` make it long or another one. */
const RUNS = Number(process.env["NK_FUZZ_RUNS"] ?? 150);
const SEED = Number(process.env["NK_FUZZ_SEED"] ?? 20_261_121);

type Outcome<T> = { readonly value: T } | { readonly rejected: string };

/** A rejection that the pod's owner is told of is an answer; whatever else is thrown is a mistake. */
const outcomeOf = <T>(work: () => T): Outcome<T> => {
  try {
    return { value: work() };
  } catch (error) {
    if (isConfigRejectedError(error) || isPodModelError(error)) return { rejected: error.message };
    throw error;
  }
};

const deepFreeze = <T>(value: T): T => {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const item of Object.values(value)) deepFreeze(item);
  return value;
};

const NODE: NodeFacts = { ...FAKE_NODE, selinuxEnabled: true, maskedThermalPaths: ["/sys/devices/system/cpu/cpu0/thermal_throttle"] };
const IDS = [{ hostId: 65_536, containerId: 0, length: 65_536 }];
const USER_NAMESPACE = { uids: IDS, gids: IDS };

const sandboxOf = (pod: Pod): PodSandboxConfig =>
  buildSandboxConfig({
    pod,
    attempt: 0,
    node: NODE,
    podLogsDir: "/var/log/pods",
    cgroupParent: "/kubepods/p",
    dns: computePodDns(pod, NODE).config,
    ...(pod.spec?.hostUsers === false ? { userNamespace: USER_NAMESPACE } : {}),
  });

const containerOf = (pod: Pod, container: Container): ContainerConfig => {
  const input: ContainerConfigInput = {
    pod,
    container,
    restartCount: 1,
    imageId: "sha256:x",
    imageUser: { username: "nobody" },
    podIps: isHostNetwork(pod) ? NODE.nodeIps : ["10.0.0.1"],
    mounts: (container.volumeMounts ?? []).map(({ mountPath }) => ({
      mountPath,
      hostPath: "/host",
      readOnly: false,
      selinuxRelabel: true,
    })),
    etcHostsPath: "/host/etc-hosts",
    terminationLogPath: "/host/log",
    node: NODE,
    objects: { configMaps: new Map(), secrets: new Map() },
    envFile: () => ({ status: "read", hostPath: "/host/env", valueOf: () => "1" }),
    supportsRecursiveReadOnly: true,
    ...(pod.spec?.hostUsers === false ? { userNamespace: USER_NAMESPACE } : {}),
  };
  return buildContainerConfig(input);
};

const allContainers = ({ spec }: Pod): readonly Container[] => [
  ...(spec?.initContainers ?? []),
  ...(spec?.containers ?? []),
  ...(spec?.ephemeralContainers ?? []),
];

/** Everything that is made of a pod before the runtime hears of it. */
const answersOf = (pod: Pod) => ({
  sandbox: outcomeOf(() => {
    const config = sandboxOf(pod);
    return { config, bytes: PodSandboxConfig.encode(config).finish() };
  }),
  containers: allContainers(pod).map((container) =>
    outcomeOf(() => {
      const config = containerOf(pod, container);
      return { config, bytes: ContainerConfig.encode(config).finish() };
    }),
  ),
  hosts: outcomeOf(() => renderHostsFile({ pod, podIps: ["10.0.0.1"], clusterDomain: "cluster.local", nodeHostsFile: "" })),
  admission: outcomeOf(() =>
    computeNodeAdmission({
      pod,
      others: [pod],
      node: { metadata: { name: "node-1" }, status: { allocatable: { cpu: "4", memory: "8Gi", pods: "110" } } },
      allowedUnsafeSysctls: ["net.*"],
      isAppArmorEnabled: true,
    }),
  ),
  plan: outcomeOf(() =>
    computePlan({
      pod,
      observed: undefined,
      facts: { nowMs: 0, probes: new Map(), backoffs: new Map(), backoffLimits: { initialMs: 1, maxMs: 2, resetAfterMs: 3 } },
    }),
  ),
  status: outcomeOf(() =>
    computePodStatus({
      pod,
      observed: undefined,
      previous: undefined,
      nowMs: 0,
      stoppedForGood: false,
      runtimeName: "containerd",
      nodeIps: ["192.0.2.1"],
      waiting: new Map(),
      probes: new Map(),
      terminationMessages: new Map(),
    }),
  ),
});

describe("a pod with anything in it", () => {
  it("is answered or rejected, changes nothing, and is answered the same twice", () => {
    const counts = { built: 0, rejected: 0 };
    fc.assert(
      fc.property(randomPod, (written) => {
        const decoded = decodeObject("Pod", written);
        const pod = deepFreeze(applyPodDefaults(decoded.value));
        expect(applyPodDefaults(pod)).toEqual(pod);
        const first = answersOf(pod);
        expect(answersOf(structuredClone(pod))).toEqual(first);
        for (const outcome of [first.sandbox, ...first.containers]) counts["value" in outcome ? "built" : "rejected"] += 1;
      }),
      { numRuns: RUNS, seed: SEED },
    );
    process.stdout.write(`  random pods: seed ${SEED}, ${RUNS} pods, ${JSON.stringify(counts)}\n`);
    expect(counts.built).toBeGreaterThan(RUNS / 4);
    expect(counts.rejected).toBeGreaterThan(RUNS / 10);
  });

  it("is taken or refused with its fields as a manifest, and never by accident", () => {
    fc.assert(
      fc.property(randomPod, (pod) => {
        const text = JSON.stringify(pod);
        const read = () => readManifest(text, { source: "file", location: "/m", nodeName: "node-1", seenMs: 0 });
        const manifest = read();
        expect(read()).toEqual(manifest);
        expect(manifest.problems.length > 0).toBe(manifest.pods.length === 0);
        // What its reader falls back to when a check throws.
        expect(manifest.problems.map(({ message }) => message)).not.toContain("nested too deeply");
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });
});
