import type { Secret } from "./secret.ts";

/**
 * Everything apps/kubelet needs to know, in our units. Names follow the fields of KubeletConfiguration v1beta1; the defaults are the
 * reference's unless the comment says otherwise.
 */
export interface KubeletSettings {
  /** --hostname-override or the host's name, trimmed and in lower case. */
  readonly nodeName: string;
  /** The host's own name. */
  readonly hostname: string;
  /** --node-ip: none, one, or one of each family. "0.0.0.0" and "::" are no addresses of the node and are left out. */
  readonly nodeIps: readonly string[];
  /** Default /var/lib/kubelet. */
  readonly rootDir: string;
  readonly podLogsDir: string;
  /** "": standalone, which is all nk can do yet. */
  readonly kubeconfig: "";

  readonly containerRuntimeEndpoint: string;
  /** Where images are managed; the runtime's endpoint unless set apart. */
  readonly imageServiceEndpoint: string;
  readonly runtimeRequestTimeoutMs: number;

  /** A file or directory; "" for none. */
  readonly staticPodPath: string;
  /** "" for none. */
  readonly staticPodUrl: string;
  /** Headers sent with every request for staticPodUrl. */
  readonly staticPodUrlHeader: Secret<Readonly<Record<string, readonly string[]>>>;
  readonly fileCheckFrequencyMs: number;
  readonly httpCheckFrequencyMs: number;
  readonly syncFrequencyMs: number;

  readonly enableServer: boolean;
  readonly address: string;
  /** 0: closed. 10255 when started without --config. */
  readonly readOnlyPort: number;
  /** 0: closed. */
  readonly healthzPort: number;
  readonly healthzBindAddress: string;

  readonly clusterDomain: string;
  readonly clusterDns: readonly string[];
  /** "" for no host DNS. */
  readonly resolvConf: string;

  /** 0: no limit. */
  readonly registryPullQps: number;
  readonly registryBurst: number;
  /** nk's default is false (the reference: true), unless set. */
  readonly serializeImagePulls: boolean;
  /** undefined: no limit. */
  readonly maxParallelImagePulls: number | undefined;

  readonly cpuCfsQuota: boolean;
  readonly cpuCfsQuotaPeriodMs: number;
  /** What is configured; the runtime's own answer wins. */
  readonly cgroupDriver: "cgroupfs" | "systemd";
  /** "" means "/". */
  readonly cgroupRoot: string;
  readonly failCgroupV1: boolean;
  readonly failSwapOn: boolean;
  readonly oomScoreAdj: number;

  readonly seccompDefault: boolean;
  readonly crashLoopBackOffMaxMs: number;

  readonly logVerbosity: number;
  readonly logFormat: "text" | "json";
  /** Gates that were set, by name; ask `isFeatureEnabled` for one with its default. */
  readonly featureGates: Readonly<Record<string, boolean>>;
}
