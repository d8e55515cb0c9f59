/** Gates that are on for good in v1.36: naming them is allowed, turning them off is not. */
const LOCKED_ON =
  "InPlacePodVerticalScaling SidecarContainers PodObservedGenerationTracking PodLifecycleSleepAction PodLifecycleSleepActionAllowZero " +
  "SupplementalGroupsPolicy UserNamespacesSupport ProcMountType ImageVolume RecursiveReadOnlyMounts NodeSwap KubeletCgroupDriverFromCRI " +
  "KubeletFineGrainedAuthz KubeletPSI KubeletPodResourcesGet KubeletPodResourcesDynamicResources KubeletTracing NodeLogQuery SystemdWatchdog " +
  "ImageMaximumGCAge DynamicResourceAllocation DRAAdminAccess SELinuxChangePolicy SELinuxMountReadWriteOncePod " +
  "MutableCSINodeAllocatableCount CSIServiceAccountTokenSecrets VolumeAttributesClass ExecProbeTimeout CPUManagerPolicyOptions " +
  "TopologyManagerPolicyOptions RelaxedEnvironmentVariableValidation RelaxedDNSSearchValidation";

const ON_STABLE = "CustomCPUCFSQuotaPeriod DRAPrioritizedList";

const ON_BETA =
  "PLEGOnDemandRelist ContainerRestartRules RestartAllContainersOnContainerExits EnvFiles HostnameOverride PodLevelResources " +
  "InPlacePodLevelResourcesVerticalScaling InPlacePodVerticalScalingInitContainers KubeletCrashLoopBackOffMax " +
  "KubeletEnsureSecretPulledImages KubeletServiceAccountTokenForCredentialProviders PodReadyToStartContainersCondition " +
  "ContainerCheckpoint GracefulNodeShutdown GracefulNodeShutdownBasedOnPodPriority KubeletSeparateDiskGC " +
  "RotateKubeletServerCertificate ReloadKubeletServerCertificateFile ReloadKubeletClientCAFile ResourceHealthStatus " +
  "NodeDeclaredFeatures PreventStaticPodAPIReferences ExtendWebSocketsToKubelet PortForwardWebsockets " +
  "TranslateStreamCloseWebsocketRequests DRAExtendedResource DRAConsumableCapacity DRAPartitionableDevices DRADeviceTaints " +
  "DRAResourceClaimDeviceStatus CPUManagerPolicyBetaOptions TopologyManagerPolicyBetaOptions ComponentFlagz ComponentStatusz";

const ON_DEPRECATED = "DisableCPUQuotaWithExclusiveCPUs KubeletPodResourcesListUseActivePods";

const OFF_ALPHA =
  "EventedPLEG PodAndContainerStatsFromCRI MemoryQoS ContainerStopSignals ReduceDefaultCrashLoopBackOffDecay QOSReserved CRIListStreaming " +
  "PodsAPI KubeletInUserNamespace RuntimeClassInImageCriAPI InPlacePodVerticalScalingExclusiveCPUs " +
  "InPlacePodVerticalScalingExclusiveMemory PodLogsQuerySplitStreams UserNamespacesHostNetworkSupport ImageVolumeWithDigest " +
  "PodLevelResourceManagers AllAlpha";

const OFF_BETA =
  "LocalStorageCapacityIsolationFSQuotaMonitoring SELinuxMount ClusterTrustBundle ClusterTrustBundleProjection PodCertificateRequest AllBeta";

const OFF_DEPRECATED = "ChangeContainerStatusOnKubeletRestart AllowDNSOnlyNodeCSR KubeletRegistrationGetOnExistsOnly";

/** A feature gate of the reference. */
export interface FeatureGate {
  readonly name: string;
  /** Whether it is on in v1.36 unless said otherwise. */
  readonly isOn: boolean;
  /** Whether the reference refuses any other value. */
  readonly isLocked: boolean;
  /** How far it is, as the reference's metrics spell it; empty: here to stay. */
  readonly stage: "ALPHA" | "BETA" | "DEPRECATED" | "";
}

const gatesOf = (names: string, traits: Omit<FeatureGate, "name">): FeatureGate[] => names.split(" ").map((name) => ({ name, ...traits }));

/** The gates of the reference v1.36 that matter on a node, by name. */
export const FEATURE_GATES: ReadonlyMap<string, FeatureGate> = new Map(
  [
    ...gatesOf(LOCKED_ON, { isOn: true, isLocked: true, stage: "" }),
    ...gatesOf(ON_STABLE, { isOn: true, isLocked: false, stage: "" }),
    ...gatesOf(ON_BETA, { isOn: true, isLocked: false, stage: "BETA" }),
    ...gatesOf(ON_DEPRECATED, { isOn: true, isLocked: false, stage: "DEPRECATED" }),
    ...gatesOf(OFF_ALPHA, { isOn: false, isLocked: false, stage: "ALPHA" }),
    ...gatesOf(OFF_BETA, { isOn: false, isLocked: false, stage: "BETA" }),
    ...gatesOf(OFF_DEPRECATED, { isOn: false, isLocked: false, stage: "DEPRECATED" }),
    ...gatesOf("GitRepoVolumeDriver", { isOn: false, isLocked: true, stage: "DEPRECATED" }),
  ].map((gate) => [gate.name, gate]),
);

/** Whether a gate is on, by what was set or else by the reference's default; false for one that nk does not know. */
export const isFeatureEnabled = (name: string, set: Readonly<Record<string, boolean>>): boolean =>
  (Object.hasOwn(set, name) ? set[name] : undefined) ?? FEATURE_GATES.get(name)?.isOn ?? false;
