import type { RuntimePodStatus } from "@nk/pod-model";
import { errorText, isNotFound, PodSyncError } from "../errors.ts";
import { formatPod, isHostNetwork, listContainers } from "@nk/pod-model";
import { listLiveContainers } from "../plan/compute-plan.ts";
import { computeGraceSeconds } from "../plan/grace-period.ts";
import { computeKillOrder } from "../plan/kill-order.ts";
import { findContainerSpec } from "../plan/plan-view.ts";
import type { ContainerKill } from "../plan/pod-plan.ts";
import { observe } from "./attempt.ts";
import { killContainer } from "./kill-container.ts";
import { holdObservation } from "./sync-context.ts";
import type { PodPass } from "./sync-context.ts";

/** Addresses that HTTP hooks reach the pod by. A pod must stop whatever the node can tell: without them such a hook fails, and no more. */
const hookIpsOf = async (pass: PodPass, observed: RuntimePodStatus | undefined): Promise<readonly string[]> => {
  if (!isHostNetwork(pass.pod)) return observed?.ips ?? [];
  if (listContainers(pass.pod).every(({ lifecycle }) => lifecycle?.preStop?.httpGet === undefined)) return [];
  try {
    return (await pass.ports.node.facts({ signal: pass.signal })).nodeIps;
  } catch (error) {
    pass.signal.throwIfAborted();
    pass.logger.warn("addresses of the node are not known to the hooks of a pod", { pod: pass.ref, error });
    return [];
  }
};

const rejectionsOf = (results: readonly PromiseSettledResult<unknown>[]): readonly unknown[] =>
  results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));

const failKill = (pass: PodPass, errors: readonly unknown[]): PodSyncError => {
  const pod = formatPod(pass.ref);
  return new PodSyncError("kill-failed", `stop containers of pod ${pod}: ${errors.map(errorText).join("; ")}`, {
    details: { pod },
    cause: errors[0],
  });
};

/** Kills the containers that a plan names, all at once. Rejects when one could not be stopped. */
export const killContainers = async (
  pass: PodPass,
  kills: readonly ContainerKill[],
  observed: RuntimePodStatus | undefined,
): Promise<void> => {
  const podIps = await hookIpsOf(pass, observed);
  const results = await Promise.allSettled(
    kills.map((kill) => {
      const container = findContainerSpec(pass.pod, kill.name);
      const graceSeconds = computeGraceSeconds({
        pod: pass.pod,
        reason: kill.reason,
        ...(container !== undefined && { container }),
        ...(kill.graceOverrideSeconds !== undefined && { overrideSeconds: kill.graceOverrideSeconds }),
      });
      return killContainer(pass, { id: kill.id, name: kill.name, container, message: kill.message, graceSeconds, podIps });
    }),
  );
  pass.signal.throwIfAborted();
  const errors = rejectionsOf(results);
  if (errors.length > 0) throw failKill(pass, errors);
};

const stopContainersInOrder = async (
  pass: PodPass,
  observed: RuntimePodStatus,
  overrideSeconds: number | undefined,
): Promise<unknown[]> => {
  const live = listLiveContainers(observed);
  const podIps = await hookIpsOf(pass, observed);
  const order = computeKillOrder(
    pass.pod,
    live.map((container) => container.name),
  );
  const ends = new Map(live.map((container) => [container.name, Promise.withResolvers<void>()]));
  const results = await Promise.allSettled(
    live.map(async ({ id, name }) => {
      const container = findContainerSpec(pass.pod, name);
      const before = order.get(name) ?? [];
      const turn = before.length === 0 ? undefined : Promise.all(before.flatMap((other) => ends.get(other)?.promise ?? []));
      const graceSeconds = computeGraceSeconds({
        pod: pass.pod,
        ...(container !== undefined && { container }),
        ...(overrideSeconds !== undefined && { overrideSeconds }),
      });
      try {
        await killContainer(pass, { id, name, container, graceSeconds, podIps, ...(turn !== undefined && { turn }) });
      } finally {
        // One that cannot be stopped must not hold the sidecars for the rest of the grace.
        ends.get(name)?.resolve();
      }
    }),
  );
  return [...rejectionsOf(results)];
};

const stopSandboxes = async (pass: PodPass, observed: RuntimePodStatus): Promise<readonly unknown[]> => {
  const results = await Promise.allSettled(
    observed.sandboxes.map(async (sandbox) => {
      try {
        await pass.ports.sandboxes.stopPodSandbox({ podSandboxId: sandbox.id }, { signal: pass.signal });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      pass.memory.stoppedSandboxes.add(sandbox.id);
    }),
  );
  return rejectionsOf(results);
};

/**
 * Stops every container in the order of termination, then every sandbox, also those that say they are not ready: their network may
 * still be up. A container that could not be stopped does not keep the sandbox up, because stopping the sandbox ends it as well.
 * Resolves with what is left in the runtime.
 */
export const killPod = async (
  pass: PodPass,
  observed: RuntimePodStatus | undefined,
  options: { readonly overrideSeconds?: number | undefined; readonly onContainersStopped?: (() => Promise<void>) | undefined } = {},
): Promise<RuntimePodStatus | undefined> => {
  if (observed === undefined) {
    await options.onContainersStopped?.();
    return undefined;
  }
  // Several containers may end one long after the other, and each end is to be seen; with one, what follows is soon over.
  using _one = listLiveContainers(observed).length > 1 ? undefined : holdObservation(pass);
  const containerErrors = await stopContainersInOrder(pass, observed, options.overrideSeconds);
  pass.signal.throwIfAborted();
  if (containerErrors.length === 0) await options.onContainersStopped?.();
  pass.signal.throwIfAborted();
  pass.memory.isStale = true;
  using _sandboxes = holdObservation(pass);
  const sandboxErrors = await stopSandboxes(pass, observed);
  pass.signal.throwIfAborted();
  const left = await observe(pass, {});
  if (sandboxErrors.length > 0) throw failKill(pass, [...containerErrors, ...sandboxErrors]);
  const running = listLiveContainers(left);
  if (running.length === 0) return left;
  if (containerErrors.length > 0) throw failKill(pass, containerErrors);
  const pod = formatPod(pass.ref);
  const containerNames = running.map((container) => container.name);
  throw new PodSyncError(
    "containers-still-running",
    `detected running containers after a successful KillPod, CRI violation: pod ${pod}, containers ${containerNames.join(", ")}`,
    { details: { pod, containerNames } },
  );
};
