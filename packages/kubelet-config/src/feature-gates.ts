/** Gates that are on for good in v1.36: naming them is allowed, turning them off is not. */
const LOCKED_ON =
  "InPlacePodVerticalScaling SidecarContainers PodObservedGenerationTracking PodLifecycleSleepAction PodLifecycleSleepActionAllowZero " +
  "SupplementalGroupsPolicy UserNamespacesSupport ProcMountType ImageVolume RecursiveReadOnlyMounts NodeSwap KubeletCgroupDriverFromCRI " +
  "KubeletFineGrainedAuthz KubeletPSI KubeletPodResourcesGet KubeletPodResourcesDynamicResources KubeletTracing NodeLogQuery SystemdWatchdog " +
  "ImageMaximumGCAge DynamicResourceAllocation DRAAdminAccess SELinuxChangePolicy SELinuxMountReadWriteOncePod " +
  "MutableCSINodeAllocatableCount CSIServiceAccountTokenSecrets VolumeAttributesClass ExecProbeTimeout CPUManagerPolicyOptions " +
  "TopologyManagerPolicyOptions RelaxedEnvironmentVariableValidation RelaxedDNSSearchValidation";

const ON =
  "CustomCPUCFSQuotaPeriod DRAPrioritizedList PLEGOnDemandRelist ContainerRestartRules RestartAllContainersOnContainerExits EnvFiles " +
  "HostnameOverride PodLevelResources InPlacePodLevelResourcesVerticalScaling InPlacePodVerticalScalingInitContainers " +
  "KubeletCrashLoopBackOffMax KubeletEnsureSecretPulledImages KubeletServiceAccountTokenForCredentialProviders " +
  "PodReadyToStartContainersCondition ContainerCheckpoint GracefulNodeShutdown GracefulNodeShutdownBasedOnPodPriority " +
  "KubeletSeparateDiskGC RotateKubeletServerCertificate ReloadKubeletServerCertificateFile ReloadKubeletClientCAFile ResourceHealthStatus " +
  "NodeDeclaredFeatures PreventStaticPodAPIReferences ExtendWebSocketsToKubelet PortForwardWebsockets " +
  "TranslateStreamCloseWebsocketRequests DRAExtendedResource DRAConsumableCapacity DRAPartitionableDevices DRADeviceTaints " +
  "DRAResourceClaimDeviceStatus CPUManagerPolicyBetaOptions TopologyManagerPolicyBetaOptions ComponentFlagz ComponentStatusz " +
  "DisableCPUQuotaWithExclusiveCPUs KubeletPodResourcesListUseActivePods";

const OFF =
  "EventedPLEG PodAndContainerStatsFromCRI MemoryQoS ContainerStopSignals ReduceDefaultCrashLoopBackOffDecay QOSReserved CRIListStreaming " +
  "PodsAPI KubeletInUserNamespace LocalStorageCapacityIsolationFSQuotaMonitoring SELinuxMount ClusterTrustBundle " +
  "ClusterTrustBundleProjection PodCertificateRequest RuntimeClassInImageCriAPI InPlacePodVerticalScalingExclusiveCPUs " +
  "InPlacePodVerticalScalingExclusiveMemory PodLogsQuerySplitStreams UserNamespacesHostNetworkSupport ImageVolumeWithDigest " +
  "PodLevelResourceManagers ChangeContainerStatusOnKubeletRestart AllowDNSOnlyNodeCSR KubeletRegistrationGetOnExistsOnly " +
  "AllAlpha AllBeta";

/** A feature gate of the reference. */
export interface FeatureGate {
  readonly name: string;
  /** Whether it is on in v1.36 unless said otherwise. */
  readonly isOn: boolean;
  /** Whether the reference refuses any other value. */
  readonly isLocked: boolean;
}

const gatesOf = (names: string, isOn: boolean, isLocked: boolean): FeatureGate[] =>
  names.split(" ").map((name) => ({ name, isOn, isLocked }));

/** The gates of the reference v1.36 that matter on a node, by name. */
export const FEATURE_GATES: ReadonlyMap<string, FeatureGate> = new Map(
  [
    ...gatesOf(LOCKED_ON, true, true),
    ...gatesOf(ON, true, false),
    ...gatesOf(OFF, false, false),
    ...gatesOf("GitRepoVolumeDriver", false, true),
  ].map((gate) => [gate.name, gate]),
);

/** Whether a gate is on, by what was set or else by the reference's default; false for one that nk does not know. */
export const isFeatureEnabled = (name: string, set: Readonly<Record<string, boolean>>): boolean =>
  (Object.hasOwn(set, name) ? set[name] : undefined) ?? FEATURE_GATES.get(name)?.isOn ?? false;
