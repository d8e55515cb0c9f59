import { computeQosClass, listContainers, podRef } from "@nk/pod-model";
import type { Container, Pod } from "@nk/pod-model";
import { toProtoJson } from "@nk/tool-recordings";
import type { Json } from "@nk/tool-recordings";
import { buildContainerConfig } from "../../src/config/container-config.ts";
import { computePodDns } from "../../src/config/dns.ts";
import type { EnvObjects } from "../../src/config/environment.ts";
import type { ResolvedVolumeMount } from "../../src/config/mounts.ts";
import type { NodeFacts } from "../../src/config/node-facts.ts";
import { buildSandboxConfig } from "../../src/config/sandbox-config.ts";
import type { RecordedCall } from "./recording.ts";

/** Everything the requests of one pod are made from. */
export interface Scenario {
  readonly pod: Pod;
  readonly node: NodeFacts;
  readonly podIps: readonly string[];
  readonly mounts: readonly ResolvedVolumeMount[];
  readonly objects?: EnvObjects;
  readonly runtimeHandler?: string;
}

const QOS_CGROUPS = { Guaranteed: "/kubepods", Burstable: "/kubepods/burstable", BestEffort: "/kubepods/besteffort" } as const;

const runPodSandbox = (scenario: Scenario, call: RecordedCall): Json => {
  const { pod, node } = scenario;
  const config = buildSandboxConfig({
    pod,
    node,
    attempt: call.req.config.metadata.attempt ?? 0,
    podLogsDir: "/var/log/pods",
    cgroupParent: `${QOS_CGROUPS[computeQosClass(pod)]}/pod${podRef(pod).uid}`,
    dns: computePodDns(pod, node).config,
  });
  return toProtoJson({ config, runtimeHandler: scenario.runtimeHandler ?? "" });
};

const containerNamed = (pod: Pod, name: string): Container => {
  const container = listContainers(pod).find((candidate) => candidate.name === name);
  if (container === undefined) throw new Error(`the pod has no container ${name}`);
  return container;
};

/** The configuration that the builder makes for one container of the scenario, as proto JSON. */
export const composeContainer = (scenario: Scenario, name: string, restartCount = 0): Json => {
  const podDir = `/var/lib/kubelet/pods/${podRef(scenario.pod).uid}`;
  const config = buildContainerConfig({
    pod: scenario.pod,
    container: containerNamed(scenario.pod, name),
    restartCount,
    imageId: "sha256:<digest>",
    imageUser: {},
    podIps: scenario.podIps,
    mounts: scenario.mounts,
    etcHostsPath: `${podDir}/etc-hosts`,
    terminationLogPath: `${podDir}/containers/${name}/<8 hex>`,
    node: scenario.node,
    objects: scenario.objects,
    supportsRecursiveReadOnly: true,
  });
  return toProtoJson(config);
};

/** The request that answers a recorded one. From the recording it takes only what the runtime or the past decided: ids and attempts. */
export const composeRequest = (scenario: Scenario, call: RecordedCall): Json => {
  if (call.method === "RunPodSandbox") return runPodSandbox(scenario, call);
  const { name, attempt } = call.req.config.metadata;
  const sandboxId = call.req["pod_sandbox_id"];
  return { ...(sandboxId !== undefined && { pod_sandbox_id: sandboxId }), config: composeContainer(scenario, name, attempt) };
};

const byKey = (a: Json, b: Json): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

/** A request with its environment in alphabetical order: the reference's is that of a Go map. */
export const sortEnvs = (request: Json): Json => {
  const { config, ...rest } = request as { readonly [key: string]: { readonly [key: string]: Json } };
  const envs = config?.["envs"];
  return { ...rest, config: { ...config, ...(Array.isArray(envs) && { envs: envs.toSorted(byKey) }) } };
};
