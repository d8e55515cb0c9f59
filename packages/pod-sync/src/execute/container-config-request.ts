import { basename } from "node:path";
import type { ContainerConfig } from "@nk/cri-api";
import { isHostNetwork } from "@nk/pod-model";
import type { Container, RuntimePodStatus } from "@nk/pod-model";
import { buildContainerConfig } from "../config/container-config.ts";
import { isHostsFileMounted, renderHostsFile } from "../config/hosts-file.ts";
import { isTerminationLogName } from "../files/termination-logs.ts";
import type { ContainerStart } from "../plan/pod-plan.ts";
import type { ImageAnswer, PreparedVolumes } from "../ports.ts";
import type { VolumeImages } from "./volume-images.ts";
import { resolveMounts } from "./container-mounts.ts";
import { readEnvFiles } from "./env-files.ts";
import { joinAll } from "./join-all.ts";
import type { PodSetup } from "./pod-setup.ts";
import type { PodPass } from "./sync-context.ts";

/** What one container instance is made from. */
export interface InstanceFacts {
  readonly setup: PodSetup;
  readonly volumes: PreparedVolumes;
  readonly start: ContainerStart;
  readonly restartCount: number;
  readonly image: ImageAnswer;
  readonly volumeImages: VolumeImages;
  readonly observed: RuntimePodStatus | undefined;
}

/** The pod's addresses, the node's on the host network. */
export const podIpsOf = (pass: PodPass, facts: Pick<InstanceFacts, "setup" | "observed">): readonly string[] =>
  isHostNetwork(pass.pod) ? facts.setup.node.nodeIps : (facts.observed?.ips ?? []);

const writeHostsFile = async (pass: PodPass, facts: InstanceFacts): Promise<{ readonly etcHostsPath?: string }> => {
  const podIps = podIpsOf(pass, facts);
  if (!isHostsFileMounted(pass.pod, podIps)) return {};
  const nodeHostsFile = isHostNetwork(pass.pod) ? ((await pass.ports.node.hostsFile?.({ signal: pass.signal })) ?? "") : "";
  const { clusterDomain } = facts.setup.node;
  const content = renderHostsFile({ pod: pass.pod, podIps, clusterDomain, nodeHostsFile });
  return { etcHostsPath: await pass.ports.files.writeEtcHosts(pass.ref.uid, content) };
};

/**
 * Nothing else removes the logs of instances that are gone, or that could not be created. Now is the safe moment: the one being made has
 * none yet, and the status of those observed still finds theirs. An instance without one means that the runtime tells no mounts.
 */
const removeStaleLogs = async (pass: PodPass, container: Container, observed: RuntimePodStatus | undefined): Promise<void> => {
  if (observed === undefined) return;
  const instances = observed.containers.filter(({ name }) => name === container.name);
  const used = instances.map(({ mounts }) => mounts.map(({ hostPath }) => hostPath).filter((path) => isTerminationLogName(basename(path))));
  if (used.some((paths) => paths.length === 0)) return;
  try {
    await pass.ports.files.removeStaleTerminationLogs({ pod: pass.ref, containerName: container.name, usedPaths: used.flat() });
  } catch (error) {
    pass.logger.warn("old termination logs could not be removed", { pod: pass.ref, container: container.name, error });
  }
};

const createTerminationLog = async (pass: PodPass, facts: InstanceFacts): Promise<{ readonly terminationLogPath?: string }> => {
  const container: Container = facts.start.spec;
  if ((container.terminationMessagePath ?? "") === "") return {};
  await removeStaleLogs(pass, container, facts.observed);
  return { terminationLogPath: await pass.ports.files.createTerminationLog({ pod: pass.ref, containerName: container.name }) };
};

const findTarget = (facts: InstanceFacts): { readonly targetContainerId?: string } => {
  const name = "targetContainerName" in facts.start.spec ? facts.start.spec.targetContainerName : undefined;
  if (name === undefined || name === "") return {};
  const target = facts.observed?.containers.find((container) => container.name === name && container.state === "running");
  if (target === undefined) throw new Error(`unable to find target container ${JSON.stringify(name)}`);
  return { targetContainerId: target.id };
};

/** Writes the files one container instance needs and builds its configuration. Whatever rejects here is CreateContainerConfigError. */
export const configureContainer = async (pass: PodPass, facts: InstanceFacts): Promise<ContainerConfig> => {
  const { setup, volumes, volumeImages, image, restartCount } = facts;
  const { extras, files } = pass.ports;
  const options = { signal: pass.signal };
  const container: Container = facts.start.spec;
  const wish = { pod: pass.pod, container, restartCount };
  const objects = await extras?.envObjects?.(wish, options);
  const envFile = await readEnvFiles(pass, container, volumes);
  const environment = {
    pod: pass.pod,
    container,
    podIps: podIpsOf(pass, facts),
    node: setup.node,
    ...(objects !== undefined && { objects }),
    ...(envFile !== undefined && { envFile }),
  };
  const [mounts, hostsFile, terminationLog] = await joinAll([
    resolveMounts(pass, { volumes, volumeImages, environment }),
    writeHostsFile(pass, facts),
    createTerminationLog(pass, facts),
    files.ensureLogDir({ pod: pass.ref, containerName: container.name }),
  ]);
  return buildContainerConfig({
    ...environment,
    restartCount,
    imageId: image.imageRef,
    imageUser: image.user,
    mounts,
    ...hostsFile,
    ...terminationLog,
    ...findTarget(facts),
    devices: await extras?.devices?.(wish, options),
    supportsRecursiveReadOnly: setup.handler.supportsRecursiveReadOnly,
    volumeGroups: volumes.groups,
    userNamespace: setup.userNamespace,
  });
};
