import { CONFIG_FIELDS } from "./fields.ts";
import type { Support, ValueKind } from "./field.ts";

/** One command line flag of the reference kubelet. */
export interface FlagDefinition {
  /** Without the dashes in front. */
  readonly name: string;
  readonly shorthand?: string | undefined;
  readonly kind: ValueKind;
  /** The field of KubeletConfiguration it overrides; undefined for a flag of its own. */
  readonly path?: string | undefined;
  readonly support: Support;
  readonly help: string;
}

const USED: Support = { state: "used" };
const UNSUPPORTED: Support = { state: "unsupported", alsoAccepted: [] };

/** Flags without a field in the configuration file (reference: cmd/kubelet/app/options/options.go). */
const OWN_FLAGS: readonly FlagDefinition[] = [
  { name: "help", shorthand: "h", kind: "bool", support: USED, help: "print this text and exit" },
  { name: "version", kind: "string", support: USED, help: "print the version and exit" },
  { name: "config", kind: "string", support: USED, help: "the KubeletConfiguration file, YAML or JSON" },
  { name: "config-dir", kind: "string", support: USED, help: "a directory of *.conf files merged over the file, in lexical order" },
  { name: "root-dir", kind: "string", support: USED, help: "where the kubelet keeps its state (default /var/lib/kubelet)" },
  { name: "cert-dir", kind: "string", support: USED, help: "where certificates lie (default /var/lib/kubelet/pki)" },
  { name: "hostname-override", kind: "string", support: USED, help: "the node's name, instead of the host's" },
  { name: "node-ip", kind: "strings", support: USED, help: "the node's address, or one of each family" },
  { name: "minimum-container-ttl-duration", kind: "duration", support: UNSUPPORTED, help: "how long a dead container is kept at least" },
  {
    name: "maximum-dead-containers-per-container",
    kind: "int",
    support: UNSUPPORTED,
    help: "dead instances kept per container (default 1)",
  },
  { name: "maximum-dead-containers", kind: "int", support: UNSUPPORTED, help: "dead containers kept in all, -1 for no limit (default -1)" },
  { name: "kubeconfig", kind: "string", support: USED, help: "how to reach the API server; empty for standalone" },
  { name: "bootstrap-kubeconfig", kind: "string", support: UNSUPPORTED, help: "how to reach the API server the first time" },
  { name: "cloud-provider", kind: "string", support: USED, help: '"" or "external"' },
  { name: "node-labels", kind: "stringMap", support: USED, help: "labels of the Node object" },
  { name: "runtime-cgroups", kind: "string", support: UNSUPPORTED, help: "the cgroup of the container runtime" },
  { name: "image-credential-provider-config", kind: "string", support: UNSUPPORTED, help: "credential provider plugins" },
  { name: "image-credential-provider-bin-dir", kind: "string", support: UNSUPPORTED, help: "credential provider plugins" },
  { name: "lock-file", kind: "string", support: UNSUPPORTED, help: "a file to lock" },
  { name: "exit-on-lock-contention", kind: "bool", support: UNSUPPORTED, help: "exit when somebody wants the lock" },
  { name: "experimental-mounter-path", kind: "string", support: UNSUPPORTED, help: "a mounter binary" },
  { name: "experimental-allocatable-ignore-eviction", kind: "bool", support: UNSUPPORTED, help: "how allocatable is computed" },
  { name: "housekeeping-interval", kind: "duration", support: UNSUPPORTED, help: "cAdvisor's interval" },
  { name: "max-housekeeping-interval", kind: "duration", support: UNSUPPORTED, help: "cAdvisor's longest interval" },
];

/** cAdvisor flags that the reference only keeps for old command lines. */
const OLD_CADVISOR_FLAGS = [
  "application-metrics-count-limit:int boot-id-file:string container-hints:string containerd:string containerd-namespace:string",
  "enable-load-reader:bool event-storage-age-limit:string event-storage-event-limit:string global-housekeeping-interval:duration",
  "log-cadvisor-usage:bool machine-id-file:string storage-driver-user:string storage-driver-password:string",
  "storage-driver-host:string storage-driver-db:string storage-driver-table:string storage-driver-secure:bool",
  "storage-driver-buffer-duration:duration",
].flatMap((line) => line.split(" "));

/** Flags that override a field whose name is not simply the flag's in camelCase. */
const RENAMED_FLAGS: Readonly<Record<string, string>> = {
  "pod-manifest-path": "staticPodPath",
  "manifest-url": "staticPodURL",
  "manifest-url-header": "staticPodURLHeader",
  "fail-cgroupv1": "failCgroupV1",
  "anonymous-auth": "authentication.anonymous.enabled",
  "authentication-token-webhook": "authentication.webhook.enabled",
  "authentication-token-webhook-cache-ttl": "authentication.webhook.cacheTTL",
  "client-ca-file": "authentication.x509.clientCAFile",
  "authorization-mode": "authorization.mode",
  "authorization-webhook-cache-authorized-ttl": "authorization.webhook.cacheAuthorizedTTL",
  "authorization-webhook-cache-unauthorized-ttl": "authorization.webhook.cacheUnauthorizedTTL",
  "rotate-server-certificates": "serverTLSBootstrap",
  "tls-cert-file": "tlsCertFile",
  "tls-private-key-file": "tlsPrivateKeyFile",
  "tls-cipher-suites": "tlsCipherSuites",
  "tls-min-version": "tlsMinVersion",
  "registry-qps": "registryPullQPS",
  "event-qps": "eventRecordQPS",
  "contention-profiling": "enableContentionProfiling",
  "cluster-dns": "clusterDNS",
  "minimum-image-ttl-duration": "imageMinimumGCAge",
  "image-gc-high-threshold": "imageGCHighThresholdPercent",
  "image-gc-low-threshold": "imageGCLowThresholdPercent",
  "provider-id": "providerID",
  "cgroups-per-qos": "cgroupsPerQOS",
  "pod-cidr": "podCIDR",
  "pod-max-pids": "podPidsLimit",
  "resolv-conf": "resolvConf",
  runonce: "runOnce",
  "cpu-cfs-quota": "cpuCFSQuota",
  "cpu-cfs-quota-period": "cpuCFSQuotaPeriod",
  "make-iptables-util-chains": "makeIPTablesUtilChains",
  "kube-api-content-type": "contentType",
  "kube-api-qps": "kubeAPIQPS",
  "kube-api-burst": "kubeAPIBurst",
  "reserved-cpus": "reservedSystemCPUs",
  "logging-format": "logging.format",
  "log-flush-frequency": "logging.flushFrequency",
  "log-text-split-stream": "logging.options.text.splitStream",
  "log-text-info-buffer-size": "logging.options.text.infoBufferSize",
  "log-json-split-stream": "logging.options.json.splitStream",
  "log-json-info-buffer-size": "logging.options.json.infoBufferSize",
  vmodule: "logging.vmodule",
  v: "logging.verbosity",
};

/** Flags whose field is the flag's name in camelCase. */
const MIRRORED_FLAGS = [
  "enable-server fail-swap-on sync-frequency file-check-frequency http-check-frequency address port read-only-port",
  "container-runtime-endpoint image-service-endpoint rotate-certificates registry-burst event-burst enable-debugging-handlers healthz-port",
  "healthz-bind-address oom-score-adj cluster-domain volume-plugin-dir streaming-connection-idle-timeout node-status-update-frequency",
  "volume-stats-agg-period feature-gates kubelet-cgroups system-cgroups cgroup-driver cgroup-root cpu-manager-policy",
  "cpu-manager-policy-options cpu-manager-reconcile-period qos-reserved topology-manager-policy topology-manager-policy-options",
  "topology-manager-scope runtime-request-timeout hairpin-mode max-pods enable-controller-attach-detach container-log-max-size",
  "container-log-max-files allowed-unsafe-sysctls node-status-max-images kernel-memcg-notification local-storage-capacity-isolation",
  "max-open-files serialize-image-pulls eviction-hard eviction-soft eviction-soft-grace-period eviction-pressure-transition-period",
  "eviction-max-pod-grace-period eviction-minimum-reclaim pods-per-core protect-kernel-defaults system-reserved kube-reserved",
  "enforce-node-allocatable system-reserved-cgroup kube-reserved-cgroup memory-manager-policy reserved-memory register-node",
  "register-with-taints seccomp-default",
].flatMap((line) => line.split(" "));

const mirrorField = (name: string, path: string): FlagDefinition => {
  const field = CONFIG_FIELDS.get(path);
  return {
    name,
    kind: field?.kind ?? "any",
    path,
    support: field?.support ?? UNSUPPORTED,
    help: `overrides ${path}`,
    ...(name === "v" ? { shorthand: "v" } : {}),
  };
};

const camelCase = (name: string): string => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

const oldCadvisorFlag = (entry: string): FlagDefinition => {
  const [name = "", kind = "string"] = entry.split(":");
  return { name, kind: kind as ValueKind, support: UNSUPPORTED, help: "cAdvisor's, deprecated in the reference" };
};

/** Every flag of the reference kubelet v1.36, by name. */
export const FLAGS: ReadonlyMap<string, FlagDefinition> = new Map(
  [
    ...OWN_FLAGS,
    ...Object.entries(RENAMED_FLAGS).map(([name, path]) => mirrorField(name, path)),
    ...MIRRORED_FLAGS.map((name) => mirrorField(name, camelCase(name))),
    ...OLD_CADVISOR_FLAGS.map(oldCadvisorFlag),
  ]
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map((flag) => [flag.name, flag]),
);

/** Flags that old command lines still carry and the reference refuses too: what became of them. */
export const REMOVED_FLAGS: Readonly<Record<string, string>> = {
  "cloud-config": "cloud providers run outside the kubelet",
  "container-runtime": "every runtime is reached through --container-runtime-endpoint",
  "pod-infra-container-image": "the container runtime's own configuration names the sandbox image",
  "network-plugin": "the container runtime runs CNI",
  "cni-bin-dir": "the container runtime runs CNI",
  "cni-conf-dir": "the container runtime runs CNI",
  "cni-cache-dir": "the container runtime runs CNI",
  "keep-terminated-pod-volumes": "volumes of terminated pods are always unmounted",
  "register-schedulable": "use registerWithTaints",
  "docker-endpoint": "dockershim is gone",
};
