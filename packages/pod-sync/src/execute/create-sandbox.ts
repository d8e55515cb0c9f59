import { EVENT_REASONS, formatPod, isHostNetwork } from "@nk/pod-model";
import type { RuntimePodStatus } from "@nk/pod-model";
import { errorText, PodSyncError, rpcErrorText } from "../errors.ts";
import { recordEvent, recordSandboxFailure } from "./pod-events.ts";
import type { PodSetup } from "./pod-setup.ts";
import { timeStep } from "./time-step.ts";
import { holdObservation, refreshObservation } from "./sync-context.ts";
import type { PodPass } from "./sync-context.ts";

/** The new sandbox and what the runtime then says about the pod. */
export interface CreatedSandbox {
  readonly sandboxId: string;
  readonly observed: RuntimePodStatus | undefined;
}

/** Refuses when the pod needs a network that the node does not have yet. */
export const checkNetwork = (pass: PodPass): void => {
  const problem = isHostNetwork(pass.pod) ? undefined : pass.ports.node.networkProblem?.();
  if (problem === undefined) return;
  recordEvent(pass, { type: "Warning", reason: EVENT_REASONS.NetworkNotReady, message: `network is not ready: ${problem}` });
  throw new PodSyncError("network-not-ready", `network is not ready: ${problem}`, { details: { pod: formatPod(pass.ref) } });
};

const runSandbox = async (pass: PodPass, setup: PodSetup): Promise<string> => {
  const { metrics, clock } = pass;
  const labels = { runtime_handler: setup.handler.name };
  const startMs = clock.monotonicMs();
  const hasUserNamespace = pass.pod.spec?.hostUsers === false;
  metrics.startedPods.inc();
  if (hasUserNamespace) metrics.startedUserNamespacedPods.inc();
  pass.memory.isStale = true;
  pass.memory.isTouched = true;
  try {
    const { podSandboxId } = await timeStep(pass, { name: "sandbox" }, () =>
      pass.ports.sandboxes.runPodSandbox({ config: setup.sandboxConfig, runtimeHandler: setup.handler.name }),
    );
    metrics.runPodSandboxSeconds.observe((clock.monotonicMs() - startMs) / 1000, labels);
    return podSandboxId;
  } catch (error) {
    metrics.runPodSandboxErrors.inc(labels);
    metrics.startedPodsErrors.inc();
    if (hasUserNamespace) metrics.startedUserNamespacedPodsErrors.inc();
    throw error;
  }
};

/** Makes the pod's sandbox and reads its addresses. A failure is an event; the next pass tries again. */
export const createSandbox = async (pass: PodPass, setup: PodSetup): Promise<CreatedSandbox> => {
  pass.signal.throwIfAborted();
  const turn = pass.sandboxStarts.take(pass.signal);
  using _turn = turn instanceof Promise ? await turn : turn;
  using _hold = holdObservation(pass);
  let sandboxId: string;
  try {
    sandboxId = await runSandbox(pass, setup);
  } catch (error) {
    const pod = formatPod(pass.ref);
    recordSandboxFailure(pass, error);
    throw new PodSyncError("sandbox-failed", `create sandbox of pod ${pod}: ${errorText(error)}`, { details: { pod }, cause: error });
  }
  pass.signal.throwIfAborted();
  try {
    const observed = await refreshObservation(pass, { sandboxId });
    pass.settings.onSandboxReady(pass.ref);
    return { sandboxId, observed };
  } catch (error) {
    pass.signal.throwIfAborted();
    const pod = formatPod(pass.ref);
    const message = `Unable to get pod sandbox status: ${rpcErrorText(error)}`;
    recordEvent(pass, { type: "Warning", reason: EVENT_REASONS.FailedPodSandBoxStatus, message });
    throw new PodSyncError("observation-failed", `read pod ${pod}: ${errorText(error)}`, { details: { pod }, cause: error });
  }
};
