import type { PodSandboxConfig } from "@nk/cri-api";
import { computePodDns } from "../config/dns.ts";
import type { DnsProblem } from "../config/dns.ts";
import type { UserNamespaceMapping } from "../config/namespaces.ts";
import type { NodeFacts } from "../config/node-facts.ts";
import { buildSandboxConfig } from "../config/sandbox-config.ts";
import type { PreparedVolumes, RuntimeHandlerFacts } from "../ports.ts";
import { attempt, failStep } from "./attempt.ts";
import { joinAll } from "./join-all.ts";
import { recordEvent, recordSandboxFailure } from "./pod-events.ts";
import type { PodPass } from "./sync-context.ts";

/** What everything in the pod is made from. */
export interface PodSetup {
  readonly node: NodeFacts;
  readonly handler: RuntimeHandlerFacts;
  readonly sandboxConfig: PodSandboxConfig;
  readonly userNamespace?: UserNamespaceMapping;
  /** Rejects with `volumes-failed`. Containers wait for it, the sandbox does not. */
  readonly volumes: Promise<PreparedVolumes>;
}

/** Sets up the pod's volumes; a kubelet that just started does so for running pods as well, to know what is mounted. */
export const prepareVolumes = (pass: PodPass): Promise<PreparedVolumes> =>
  attempt(pass, { code: "volumes-failed", what: "set up volumes" }, () => {
    pass.memory.areVolumesReleased = false;
    return pass.ports.volumes.prepare(pass.pod, { signal: pass.signal });
  });

/** Gives the pod's volumes back, unless that was done. */
export const releaseVolumes = async (pass: PodPass): Promise<void> => {
  if (pass.memory.areVolumesReleased) return;
  pass.memory.isPrepared = false;
  await attempt(pass, { code: "volumes-failed", what: "release volumes" }, () =>
    pass.ports.volumes.release(pass.pod, { signal: pass.signal }),
  );
  pass.memory.areVolumesReleased = true;
};

/** Makes the pod's directories, which volumes are mounted below. */
export const makePodDirs = (pass: PodPass): Promise<void> =>
  attempt(pass, { code: "files-failed", what: "make the directories" }, () => pass.ports.files.ensurePodDirs(pass.ref.uid));

/** Makes or updates the pod's cgroup. */
export const ensureCgroup = (pass: PodPass): Promise<string> =>
  attempt(pass, { code: "cgroup-failed", what: "make the cgroup" }, () => pass.ports.cgroups.ensure(pass.pod, { signal: pass.signal }));

const readHandler = async (pass: PodPass): Promise<RuntimeHandlerFacts> => {
  const { node } = pass.ports;
  if (node.runtimeHandler !== undefined) return node.runtimeHandler(pass.pod, { signal: pass.signal });
  const { runtimeClassName = "" } = pass.pod.spec ?? {};
  if (runtimeClassName !== "") throw new Error(`find RuntimeClass ${JSON.stringify(runtimeClassName)}: there are none here`);
  return { name: "", supportsRecursiveReadOnly: false, userNamespaces: "unsupported" };
};

/** The reference's words where the runtime cannot do it (GetOrCreateUserNamespaceMappings, pkg/kubelet/userns). */
const refuseUserNamespace = ({ name, userNamespaces }: RuntimeHandlerFacts): Error => {
  const who = name === "" ? "runtime does not" : `RuntimeClass handler ${JSON.stringify(name)} does not`;
  const why = userNamespaces === "unknown" ? `: the handler ${JSON.stringify(name)} is not known` : "";
  return new Error(`can't set \`spec.hostUsers: false\`, ${who} support user namespaces${why}`);
};

const readUserNamespace = async (
  pass: PodPass,
  handler: RuntimeHandlerFacts,
): Promise<{ readonly userNamespace?: UserNamespaceMapping }> => {
  if (pass.pod.spec?.hostUsers !== false) return {};
  if (handler.userNamespaces !== "supported") throw refuseUserNamespace(handler);
  const ids = pass.ports.extras?.userNamespaces;
  if (ids === undefined) throw new Error("map user ids: user namespaces are not supported here");
  return { userNamespace: await ids.ensure(pass.ref.uid) };
};

const countFailedStart = ({ metrics, pod }: PodPass): void => {
  metrics.startedPods.inc();
  metrics.startedPodsErrors.inc();
  if (pod.spec?.hostUsers !== false) return;
  metrics.startedUserNamespacedPods.inc();
  metrics.startedUserNamespacedPodsErrors.inc();
};

/** A sandbox whose configuration cannot be made counts as one that could not be made, and is told of like one. */
const configureSandbox = async <T>(pass: PodPass, createsSandbox: boolean, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    pass.signal.throwIfAborted();
    if (createsSandbox) {
      countFailedStart(pass);
      recordSandboxFailure(pass, error);
    }
    throw failStep(pass, { code: "sandbox-failed", what: "configure the sandbox" }, error);
  }
};

const reportDns = (pass: PodPass, problems: readonly DnsProblem[]): void => {
  for (const { target, reason, message } of problems) {
    if (target === "pod") recordEvent(pass, { type: "Warning", reason, message });
    else pass.ports.events.recordNode?.({ type: "Warning", reason, message });
  }
};

/** Only claims can bring groups of their own, so only they must be there before the sandbox, whose security context names the groups. */
const needsVolumeGroups = (pass: PodPass): boolean =>
  (pass.pod.spec?.volumes ?? []).some((volume) => volume.persistentVolumeClaim !== undefined || volume.ephemeral !== undefined);

/**
 * Gathers what the sandbox and the containers are made from: cgroup, volumes, runtime handler, resolver settings. Volumes
 * go on being set up while the sandbox is made. The caller must await or discard `volumes` on every path.
 */
export const setUpPod = async (
  pass: PodPass,
  options: { readonly sandboxAttempt: number; readonly volumes: Promise<PreparedVolumes>; readonly createsSandbox: boolean },
): Promise<PodSetup> => {
  const [node, cgroupParent, { handler, userNamespace }] = await joinAll([
    attempt(pass, { code: "sandbox-failed", what: "learn about the node" }, () => pass.ports.node.facts({ signal: pass.signal })),
    ensureCgroup(pass),
    configureSandbox(pass, options.createsSandbox, async () => {
      const found = await readHandler(pass);
      return { handler: found, ...(await readUserNamespace(pass, found)) };
    }),
  ]);
  const volumeGroups = needsVolumeGroups(pass) ? (await options.volumes).groups : undefined;
  const dns = computePodDns(pass.pod, node);
  if (options.createsSandbox) reportDns(pass, dns.problems);
  const sandboxConfig = await configureSandbox(pass, options.createsSandbox, async () =>
    buildSandboxConfig({
      pod: pass.pod,
      attempt: options.sandboxAttempt,
      node,
      podLogsDir: pass.settings.podLogsDir,
      cgroupParent,
      dns: dns.config,
      ...(volumeGroups !== undefined && { volumeGroups }),
      ...(userNamespace !== undefined && { userNamespace }),
    }),
  );
  return { node, handler, sandboxConfig, volumes: options.volumes, ...(userNamespace !== undefined && { userNamespace }) };
};
