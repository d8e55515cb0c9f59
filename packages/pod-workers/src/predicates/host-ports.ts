import type { Pod } from "@nk/pod-model";

interface HostPort {
  readonly ip: string;
  readonly protocol: string;
  readonly port: number;
}

const ANY = "0.0.0.0";

/** Host ports of the containers that run together: app containers and sidecars. */
const hostPorts = (pod: Pod): readonly HostPort[] =>
  [...(pod.spec?.containers ?? []), ...(pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always")]
    .flatMap(({ ports }) => ports ?? [])
    .flatMap(({ hostPort, hostIP, protocol }) =>
      hostPort === undefined || hostPort <= 0 ? [] : [{ ip: hostIP || ANY, protocol: protocol || "TCP", port: hostPort }],
    );

/** Whether a host port of the pod is taken by another one; an address of 0.0.0.0 takes the port of all addresses. */
export const hasPortConflict = (pod: Pod, others: readonly Pod[]): boolean => {
  const wanted = hostPorts(pod);
  if (wanted.length === 0) return false;
  const taken = others.flatMap(hostPorts);
  return wanted.some((want) =>
    taken.some(
      ({ ip, protocol, port }) => port === want.port && protocol === want.protocol && (ip === want.ip || ip === ANY || want.ip === ANY),
    ),
  );
};
