import type { Secret } from "./secret.ts";

/** A taint the node is registered with. */
export interface TaintSetting {
  readonly key: string;
  readonly value: string;
  readonly effect: "NoSchedule" | "PreferNoSchedule" | "NoExecute";
}

/** How the Node object is made and kept. */
export interface NodeSettings {
  /** False: the Node is made by someone else. Default true. */
  readonly register: boolean;
  readonly labels: { readonly [key: string]: string };
  readonly taints: readonly TaintSetting[];
  readonly providerId: string;
  readonly hasExternalCloudProvider: boolean;
  /** --node-ip as given: "0.0.0.0" and "::" choose the family of an address that is found. */
  readonly requestedIps: readonly string[];
  readonly statusUpdateMs: number;
  /** How often an unchanged status is sent. Default 5 minutes, or as often as it is looked at if that was set. */
  readonly statusReportMs: number;
  readonly leaseDurationSeconds: number;
  /** -1: no limit. */
  readonly maxImages: number;
  readonly maxPods: number;
  /** 0: no such limit. */
  readonly podsPerCore: number;
  /** Quantities by resource name. */
  readonly systemReserved: { readonly [resource: string]: string };
  readonly kubeReserved: { readonly [resource: string]: string };
  /** Thresholds by signal, e.g. `10%`; what they keep free is not allocatable. */
  readonly evictionHard: { readonly [signal: string]: string };
  readonly enableControllerAttachDetach: boolean;
}

/** How the API server is used. */
export interface ApiClientSettings {
  /** Requests a second; below 0: no limit. */
  readonly qps: number;
  readonly burst: number;
  /** Events a second; 0: no limit. */
  readonly eventQps: number;
  readonly eventBurst: number;
  readonly changeDetection: "Watch" | "Cache" | "Get";
}

/** The kubelet's own HTTPS server. */
export interface ServerSettings {
  readonly port: number;
  /** "" for a certificate that the kubelet signs itself. */
  readonly tlsCertFile: string;
  readonly tlsPrivateKeyFile: string;
  readonly tlsCipherSuites: readonly string[];
  /** "" or VersionTLS12, VersionTLS13, as Go names them. */
  readonly tlsMinVersion: string;
  /** "": no client certificates. */
  readonly clientCaFile: string;
  readonly allowAnonymous: boolean;
  readonly tokenReview: { readonly enabled: boolean; readonly cacheMs: number };
  readonly authorization: {
    readonly mode: "AlwaysAllow" | "Webhook";
    readonly cacheAuthorizedMs: number;
    readonly cacheUnauthorizedMs: number;
  };
  readonly enableDebuggingHandlers: boolean;
  readonly enableSystemLogHandler: boolean;
  readonly enableProfilingHandler: boolean;
  readonly enableDebugFlagsHandler: boolean;
}

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
  /** How to reach the API server: a file; "" for standalone. */
  readonly kubeconfig: string;
  /** Where certificates lie. Default /var/lib/kubelet/pki. */
  readonly certDir: string;
  readonly node: NodeSettings;
  readonly api: ApiClientSettings;
  readonly server: ServerSettings;

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
  /** Sysctls that pods may set though they are not safe; a trailing `*` is a prefix. */
  readonly allowedUnsafeSysctls: readonly string[];
  /** Length of the range of ids that each pod with a user namespace gets; a multiple of 65536. */
  readonly userNamespaceIdsPerPod: number;
  readonly crashLoopBackOffMaxMs: number;

  readonly logVerbosity: number;
  readonly logFormat: "text" | "json";
  /** Gates that were set, by name; ask `isFeatureEnabled` for one with its default. */
  readonly featureGates: Readonly<Record<string, boolean>>;
}
