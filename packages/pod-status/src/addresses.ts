import { isIPv6 } from "node:net";
import { isHostNetwork } from "@nk/pod-model";
import type { PodStatus } from "@nk/pod-model";
import type { PodStatusInput } from "./input.ts";

/** One address of each family, that of the node's primary address first, whatever the runtime lists (sortPodIPs in the reference). */
const oneOfEachFamily = (ips: readonly string[], primary: string | undefined): readonly string[] => {
  const [first, second] = [ips.find((ip) => isIPv6(ip) === isIPv6(primary ?? "")), ips.find((ip) => isIPv6(ip) !== isIPv6(primary ?? ""))];
  return [first, second].filter((ip) => ip !== undefined);
};

/** A pod on the host's network keeps the addresses it had first; only one of the family that was missing comes to them. */
const withNodeIps = (known: readonly string[], nodeIps: readonly string[]): readonly string[] => {
  const [first] = known;
  if (first === undefined) return oneOfEachFamily(nodeIps, nodeIps[0]);
  return known.length > 1 ? known : oneOfEachFamily([first, ...nodeIps], first);
};

/** Pod IPs stay what they were when the sandbox is gone: the last status of a pod still says where it ran. */
export const computeAddresses = (
  input: Pick<PodStatusInput, "nodeIps" | "observed" | "pod" | "previous">,
): Pick<PodStatus, "hostIP" | "hostIPs" | "podIP" | "podIPs"> => {
  const { nodeIps, observed, pod, previous } = input;
  const known = (previous?.podIPs ?? []).flatMap(({ ip }) => (ip === undefined ? [] : [ip]));
  const seen = oneOfEachFamily(observed?.ips ?? [], nodeIps[0]);
  const podIps = isHostNetwork(pod) ? withNodeIps(known, nodeIps) : seen.length > 0 ? seen : known;
  const [hostIP] = nodeIps;
  const [podIP] = podIps;
  return {
    ...(hostIP === undefined ? {} : { hostIP, hostIPs: nodeIps.slice(0, 2).map((ip) => ({ ip })) }),
    ...(podIP === undefined ? {} : { podIP, podIPs: podIps.map((ip) => ({ ip })) }),
  };
};
