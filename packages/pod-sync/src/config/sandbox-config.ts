import { PodSandboxConfig } from "@nk/cri-api";
import type { DNSConfig, LinuxPodSandboxConfig } from "@nk/cri-api";
import { dottedSysctlName, podRef } from "@nk/pod-model";
import type { Pod } from "@nk/pod-model";
import { computeSandboxHostname } from "./hostname.ts";
import { computeSandboxAnnotations, computeSandboxLabels } from "./labels-annotations.ts";
import { podLogDir } from "./log-paths.ts";
import type { NodeFacts } from "./node-facts.ts";
import { computePortMappings } from "./port-mappings.ts";
import { computeOverheadResources, computeSandboxResources } from "./resources.ts";
import { computeSandboxSecurity } from "./security-context.ts";
import type { SecurityFacts } from "./security-context.ts";

/** What a sandbox's configuration is made of. */
export interface SandboxConfigInput extends SecurityFacts {
  /** With the API server's defaults applied. */
  readonly pod: Pod;
  /** 0 for the pod's first sandbox, then one more than the last one's. */
  readonly attempt: number;
  readonly node: NodeFacts;
  /** KubeletConfiguration podLogsDir; upstream's default is /var/log/pods. */
  readonly podLogsDir: string;
  /** The pod's cgroup in the spelling of the cgroup driver. */
  readonly cgroupParent: string;
  /** From {@link computePodDns}, whose problems are for the caller to report. */
  readonly dns: DNSConfig;
}

const linuxConfig = (input: SandboxConfigInput): LinuxPodSandboxConfig => ({
  cgroupParent: input.cgroupParent,
  securityContext: computeSandboxSecurity(input.pod, input),
  // runc knows a sysctl's namespace by its name with dots only.
  sysctls: Object.fromEntries((input.pod.spec?.securityContext?.sysctls ?? []).map(({ name, value }) => [dottedSysctlName(name), value])),
  overhead: computeOverheadResources(input.pod, input.node),
  resources: computeSandboxResources(input.pod, input.node),
});

/**
 * The configuration of a pod's sandbox (generatePodSandboxConfig, kubelet-facts 5.1). The same value goes into CreateContainer as
 * `sandboxConfig`. Rejects host names that are none.
 */
export const buildSandboxConfig = (input: SandboxConfigInput): PodSandboxConfig => {
  const { pod } = input;
  const ref = podRef(pod);
  return {
    ...PodSandboxConfig.create(),
    metadata: { name: ref.name, namespace: ref.namespace, uid: ref.uid, attempt: input.attempt },
    hostname: computeSandboxHostname(pod, input.node.clusterDomain),
    logDirectory: podLogDir(input.podLogsDir, ref),
    dnsConfig: input.dns,
    portMappings: computePortMappings(pod),
    labels: computeSandboxLabels(pod),
    annotations: computeSandboxAnnotations(pod),
    linux: linuxConfig(input),
  };
};
