import { isIP } from "node:net";
import { absolutePathFlag, apiClientSettings, nodeSettings, serverSettings } from "./cluster-settings.ts";
import { KubeletConfigError } from "./errors.ts";
import type { JsonValue } from "./json-value.ts";
import { createSecret } from "./secret.ts";
import type { KubeletSettings } from "./settings.ts";
import { readMap } from "./value-reader.ts";
import type { ValueReader } from "./value-reader.ts";

/** Where the settings come from. */
export interface SettingsInput {
  readonly reader: ValueReader;
  readonly flags: ReadonlyMap<string, JsonValue>;
  readonly hostname: string;
  /** Whether a field of the configuration was set by somebody. */
  readonly wasSet: (path: string) => boolean;
}

const textFlag = (flags: SettingsInput["flags"], name: string, fallback: string): string => {
  const value = flags.get(name);
  return typeof value === "string" && value !== "" ? value : fallback;
};

const computeNodeName = ({ flags, hostname }: SettingsInput): string => {
  const name = textFlag(flags, "hostname-override", hostname).trim().toLowerCase();
  if (name === "") throw new KubeletConfigError("invalid-flag", "the node's name must not be empty", { field: "--hostname-override" });
  return name;
};

const computeNodeIps = (flags: SettingsInput["flags"]): readonly string[] => {
  const value = flags.get("node-ip");
  const ips = Array.isArray(value) ? value.map(String).filter((ip) => ip !== "") : [];
  const families = ips.map((ip) => isIP(ip));
  const isValid = !families.includes(0) && ips.length <= 2 && new Set(families).size === families.length;
  if (!isValid)
    throw new KubeletConfigError("invalid-flag", "--node-ip must be one IP address or one of each family", { field: "--node-ip" });
  // These choose a family for addresses that are found elsewhere; no pod can be reached there.
  return ips.filter((ip) => ip !== "0.0.0.0" && ip !== "::");
};

const headersOf = (reader: ValueReader): Readonly<Record<string, readonly string[]>> =>
  Object.fromEntries(
    Object.entries(readMap(reader, "staticPodURLHeader")).map(([name, values]) => [name, Array.isArray(values) ? values.map(String) : []]),
  );

const gatesOf = (reader: ValueReader): Readonly<Record<string, boolean>> =>
  Object.fromEntries(Object.entries(readMap(reader, "featureGates")).map(([name, value]) => [name, value === true]));

const podSourceSettings = (
  reader: ValueReader,
): Pick<
  KubeletSettings,
  "staticPodPath" | "staticPodUrl" | "staticPodUrlHeader" | "fileCheckFrequencyMs" | "httpCheckFrequencyMs" | "syncFrequencyMs"
> => ({
  staticPodPath: reader.text("staticPodPath"),
  staticPodUrl: reader.text("staticPodURL"),
  staticPodUrlHeader: createSecret(headersOf(reader)),
  fileCheckFrequencyMs: reader.durationMs("fileCheckFrequency"),
  httpCheckFrequencyMs: reader.durationMs("httpCheckFrequency"),
  syncFrequencyMs: reader.durationMs("syncFrequency"),
});

/** Turns validated values into settings. Pure. */
export const buildSettings = (input: SettingsInput): KubeletSettings => {
  const { reader, flags, hostname } = input;
  const runtimeEndpoint = reader.text("containerRuntimeEndpoint");
  return {
    nodeName: computeNodeName(input),
    hostname,
    nodeIps: computeNodeIps(flags),
    rootDir: absolutePathFlag(flags, "root-dir", "/var/lib/kubelet"),
    podLogsDir: reader.text("podLogsDir"),
    kubeconfig: textFlag(flags, "kubeconfig", ""),
    certDir: absolutePathFlag(flags, "cert-dir", "/var/lib/kubelet/pki"),
    node: nodeSettings(reader, flags, input.wasSet),
    api: apiClientSettings(reader),
    server: serverSettings(reader),
    containerRuntimeEndpoint: runtimeEndpoint,
    imageServiceEndpoint: reader.text("imageServiceEndpoint") || runtimeEndpoint,
    runtimeRequestTimeoutMs: reader.durationMs("runtimeRequestTimeout"),
    ...podSourceSettings(reader),
    enableServer: reader.bool("enableServer"),
    address: reader.text("address"),
    readOnlyPort: reader.int("readOnlyPort"),
    healthzPort: reader.int("healthzPort"),
    healthzBindAddress: reader.text("healthzBindAddress"),
    clusterDomain: reader.text("clusterDomain"),
    clusterDns: reader.strings("clusterDNS").filter((server) => isIP(server) !== 0),
    resolvConf: reader.text("resolvConf"),
    registryPullQps: reader.int("registryPullQPS"),
    registryBurst: reader.int("registryBurst"),
    serializeImagePulls: reader.bool("serializeImagePulls"),
    maxParallelImagePulls: reader.isSet("maxParallelImagePulls") ? reader.int("maxParallelImagePulls") : undefined,
    cpuCfsQuota: reader.bool("cpuCFSQuota"),
    cpuCfsQuotaPeriodMs: reader.durationMs("cpuCFSQuotaPeriod"),
    cgroupDriver: reader.text("cgroupDriver") === "systemd" ? "systemd" : "cgroupfs",
    cgroupRoot: reader.text("cgroupRoot"),
    failCgroupV1: reader.bool("failCgroupV1"),
    failSwapOn: reader.bool("failSwapOn"),
    oomScoreAdj: reader.int("oomScoreAdj"),
    seccompDefault: reader.bool("seccompDefault"),
    allowedUnsafeSysctls: reader.strings("allowedUnsafeSysctls"),
    userNamespaceIdsPerPod: reader.isSet("userNamespaces.idsPerPod") ? reader.int("userNamespaces.idsPerPod") : 65_536,
    crashLoopBackOffMaxMs: reader.durationMs("crashLoopBackOff.maxContainerRestartPeriod"),
    logVerbosity: reader.int("logging.verbosity"),
    logFormat: reader.text("logging.format") === "json" ? "json" : "text",
    featureGates: gatesOf(reader),
  };
};
