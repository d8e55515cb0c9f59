import { formatPod } from "@nk/pod-model";
import type { RuntimePodStatus } from "@nk/pod-model";
import { PodSyncError } from "../errors.ts";
import { listLiveContainers } from "../plan/compute-plan.ts";
import { attempt, observe } from "./attempt.ts";
import { releaseVolumes } from "./pod-setup.ts";
import { removeContainer, removeSandbox } from "./remove-containers.ts";
import { currentObservation, holdObservation } from "./sync-context.ts";
import type { PodPass } from "./sync-context.ts";

/** Removes all containers, then all sandboxes, and reads the pod again, so that everyone learns at once that it is gone. */
const removeFromRuntime = async (pass: PodPass, observed: RuntimePodStatus | undefined): Promise<void> => {
  if (observed === undefined) return;
  using _hold = holdObservation(pass);
  await attempt(pass, { code: "removal-failed", what: "remove containers and sandboxes" }, async () => {
    await Promise.all(
      observed.containers.map(async ({ id, name }) => {
        await removeContainer(pass, id);
        await pass.ports.files.unlinkContainerLog({ pod: pass.ref, containerName: name, containerId: id });
      }),
    );
    for (const sandbox of observed.sandboxes) await removeSandbox(pass, sandbox.id);
  });
  await observe(pass);
};

const removeFiles = async (pass: PodPass): Promise<void> => {
  const { files } = pass.ports;
  await attempt(pass, { code: "files-failed", what: "remove the files" }, async () => {
    const options = { signal: pass.signal };
    for (const removal of [await files.removePodDirs(pass.ref.uid, options), await files.removePodLogs(pass.ref, options)]) {
      if (removal.status === "refused") throw new Error(removal.reasons.join("; "));
    }
  });
};

/**
 * Gives back what a stopped pod holds: volumes, cgroup and, when the pod is gone from its source, its containers, sandboxes, directories
 * and logs. A pod that ended by itself keeps those for `logs` and its status, as in the reference, until it is removed. Every step is
 * idempotent, and a step that fails rejects, so that a later call begins again.
 */
export const cleanUpPod = async (pass: PodPass, options: { readonly isRemoved: boolean }): Promise<void> => {
  // What was read when the pod had been stopped is still true: nobody but us starts anything in it.
  const observed = await attempt(pass, { code: "observation-failed", what: "read the runtime's state" }, () => currentObservation(pass));
  const running = listLiveContainers(observed).map((container) => container.name);
  const pod = formatPod(pass.ref);
  if (running.length > 0) {
    throw new PodSyncError("containers-still-running", `clean up pod ${pod}: containers run: ${running.join(", ")}`, {
      details: { pod, containerNames: running },
    });
  }
  if (options.isRemoved) await removeFromRuntime(pass, observed);
  await releaseVolumes(pass);
  await attempt(pass, { code: "cgroup-failed", what: "remove the cgroup" }, () =>
    pass.ports.cgroups.remove(pass.pod, { signal: pass.signal }),
  );
  await attempt(pass, { code: "files-failed", what: "give back the user ids" }, async () =>
    pass.ports.extras?.userNamespaces?.release(pass.ref.uid),
  );
  if (options.isRemoved) await removeFiles(pass);
  pass.logger.debug("pod is cleaned up", { pod: pass.ref, removed: options.isRemoved });
};
