import { ContainerConfig, Signal } from "@nk/cri-api";
import type { Device, ImageSpec, Mount } from "@nk/cri-api";
import { expandVariables } from "@nk/pod-model";
import type { Container, Pod } from "@nk/pod-model";
import { buildEnvironment, checkLength } from "./environment.ts";
import type { EnvFileLookup, EnvObjects } from "./environment.ts";

import { isHostsFileMounted } from "./hosts-file.ts";
import { computeContainerAnnotations, computeContainerLabels } from "./labels-annotations.ts";
import { containerLogPath } from "./log-paths.ts";
import { buildMounts } from "./mounts.ts";
import type { ResolvedVolumeMount } from "./mounts.ts";
import type { NodeFacts } from "./node-facts.ts";
import { rejectConfig } from "./reject.ts";
import { computeContainerResources } from "./resources.ts";
import { findRootUserProblem } from "./run-as-non-root.ts";
import type { ImageUser } from "./run-as-non-root.ts";
import { computeContainerSecurity } from "./security-context.ts";
import type { SecurityFacts } from "./security-context.ts";

/** What resource managers and device plugins give to one container. */
export interface DeviceAllocation {
  readonly envs?: { readonly [name: string]: string };
  readonly mounts?: readonly Mount[];
  readonly devices?: readonly Device[];
  readonly cdiDeviceNames?: readonly string[];
  readonly annotations?: { readonly [key: string]: string };
  /** Cpusets of the CPU and memory managers; empty means all. */
  readonly cpusetCpus?: string;
  readonly cpusetMems?: string;
  /** Whether the CPUs of the cpuset are the container's alone. */
  readonly hasExclusiveCpus?: boolean;
}

/** What a container's configuration is made of. */
export interface ContainerConfigInput extends SecurityFacts {
  /** With the API server's defaults applied. */
  readonly pod: Pod;
  /** An app, init or ephemeral container of the pod. */
  readonly container: Container;
  /** How often the container was made before; also the attempt and the number of the log. */
  readonly restartCount: number;
  /** What the runtime knows the image by; it answers for `image.image`. */
  readonly imageId: string;
  /** As the spec names the image. Default: the container's image. */
  readonly userSpecifiedImage?: string;
  readonly imageUser: ImageUser;
  /** The sandbox's; for a pod on the host network the node's, empty while unknown. */
  readonly podIps: readonly string[];
  /** One for each volumeMount of the container; their order does not matter. */
  readonly mounts: readonly ResolvedVolumeMount[];
  /** Host path of the pod's hosts file. Used once the pod's IP is known. */
  readonly etcHostsPath?: string | undefined;
  /** Host path of the file that the termination message is read from. */
  readonly terminationLogPath?: string | undefined;
  readonly node: NodeFacts;
  /** Absent without an API server. */
  readonly objects?: EnvObjects | undefined;
  readonly envFile?: EnvFileLookup | undefined;
  readonly devices?: DeviceAllocation | undefined;
  /** Host devices of block volumes. */
  readonly blockDevices?: readonly Device[] | undefined;
  /** The running container whose processes an ephemeral container is to see. */
  readonly targetContainerId?: string | undefined;
  /** Whether the pod's runtime handler can mount read-only recursively. Default false. */
  readonly supportsRecursiveReadOnly?: boolean;
}

const SIGNALS: ReadonlyMap<string, Signal> = new Map(Object.entries(Signal));

/** Kubernetes spells `SIGRTMIN+1`; CRI, `SIGRTMINPLUS1`. */
const stopSignalOf = ({ lifecycle }: Pick<ContainerConfigInput["container"], "lifecycle">): Signal =>
  SIGNALS.get(lifecycle?.stopSignal?.replace("+", "PLUS").replace("-", "MINUS") ?? "") ?? Signal.RUNTIME_DEFAULT;

const imageSpec = (input: ContainerConfigInput): ImageSpec => ({
  image: input.imageId,
  userSpecifiedImage: input.userSpecifiedImage ?? input.container.image ?? "",
  annotations: {},
  runtimeHandler: "",
  imageRef: "",
});

const computeEnv = (input: ContainerConfigInput): ReadonlyMap<string, string> => {
  const { pod, container, podIps, node, objects, envFile } = input;
  const env = buildEnvironment({
    pod,
    container,
    podIps,
    node,
    ...(objects !== undefined && { objects }),
    ...(envFile !== undefined && { envFile }),
  });
  return new Map([...Object.entries(input.devices?.envs ?? {}), ...env]);
};

const linuxConfig = (input: ContainerConfigInput): ContainerConfig["linux"] => {
  const { cpusetCpus = "", cpusetMems = "", hasExclusiveCpus = false } = input.devices ?? {};
  const { pod, container, node } = input;
  return {
    resources: { ...computeContainerResources({ pod, container, node, hasExclusiveCpus }), cpusetCpus, cpusetMems },
    securityContext: computeContainerSecurity(input),
  };
};

const mountsOf = (input: ContainerConfigInput): readonly Mount[] =>
  buildMounts({
    container: input.container,
    mounts: input.mounts,
    deviceMounts: input.devices?.mounts,
    etcHostsPath: isHostsFileMounted(input.pod, input.podIps) ? input.etcHostsPath : undefined,
    terminationLogPath: input.terminationLogPath,
    supportsRecursiveReadOnly: input.supportsRecursiveReadOnly ?? false,
    selinuxEnabled: input.node.selinuxEnabled,
    userNamespace: input.userNamespace,
  });

/**
 * The configuration of one container (generateContainerConfig, kubelet-facts 5.2). Throws {@link ConfigRejectedError} when the pod refers to
 * what does not exist or must not run as root but would; the message is for the pod's owner.
 */
export const buildContainerConfig = (input: ContainerConfigInput): ContainerConfig => {
  const { pod, container, restartCount, devices = {} } = input;
  const rootProblem = findRootUserProblem(pod, container, input.imageUser);
  if (rootProblem !== undefined) throw rejectConfig(rootProblem);
  const env = computeEnv(input);
  const expand = (texts: readonly string[] = []): readonly string[] => texts.map((text) => expandVariables(text, (name) => env.get(name)));
  const command = expand(container.command);
  const args = expand(container.args);
  checkLength([...command, ...args], "command and args are");
  return {
    ...ContainerConfig.create(),
    metadata: { name: container.name, attempt: restartCount },
    image: imageSpec(input),
    command,
    args,
    workingDir: container.workingDir ?? "",
    envs: [...env].map(([key, value]) => ({ key, value })),
    mounts: mountsOf(input),
    devices: [...(devices.devices ?? []), ...(input.blockDevices ?? [])],
    CDIDevices: (devices.cdiDeviceNames ?? []).map((name) => ({ name })),
    labels: computeContainerLabels(pod, container.name),
    annotations: computeContainerAnnotations({ pod, container, restartCount, extra: devices.annotations }),
    logPath: containerLogPath(container.name, restartCount),
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    linux: linuxConfig(input),
    stopSignal: stopSignalOf(container),
  };
};
