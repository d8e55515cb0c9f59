import {
  LinuxContainerSecurityContext,
  LinuxSandboxSecurityContext,
  SecurityProfile_ProfileType,
  SupplementalGroupsPolicy,
} from "@nk/cri-api";
import type { Int64Value, SELinuxOption } from "@nk/cri-api";
import type { Container, Pod, PodSecurityContext, SELinuxOptions } from "@nk/pod-model";
import { computeNamespaceOptions } from "./namespaces.ts";
import type { UserNamespaceMapping } from "./namespaces.ts";
import type { NodeFacts } from "./node-facts.ts";
import { rejectConfig } from "./reject.ts";
import type { ImageUser } from "./run-as-non-root.ts";
import { computeAppArmor, computeSeccomp } from "./security-profiles.ts";

/** Hidden from containers, unless their procMount is Unmasked (pkg/securitycontext/util.go); per-CPU paths of the host come on top. */
export const MASKED_PATHS: readonly string[] = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];

/** Read-only in containers, unless their procMount is Unmasked. */
export const READONLY_PATHS: readonly string[] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

const int64 = (value: number | undefined): Int64Value | undefined => (value === undefined ? undefined : { value: BigInt(value) });

const selinuxOption = (options: SELinuxOptions | undefined): SELinuxOption | undefined =>
  options && { user: options.user ?? "", role: options.role ?? "", type: options.type ?? "", level: options.level ?? "" };

const groupsPolicy = (context: PodSecurityContext | undefined): SupplementalGroupsPolicy => {
  switch (context?.supplementalGroupsPolicy) {
    case undefined:
    case "Merge":
      return SupplementalGroupsPolicy.Merge;
    case "Strict":
      return SupplementalGroupsPolicy.Strict;
    default:
      throw rejectConfig(`unsupported supplementalGroupsPolicy: ${context?.supplementalGroupsPolicy}`);
  }
};

const fsGroup = (context: PodSecurityContext | undefined): readonly number[] => (context?.fsGroup === undefined ? [] : [context.fsGroup]);

const isPrivileged = (container: Pick<Container, "securityContext">): boolean => container.securityContext?.privileged === true;

const hasPrivilegedContainer = (pod: Pod): boolean => {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  return [...initContainers, ...containers, ...ephemeralContainers].some(isPrivileged);
};

/** What the volumes and the user namespace add to a pod's security context. */
export interface SecurityFacts {
  /** Groups that the pod's volumes belong to (annotation pv.beta.kubernetes.io/gid). */
  readonly volumeGroups?: readonly number[] | undefined;
  /** Present for a pod with hostUsers false. */
  readonly userNamespace?: UserNamespaceMapping | undefined;
}

/** The sandbox's security context (generatePodSandboxLinuxConfig). The seccomp profile of the pause container is always the runtime's. */
export const computeSandboxSecurity = (pod: Pod, facts: SecurityFacts = {}): LinuxSandboxSecurityContext => {
  const context = pod.spec?.securityContext;
  const base = {
    privileged: hasPrivilegedContainer(pod),
    seccomp: { profileType: SecurityProfile_ProfileType.RuntimeDefault },
  };
  // As in the reference: without the field, which the API server always sets, the runtime's own defaults count.
  if (context === undefined) return LinuxSandboxSecurityContext.create(base);
  const groups = [...fsGroup(context), ...(facts.volumeGroups ?? []), ...(context.supplementalGroups ?? [])];
  return {
    ...LinuxSandboxSecurityContext.create(base),
    namespaceOptions: computeNamespaceOptions(pod, facts),
    selinuxOptions: selinuxOption(context.seLinuxOptions),
    runAsUser: int64(context.runAsUser),
    runAsGroup: int64(context.runAsGroup),
    supplementalGroups: groups.map(BigInt),
    supplementalGroupsPolicy: groupsPolicy(context),
  };
};

/** What a container's security context is made of. */
export interface ContainerSecurityInput extends SecurityFacts {
  readonly pod: Pod;
  readonly container: Container;
  readonly imageUser: ImageUser;
  readonly node: Pick<NodeFacts, "kubeletRootDir" | "maskedThermalPaths" | "seccompDefault">;
  /** The container whose processes an ephemeral container is to see. */
  readonly targetContainerId?: string | undefined;
}

const imageUserFields = (user: ImageUser): Pick<LinuxContainerSecurityContext, "runAsUser" | "runAsUsername"> => {
  const { uid, username = "" } = user;
  if (uid === undefined && username !== "") return { runAsUser: undefined, runAsUsername: username };
  return { runAsUser: { value: uid ?? 0n }, runAsUsername: "" };
};

/**
 * A container's security context: its own fields before the pod's, the image's user where neither names one
 * (determineEffectiveSecurityContext, kubelet-facts 9).
 */
export const computeContainerSecurity = (input: ContainerSecurityInput): LinuxContainerSecurityContext => {
  const podContext = input.pod.spec?.securityContext;
  const own = input.container.securityContext;
  const runAsUser = int64(own?.runAsUser ?? podContext?.runAsUser);
  const appArmor = computeAppArmor(input.pod, input.container);
  const isUnmasked = own?.procMount === "Unmasked";
  const groups = [...fsGroup(podContext), ...(podContext?.supplementalGroups ?? []), ...(input.volumeGroups ?? [])];
  return {
    ...LinuxContainerSecurityContext.create({
      capabilities: own?.capabilities && {
        addCapabilities: own.capabilities.add ?? [],
        dropCapabilities: own.capabilities.drop ?? [],
      },
    }),
    ...(runAsUser === undefined ? imageUserFields(input.imageUser) : { runAsUser }),
    privileged: isPrivileged(input.container),
    namespaceOptions: computeNamespaceOptions(input.pod, input),
    selinuxOptions: selinuxOption(own?.seLinuxOptions ?? podContext?.seLinuxOptions),
    runAsGroup: int64(own?.runAsGroup ?? podContext?.runAsGroup),
    readonlyRootfs: own?.readOnlyRootFilesystem === true,
    supplementalGroups: groups.map(BigInt),
    supplementalGroupsPolicy: groupsPolicy(podContext),
    noNewPrivs: own?.allowPrivilegeEscalation === false,
    maskedPaths: isUnmasked ? [] : [...MASKED_PATHS, ...input.node.maskedThermalPaths],
    readonlyPaths: isUnmasked ? [] : READONLY_PATHS,
    seccomp: computeSeccomp(input.pod, input.container, input.node),
    apparmor: appArmor.profile,
    apparmorProfile: appArmor.deprecated,
  };
};
