import type { PodSandboxConfig } from "@nk/cri-api";
import { computePodDns } from "../config/dns.ts";
import type { UserNamespaceMapping } from "../config/namespaces.ts";
import type { NodeFacts } from "../config/node-facts.ts";
import { buildSandboxConfig } from "../config/sandbox-config.ts";
import type { PreparedVolumes, RuntimeHandlerFacts } from "../ports.ts";
import { attempt } from "./attempt.ts";
import { joinAll } from "./join-all.ts";
import { recordEvent } from "./pod-events.ts";
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
  attempt(pass, { code: "volumes-failed", what: "set up volumes" }, () => pass.ports.volumes.prepare(pass.pod, { signal: pass.signal }));

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
  return { name: "", supportsRecursiveReadOnly: false };
};

const readUserNamespace = async (pass: PodPass): Promise<{ readonly userNamespace?: UserNamespaceMapping }> => {
  if (pass.pod.spec?.hostUsers !== false) return {};
  const { extras } = pass.ports;
  if (extras?.userNamespace === undefined) throw new Error("map user ids: user namespaces are not supported here");
  return { userNamespace: await extras.userNamespace(pass.pod, { signal: pass.signal }) };
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
  options: { readonly sandboxAttempt: number; readonly volumes: Promise<PreparedVolumes>; readonly reportsDns: boolean },
): Promise<PodSetup> => {
  const [node, cgroupParent, { handler, userNamespace }] = await joinAll([
    attempt(pass, { code: "sandbox-failed", what: "learn about the node" }, () => pass.ports.node.facts({ signal: pass.signal })),
    ensureCgroup(pass),
    attempt(pass, { code: "sandbox-failed", what: "configure the sandbox" }, async () => ({
      handler: await readHandler(pass),
      ...(await readUserNamespace(pass)),
    })),
  ]);
  const volumeGroups = needsVolumeGroups(pass) ? (await options.volumes).groups : undefined;
  const dns = computePodDns(pass.pod, node);
  if (options.reportsDns) {
    for (const problem of dns.problems) {
      if (problem.target === "pod") recordEvent(pass, { type: "Warning", reason: problem.reason, message: problem.message });
    }
  }
  const sandboxConfig = await attempt(pass, { code: "sandbox-failed", what: "configure the sandbox" }, async () =>
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
