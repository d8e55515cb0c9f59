import { dottedSysctlName as dotted, isHostNetwork } from "@nk/pod-model";
import type { Pod } from "@nk/pod-model";

/** Namespaced, and harmless to the node and to other pods (reference: pkg/kubelet/sysctl/safe_sysctls.go; all are in Linux 4.15). */
const SAFE: ReadonlySet<string> = new Set([
  "kernel.shm_rmid_forced",
  "net.ipv4.ip_local_port_range",
  "net.ipv4.tcp_syncookies",
  "net.ipv4.ping_group_range",
  "net.ipv4.ip_unprivileged_port_start",
  "net.ipv4.ip_local_reserved_ports",
  "net.ipv4.tcp_keepalive_time",
  "net.ipv4.tcp_fin_timeout",
  "net.ipv4.tcp_keepalive_intvl",
  "net.ipv4.tcp_keepalive_probes",
  "net.ipv4.tcp_rmem",
  "net.ipv4.tcp_wmem",
]);

const IPC_NAMESPACED = ["kernel.shm", "kernel.msg", "kernel.sem", "fs.mqueue."];

const isAllowed = (name: string, allowedUnsafe: readonly string[]): boolean =>
  SAFE.has(name) ||
  allowedUnsafe.some((pattern) => (pattern.endsWith("*") ? name.startsWith(dotted(pattern).slice(0, -1)) : dotted(pattern) === name));

/** Why one of the pod's sysctls may not be set, in the reference's words; undefined when all may. */
export const findForbiddenSysctl = (pod: Pod, allowedUnsafe: readonly string[]): string | undefined => {
  for (const { name } of pod.spec?.securityContext?.sysctls ?? []) {
    const sysctl = dotted(name);
    const quoted = JSON.stringify(sysctl);
    if (!isAllowed(sysctl, allowedUnsafe)) return `forbidden sysctl: ${quoted} not allowlisted`;
    if (sysctl.startsWith("net.") && isHostNetwork(pod)) return `forbidden sysctl: ${quoted} not allowed with host net enabled`;
    if (IPC_NAMESPACED.some((prefix) => sysctl.startsWith(prefix)) && pod.spec?.hostIPC === true)
      return `forbidden sysctl: ${quoted} not allowed with host ipc enabled`;
  }
  return undefined;
};
