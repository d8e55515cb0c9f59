import { parseResources } from "@nk/pod-model";
import type { ResourceAmounts, Taint } from "@nk/pod-model";
import { NodeStatusError } from "./errors.ts";
import { parseIp } from "./ip.ts";
import type { Ip } from "./ip.ts";
import { findLabelProblems, findTaintProblems } from "./labels.ts";
import { parseHardEviction } from "./thresholds.ts";
import type { ThresholdValue } from "./thresholds.ts";

/** What the node's object says because of the kubelet's configuration. Names in brackets are the KubeletConfiguration's or flags. */
export interface NodeSettings {
  readonly nodeName: string;
  /** Default: the node's name (`--hostname-override` makes both). */
  readonly hostname?: string;
  /** Shown as `nodeInfo.kubeletVersion`, e.g. `v1.36.0`. */
  readonly kubeletVersion: string;
  /** Port of the kubelet's API. Default 10250. */
  readonly port?: number;
  /** `--node-ip`: none, one, or one of each family; `0.0.0.0` and `::` only choose the family. Default none. */
  readonly nodeIps?: readonly string[];
  /** `--cloud-provider=external`: addresses and the initial taint are the cloud controller's. Default false. */
  readonly externalCloudProvider?: boolean;
  /** `--node-labels`; checked by `findLabelProblems`. */
  readonly labels?: { readonly [key: string]: string };
  /** `registerWithTaints`: set when the node is created, never afterwards. */
  readonly taints?: readonly Taint[];
  readonly providerId?: string;
  /** `enableControllerAttachDetach`. Default true. */
  readonly controllerAttachDetach?: boolean;
  /** Default 110. */
  readonly maxPods?: number;
  /** Default 0: no limit by cores. */
  readonly podsPerCore?: number;
  /** `nodeStatusMaxImages`; -1 for all. Default 50. */
  readonly maxImages?: number;
  readonly systemReserved?: { readonly [resource: string]: string };
  readonly kubeReserved?: { readonly [resource: string]: string };
  /** Default none: the defaults of `evictionHard` come with the configuration file. */
  readonly evictionHard?: { readonly [signal: string]: string };
  /** `localStorageCapacityIsolation`. Default true. */
  readonly localStorage?: boolean;
  /** `status.declaredFeatures`; sorted before it is shown. Absent: the field is left alone. */
  readonly declaredFeatures?: readonly string[];
}

/** {@link NodeSettings}, checked and read. */
export interface ResolvedSettings {
  readonly nodeName: string;
  readonly hostname: string;
  readonly kubeletVersion: string;
  readonly port: number;
  readonly nodeIps: readonly Ip[];
  readonly externalCloudProvider: boolean;
  readonly labels: { readonly [key: string]: string };
  readonly taints: readonly Taint[];
  readonly providerId: string;
  readonly controllerAttachDetach: boolean;
  readonly maxPods: number;
  readonly podsPerCore: number;
  readonly maxImages: number;
  readonly systemReserved: ResourceAmounts;
  readonly kubeReserved: ResourceAmounts;
  readonly evictionHard: ReadonlyMap<string, ThresholdValue>;
  readonly localStorage: boolean;
  readonly declaredFeatures: readonly string[] | undefined;
}

const refuse = (why: string, cause?: unknown): NodeStatusError =>
  new NodeStatusError("invalid-option", `read the settings of the node: ${why}`, { cause });

const readIps = (texts: readonly string[]): readonly Ip[] => {
  const ips = texts.map((text) => {
    const ip = parseIp(text);
    if (ip === undefined) throw refuse(`node IP ${JSON.stringify(text)} is no IP address`);
    return ip;
  });
  const [first, second] = ips;
  if (ips.length > 2 || (first !== undefined && first.family === second?.family)) {
    throw refuse(`node IPs ${texts.join(",")}: expected one, or one of each family`);
  }
  return ips;
};

const readAmounts = (name: string, amounts: { readonly [resource: string]: string }): ResourceAmounts => {
  try {
    return parseResources(amounts);
  } catch (error) {
    throw refuse(`${name} holds no quantity`, error);
  }
};

/** Throws `invalid-option` with everything that is wrong with labels or taints, or the first other problem. */
export const resolveSettings = (settings: NodeSettings): ResolvedSettings => {
  const { nodeName, labels = {}, taints = [], hostname = nodeName, maxPods = 110, podsPerCore = 0 } = settings;
  if (nodeName === "") throw refuse("the node has no name");
  if (!(maxPods >= 0 && podsPerCore >= 0)) throw refuse(`maxPods ${maxPods} and podsPerCore ${podsPerCore} must not be negative`);
  const problems = [...findLabelProblems(labels), ...findTaintProblems(taints)];
  if (problems.length > 0) throw refuse(problems.join("; "));
  return {
    nodeName,
    hostname,
    kubeletVersion: settings.kubeletVersion,
    port: settings.port ?? 10_250,
    nodeIps: readIps(settings.nodeIps ?? []),
    externalCloudProvider: settings.externalCloudProvider ?? false,
    labels,
    taints,
    providerId: settings.providerId ?? "",
    controllerAttachDetach: settings.controllerAttachDetach ?? true,
    maxPods,
    podsPerCore,
    maxImages: settings.maxImages ?? 50,
    systemReserved: readAmounts("systemReserved", settings.systemReserved ?? {}),
    kubeReserved: readAmounts("kubeReserved", settings.kubeReserved ?? {}),
    evictionHard: parseHardEviction(settings.evictionHard ?? {}),
    localStorage: settings.localStorage ?? true,
    declaredFeatures: settings.declaredFeatures?.toSorted(),
  };
};
