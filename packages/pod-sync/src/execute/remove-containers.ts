import type { ContainerRemoval, PodPlan } from "../plan/pod-plan.ts";
import type { RuntimePodStatus } from "@nk/pod-model";
import { isNotFound, PodSyncError, errorText } from "../errors.ts";
import { formatPod } from "@nk/pod-model";
import type { PodPass } from "./sync-context.ts";

/** Removes one container that does not run; gone already is fine. */
export const removeContainer = async (pass: PodPass, containerId: string): Promise<void> => {
  pass.memory.isStale = true;
  try {
    await pass.ports.containers.removeContainer({ containerId }, { signal: pass.signal });
  } catch (error) {
    if (isNotFound(error)) return;
    pass.signal.throwIfAborted();
    // Whether or not the runtime can let go of it later: what it calls ended must not go on running.
    await pass.ports.cgroups.killContainer?.(pass.pod, { containerId, signal: pass.signal });
    throw error;
  }
};

/** Removes one sandbox, after stopping it if we have not: one that died by itself still has its network. Gone already is fine. */
export const removeSandbox = async (pass: PodPass, podSandboxId: string): Promise<void> => {
  const { sandboxes } = pass.ports;
  pass.memory.isStale = true;
  try {
    if (!pass.memory.stoppedSandboxes.has(podSandboxId)) await sandboxes.stopPodSandbox({ podSandboxId }, { signal: pass.signal });
    await sandboxes.removePodSandbox({ podSandboxId }, { signal: pass.signal });
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
  pass.memory.stoppedSandboxes.delete(podSandboxId);
};

/** The instance's logs go with it, except when its number is used again or its count is read from them. */
const removeLogs = async (pass: PodPass, removal: ContainerRemoval, attempt: number | undefined): Promise<void> => {
  const { files } = pass.ports;
  await files.unlinkContainerLog({ pod: pass.ref, containerName: removal.name, containerId: removal.id });
  if (attempt === undefined || removal.reason === "restart-all" || removal.reason === "never-started") return;
  await files.removeContainerLogs({ pod: pass.ref, containerName: removal.name, restartCount: attempt });
};

/** Removals that something later in the plan depends on. */
const isNeeded = (removal: ContainerRemoval): boolean => removal.reason === "never-started" || removal.reason === "restart-all";

/**
 * Removes what the plan says, one after another in its order. A removal that only tidies may fail, the next plan has it again; one
 * that makes room for a start rejects with `removal-failed`.
 */
export const removeRemains = async (pass: PodPass, plan: PodPlan, observed: RuntimePodStatus | undefined): Promise<void> => {
  const attempts = new Map(observed?.containers.map((container) => [container.id, container.attempt]));
  for (const removal of plan.containersToRemove) {
    pass.signal.throwIfAborted();
    try {
      await removeContainer(pass, removal.id);
      await removeLogs(pass, removal, attempts.get(removal.id));
    } catch (error) {
      pass.signal.throwIfAborted();
      const pod = formatPod(pass.ref);
      if (isNeeded(removal)) {
        const message = `remove container ${removal.name} of pod ${pod}: ${errorText(error)}`;
        throw new PodSyncError("removal-failed", message, { details: { pod, containerNames: [removal.name] }, cause: error });
      }
      pass.logger.warn("dead container could not be removed", { pod: pass.ref, container: removal.name, error });
    }
  }
  for (const sandboxId of plan.sandboxesToRemove) {
    try {
      await removeSandbox(pass, sandboxId);
    } catch (error) {
      pass.signal.throwIfAborted();
      pass.logger.warn("replaced sandbox could not be removed", { pod: pass.ref, sandboxId, error });
    }
  }
};
