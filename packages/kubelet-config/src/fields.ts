import type { ConfigField, FieldTraits, ValueKind } from "./field.ts";
import type { JsonValue } from "./json-value.ts";

type Row = readonly [path: string, kind: ValueKind, fallback?: JsonValue | undefined];

const ZERO: FieldTraits = { isZeroDefault: true };
const PATH: FieldTraits = { isPath: true };
const NO_ROTATION = "nk does not ask for certificates yet";

const used = ([path, kind, fallback]: Row, traits: FieldTraits = {}): ConfigField => ({
  ...traits,
  path,
  kind,
  default: fallback,
  support: { state: "used" },
});
const inert = (why: string, [path, kind, fallback]: Row, traits: FieldTraits = {}): ConfigField => ({
  ...traits,
  path,
  kind,
  default: fallback,
  support: { state: "inert", why },
});
const unsupported = ([path, kind, fallback]: Row, alsoAccepted: readonly JsonValue[] = [], traits: FieldTraits = {}): ConfigField => ({
  ...traits,
  path,
  kind,
  default: fallback,
  support: { state: "unsupported", alsoAccepted },
});

/** The reference's hard eviction thresholds (staging/src/k8s.io/kubelet defaults, Linux). */
const EVICTION_HARD = {
  "memory.available": "100Mi",
  "nodefs.available": "10%",
  "nodefs.inodesFree": "5%",
  "imagefs.available": "15%",
  "imagefs.inodesFree": "5%",
};

/** What nk acts on. Paths, kinds and defaults are those of KubeletConfiguration v1beta1 in Kubernetes v1.36. */
const USED_FIELDS: readonly ConfigField[] = [
  used(["enableServer", "bool", true]),
  used(["staticPodPath", "string", ""], PATH),
  used(["podLogsDir", "string", "/var/log/pods"], { ...PATH, ...ZERO }),
  used(["syncFrequency", "duration", "1m0s"], ZERO),
  used(["fileCheckFrequency", "duration", "20s"], ZERO),
  used(["httpCheckFrequency", "duration", "20s"], ZERO),
  used(["staticPodURL", "string", ""]),
  used(["staticPodURLHeader", "stringListMap"], { isSecret: true }),
  used(["address", "string", "0.0.0.0"], ZERO),
  used(["readOnlyPort", "int", 0], { legacyDefault: 10_255 }),
  used(["registryPullQPS", "int", 5]),
  used(["registryBurst", "int", 10], ZERO),
  used(["healthzPort", "int", 10_248]),
  used(["healthzBindAddress", "string", "127.0.0.1"], ZERO),
  used(["oomScoreAdj", "int", -999]),
  used(["clusterDomain", "string", ""]),
  used(["clusterDNS", "strings"]),
  used(["cgroupRoot", "string", ""]),
  used(["cgroupDriver", "string", "cgroupfs"], ZERO),
  used(["runtimeRequestTimeout", "duration", "2m0s"], ZERO),
  used(["resolvConf", "string", "/etc/resolv.conf"], PATH),
  used(["cpuCFSQuota", "bool", true]),
  used(["cpuCFSQuotaPeriod", "duration", "100ms"]),
  // nk's own default: the reference pulls one image at a time unless told otherwise.
  used(["serializeImagePulls", "bool", false]),
  used(["maxParallelImagePulls", "int"]),
  used(["featureGates", "boolMap"]),
  used(["failSwapOn", "bool", true]),
  used(["failCgroupV1", "bool", true]),
  used(["crashLoopBackOff.maxContainerRestartPeriod", "duration", "5m0s"]),
  used(["seccompDefault", "bool", false]),
  used(["allowedUnsafeSysctls", "strings"]),
  used(["userNamespaces.idsPerPod", "int"]),
  used(["containerRuntimeEndpoint", "string", "unix:///run/containerd/containerd.sock"], ZERO),
  used(["imageServiceEndpoint", "string", ""]),
  used(["port", "int", 10_250], ZERO),
  used(["tlsCertFile", "string", ""], PATH),
  used(["tlsPrivateKeyFile", "string", ""], PATH),
  used(["tlsCipherSuites", "strings"]),
  used(["tlsMinVersion", "string", ""]),
  used(["authentication.x509.clientCAFile", "string", ""], PATH),
  used(["authentication.anonymous.enabled", "bool", false], { legacyDefault: true }),
  used(["authentication.webhook.enabled", "bool", true], { legacyDefault: false }),
  used(["authentication.webhook.cacheTTL", "duration", "2m0s"], ZERO),
  used(["authorization.mode", "string", "Webhook"], { legacyDefault: "AlwaysAllow", isZeroDefault: true }),
  used(["authorization.webhook.cacheAuthorizedTTL", "duration", "5m0s"], ZERO),
  used(["authorization.webhook.cacheUnauthorizedTTL", "duration", "30s"], ZERO),
  used(["enableDebuggingHandlers", "bool", true]),
  used(["enableSystemLogHandler", "bool", true]),
  used(["enableProfilingHandler", "bool", true]),
  used(["enableDebugFlagsHandler", "bool", true]),
  used(["eventRecordQPS", "int", 50]),
  used(["eventBurst", "int", 100], ZERO),
  used(["nodeStatusUpdateFrequency", "duration", "10s"], ZERO),
  used(["nodeStatusReportFrequency", "duration", "5m0s"], ZERO),
  used(["nodeLeaseDurationSeconds", "int", 40], ZERO),
  used(["nodeStatusMaxImages", "int", 50]),
  used(["kubeAPIQPS", "int", 50]),
  used(["kubeAPIBurst", "int", 100], ZERO),
  used(["configMapAndSecretChangeDetectionStrategy", "string", "Watch"], ZERO),
  used(["enableControllerAttachDetach", "bool", true]),
  used(["providerID", "string", ""]),
  used(["registerWithTaints", "any"]),
  used(["registerNode", "bool", true]),
  used(["maxPods", "int", 110], ZERO),
  used(["podsPerCore", "int", 0]),
  used(["systemReserved", "stringMap"]),
  used(["kubeReserved", "stringMap"]),
  used(["logging.format", "string", "text"], ZERO),
  used(["logging.verbosity", "int", 0]),
];

/** What changes nothing in nk as it is. */
const INERT_FIELDS: readonly ConfigField[] = [
  inert("Go's profiler has it, Node's has not", ["enableContentionProfiling", "bool", false]),
  inert(NO_ROTATION, ["rotateCertificates", "bool", false]),
  inert(NO_ROTATION, ["serverTLSBootstrap", "bool", false]),
  inert("nk speaks JSON with the API server", ["contentType", "string", "application/vnd.kubernetes.protobuf"], ZERO),
  inert(
    "a Node process cannot raise its own limit; set it where the kubelet is started (systemd: LimitNOFILE)",
    ["maxOpenFiles", "int", 1_000_000],
    ZERO,
  ),
  inert("the reference ignores it since v1.36", ["streamingConnectionIdleTimeout", "duration", "4h0m0s"], ZERO),
  inert("a CRI runtime does its own networking", ["hairpinMode", "string", "promiscuous-bridge"], ZERO),
  inert("nk writes no iptables rules", ["makeIPTablesUtilChains", "bool", true]),
  inert("the reference ignores it", ["iptablesMasqueradeBit", "int", 14]),
  inert("the reference ignores it", ["iptablesDropBit", "int", 15]),
  inert("nk writes every log line at once", ["logging.flushFrequency", "any", "5s"], ZERO),
  inert("nk writes every log line at once", ["logging.options.text.infoBufferSize", "any", "0"]),
  inert("nk writes every log line at once", ["logging.options.json.infoBufferSize", "any", "0"]),
];

/** What nk cannot do yet. */
const UNSUPPORTED_FIELDS: readonly ConfigField[] = [
  unsupported(["podPidsLimit", "int", -1]),
  unsupported(["cgroupsPerQOS", "bool", true]),
  unsupported(["containerLogMaxSize", "quantity", "10Mi"], [], ZERO),
  unsupported(["containerLogMaxFiles", "int", 5]),
  unsupported(["containerLogMaxWorkers", "int", 1]),
  unsupported(["containerLogMonitorInterval", "duration", "10s"]),
  unsupported(["runOnce", "bool", false]),
  unsupported(["tlsCurvePreferences", "any"]),
  unsupported(["imagePullCredentialsVerificationPolicy", "string", "NeverVerifyPreloadedImages"], ["NeverVerify"], ZERO),
  unsupported(["preloadedImagesVerificationAllowlist", "strings"]),
  unsupported(["imageMinimumGCAge", "duration", "2m0s"], [], ZERO),
  unsupported(["imageMaximumGCAge", "duration", "0s"]),
  // 100 turns the reference's image garbage collection off.
  unsupported(["imageGCHighThresholdPercent", "int", 85], [100]),
  unsupported(["imageGCLowThresholdPercent", "int", 80]),
  unsupported(["volumeStatsAggPeriod", "duration", "1m0s"], [], ZERO),
  unsupported(["kubeletCgroups", "string", ""]),
  unsupported(["systemCgroups", "string", ""]),
  unsupported(["cpuManagerPolicy", "string", "none"], [], ZERO),
  unsupported(["cpuManagerPolicyOptions", "stringMap"]),
  unsupported(["cpuManagerReconcilePeriod", "duration", "10s"], [], ZERO),
  unsupported(["singleProcessOOMKill", "bool"]),
  unsupported(["memoryManagerPolicy", "string", "None"], [], ZERO),
  unsupported(["topologyManagerPolicy", "string", "none"], [], ZERO),
  unsupported(["topologyManagerScope", "string", "container"], [], ZERO),
  unsupported(["topologyManagerPolicyOptions", "stringMap"]),
  unsupported(["qosReserved", "stringMap"]),
  unsupported(["podCIDR", "string", ""]),
  unsupported(["evictionHard", "stringMap", EVICTION_HARD], [{}], { legacyDefault: {} }),
  unsupported(["evictionSoft", "stringMap"]),
  unsupported(["evictionSoftGracePeriod", "stringMap"]),
  unsupported(["evictionPressureTransitionPeriod", "duration", "5m0s"], [], ZERO),
  unsupported(["evictionMaxPodGracePeriod", "int", 0]),
  unsupported(["evictionMinimumReclaim", "stringMap"]),
  unsupported(["mergeDefaultEvictionSettings", "bool", false]),
  unsupported(["protectKernelDefaults", "bool", false]),
  unsupported(["memorySwap.swapBehavior", "string", ""], ["NoSwap"]),
  unsupported(["reservedSystemCPUs", "string", ""]),
  unsupported(["showHiddenMetricsForVersion", "string", ""]),
  unsupported(["systemReservedCgroup", "string", ""]),
  unsupported(["kubeReservedCgroup", "string", ""]),
  unsupported(["enforceNodeAllocatable", "strings", ["pods"]], [[], ["none"]]),
  unsupported(["volumePluginDir", "string", "/usr/libexec/kubernetes/kubelet-plugins/volume/exec/"], [], { ...PATH, ...ZERO }),
  unsupported(["kernelMemcgNotification", "bool", false]),
  unsupported(["logging.vmodule", "any"]),
  unsupported(["logging.options.text.splitStream", "bool", false]),
  unsupported(["logging.options.json.splitStream", "bool", false]),
  unsupported(["enableSystemLogQuery", "bool", false]),
  unsupported(["shutdownGracePeriod", "duration", "0s"]),
  unsupported(["shutdownGracePeriodCriticalPods", "duration", "0s"]),
  unsupported(["shutdownGracePeriodByPodPriority", "any"]),
  unsupported(["reservedMemory", "any"]),
  unsupported(["memoryThrottlingFactor", "float", 0.9]),
  unsupported(["memoryReservationPolicy", "string", "None"], [], ZERO),
  unsupported(["tracing.endpoint", "string"]),
  unsupported(["tracing.samplingRatePerMillion", "int"], [0]),
  unsupported(["localStorageCapacityIsolation", "bool", true], [false]),
];

/** Every leaf of KubeletConfiguration v1beta1, by path. */
export const CONFIG_FIELDS: ReadonlyMap<string, ConfigField> = new Map(
  [...USED_FIELDS, ...INERT_FIELDS, ...UNSUPPORTED_FIELDS].map((field) => [field.path, field]),
);

const parentsOf = (path: string): string[] => {
  const parts = path.split(".");
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("."));
};

/** Every inner node above those leaves: "authentication", "authentication.webhook". */
export const CONFIG_STRUCTS: ReadonlySet<string> = new Set([...CONFIG_FIELDS.keys()].flatMap(parentsOf));
