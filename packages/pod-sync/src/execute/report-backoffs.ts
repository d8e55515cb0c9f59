import { CONTAINER_REASONS, EVENT_REASONS, formatPod } from "@nk/pod-model";
import { formatGoDuration } from "@nk/stdx";
import type { PlanWait } from "../plan/pod-plan.ts";
import { findFieldPath, recordEvent } from "./pod-events.ts";
import type { WaitingReason } from "./start-container.ts";
import type { PodPass } from "./sync-context.ts";

type BackoffWait = Extract<PlanWait, { on: "crash-backoff" }>;

const reportOnce = (pass: PodPass, wait: BackoffWait): void => {
  const { reportedBackoffs } = pass.memory;
  const { containerId } = wait;
  const nowMs = pass.clock.nowMs();
  const known = reportedBackoffs.get(wait.container);
  // What lies in the future was seen before the clock was set back.
  const last = known?.containerId === containerId && known.sinceMs <= nowMs ? known : undefined;
  // Passes come with every change of the pod here, and an event for each would drown the pod's others.
  if (last !== undefined && nowMs - last.atMs < pass.settings.backoffEventIntervalMs) return;
  reportedBackoffs.set(wait.container, { containerId, sinceMs: last?.sinceMs ?? nowMs, atMs: nowMs });
  recordEvent(pass, {
    type: "Warning",
    reason: EVENT_REASONS.BackOff,
    message: `Back-off restarting failed container ${wait.container} in pod ${formatPod(pass.ref)}`,
    fieldPath: findFieldPath(pass.pod, wait.container),
  });
};

/** The waiting reasons of containers in their crash back-off; the events of it as well. */
export const reportBackoffs = (pass: PodPass, waits: readonly PlanWait[]): ReadonlyMap<string, WaitingReason> => {
  const reasons = new Map<string, WaitingReason>();
  for (const wait of waits) {
    if (wait.on !== "crash-backoff") continue;
    reportOnce(pass, wait);
    const duration = formatGoDuration(wait.backoffMs);
    const message = `back-off ${duration} restarting failed container=${wait.container} pod=${formatPod(pass.ref)}`;
    reasons.set(wait.container, { reason: CONTAINER_REASONS.CrashLoopBackOff, message });
  }
  return reasons;
};
