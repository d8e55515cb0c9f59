import { podRef } from "@nk/pod-model";
import type { Pod } from "@nk/pod-model";
import { rejectConfig } from "./reject.ts";

/** What a fieldRef may read beside the pod itself. */
export interface FieldFacts {
  /** Primary first; for a pod on the host network the node's, empty while those are unknown. */
  readonly podIps: readonly string[];
  readonly nodeIps: readonly string[];
}

/** One address of each family at most, that of the node's primary family first (sortPodIPs in the reference). */
export const orderPodIps = (podIps: readonly string[], nodeIps: readonly string[]): readonly string[] => {
  const isV6 = (ip: string): boolean => ip.includes(":");
  const v4 = podIps.find((ip) => !isV6(ip));
  const v6 = podIps.find(isV6);
  const nodeIsV6 = nodeIps[0] !== undefined && isV6(nodeIps[0]);
  return (nodeIsV6 ? [v6, v4] : [v4, v6]).filter((ip) => ip !== undefined);
};

const requireNodeIps = (nodeIps: readonly string[]): readonly string[] => {
  if (nodeIps.length === 0) throw rejectConfig("host IP unknown; known addresses: []");
  return nodeIps;
};

const MAP_ENTRY = /^metadata\.(labels|annotations)\['(.*)'\]$/su;

/** The value of a downward API field; a label or annotation that does not exist is empty. Rejects fields that have none. */
export const resolveFieldRef = (fieldPath: string, pod: Pod, facts: FieldFacts): string => {
  const entry = MAP_ENTRY.exec(fieldPath);
  if (entry?.[2] !== undefined) {
    const values = pod.metadata?.[entry[1] === "labels" ? "labels" : "annotations"] ?? {};
    return (Object.hasOwn(values, entry[2]) ? values[entry[2]] : undefined) ?? "";
  }
  const podIps = orderPodIps(facts.podIps, facts.nodeIps);
  switch (fieldPath) {
    case "metadata.name":
      return podRef(pod).name;
    case "metadata.namespace":
      return podRef(pod).namespace;
    case "metadata.uid":
      return podRef(pod).uid;
    case "spec.nodeName":
      return pod.spec?.nodeName ?? "";
    case "spec.serviceAccountName":
      return pod.spec?.serviceAccountName ?? "";
    case "status.hostIP":
      return requireNodeIps(facts.nodeIps)[0] ?? "";
    case "status.hostIPs":
      return requireNodeIps(facts.nodeIps).join(",");
    case "status.podIP":
      return podIps[0] ?? "";
    case "status.podIPs":
      return podIps.join(",");
    default:
      throw rejectConfig(`field label not supported: ${fieldPath}`);
  }
};
