import type { RuntimePodStatus } from "@nk/pod-model";
import { formatPod } from "@nk/pod-model";
import { computeBackoffMs } from "@nk/stdx";
import { errorText, PodSyncError } from "../errors.ts";
import { computePlan } from "../plan/compute-plan.ts";
import type { PlanFacts } from "../plan/plan-input.ts";
import { createPlanView } from "../plan/plan-view.ts";
import { isResized } from "../plan/resize.ts";
import { explainPlan } from "./explain-plan.ts";
import { reportBackoffs } from "./report-backoffs.ts";
import { runRound } from "./run-round.ts";
import type { WaitingReason } from "./start-container.ts";
import { currentObservation } from "./sync-context.ts";
import type { PodPass } from "./sync-context.ts";

/** What one pass over a pod came to. */
export interface SyncResult {
  /** When to pass again if nothing happens before, `Clock.nowMs`: the end of a back-off, or another try after a failure. */
  readonly retryAtMs?: number;
  /** By container name: why containers that should run do not, as the pod's status is to show it. */
  readonly containerReasons: ReadonlyMap<string, WaitingReason>;
  /** The first thing that failed. */
  readonly error?: PodSyncError;
  /** How the resize stands that the pass was asked for; absent while there is none, or while it goes on. */
  readonly resize?: { readonly acceptedAtMs: number; readonly error?: string };
}

/** The network of a node comes up once; looking each second is what the reference does. */
const NETWORK_RETRY_MS = 1000;

const gatherFacts = (pass: PodPass, observed: RuntimePodStatus | undefined): PlanFacts => ({
  nowMs: pass.clock.nowMs(),
  probes: new Map(observed?.containers.map((container) => [container.id, pass.ports.probes.results(container.id)])),
  backoffs: pass.memory.backoffs,
  backoffLimits: pass.settings.crashBackoff,
  waits: pass.memory.reportedBackoffs,
  ...resizeFacts(pass),
});

/** Of an order that was not met before nothing is done yet. */
const resizeFacts = ({ resize, memory }: PodPass): Pick<PlanFacts, "resize"> => {
  if (resize === undefined) return {};
  if (memory.resized.acceptedAtMs !== resize.acceptedAtMs) memory.resized = { acceptedAtMs: resize.acceptedAtMs, done: new Set() };
  return { resize: { ...resize, madeFor: memory.madeFor, done: memory.resized.done } };
};

/** How the order stands, by what the runtime has after the pass. */
const reportResize = (pass: PodPass, errors: readonly PodSyncError[]): Pick<SyncResult, "resize"> => {
  if (pass.resize === undefined) return {};
  const { acceptedAtMs } = pass.resize;
  const failed = errors.find((error) => error.code === "resize-failed");
  if (failed !== undefined) return { resize: { acceptedAtMs, error: errorText(failed.cause) } };
  const observed = pass.ports.observed.get(pass.ref.uid);
  const view = createPlanView({ pod: pass.pod, observed, facts: gatherFacts(pass, observed) }, undefined);
  return isResized(view) ? { resize: { acceptedAtMs } } : {};
};

/** When to try again after failures that have no time of their own: soon, then less and less often. */
const scheduleRetry = (pass: PodPass, errors: readonly PodSyncError[]): readonly number[] => {
  if (errors.length === 0) {
    pass.memory.failureCount = 0;
    return [];
  }
  const nowMs = pass.clock.nowMs();
  if (errors.every((error) => error.code === "network-not-ready")) return [nowMs + NETWORK_RETRY_MS];
  const { retryInitialMs: initialMs, retryMaxMs: maxMs } = pass.settings;
  const delayMs = computeBackoffMs({ attempt: pass.memory.failureCount, initialMs, maxMs, jitter: 0.1, random: pass.random });
  pass.memory.failureCount += 1;
  return [nowMs + delayMs];
};

const toResult = (
  times: readonly number[],
  reasons: ReadonlyMap<string, WaitingReason>,
  error: PodSyncError | undefined,
): Omit<SyncResult, "resize"> => ({
  containerReasons: reasons,
  ...(times.length > 0 && { retryAtMs: Math.min(...times) }),
  ...(error !== undefined && { error }),
});

/** One pass: observe, plan, execute; again at once when a sidecar that just started lets the next container start. */
export const syncPod = async (pass: PodPass): Promise<SyncResult> => {
  const reasons = new Map<string, WaitingReason>();
  const errors: PodSyncError[] = [];
  let times: readonly number[] = [];
  for (let round = 0; round < pass.settings.maxRounds; round += 1) {
    pass.signal.throwIfAborted();
    let observed;
    try {
      observed = await currentObservation(pass);
    } catch (error) {
      pass.signal.throwIfAborted();
      const pod = formatPod(pass.ref);
      errors.push(new PodSyncError("observation-failed", `read pod ${pod}: ${errorText(error)}`, { details: { pod }, cause: error }));
      break;
    }
    const plan = computePlan({ pod: pass.pod, observed, facts: gatherFacts(pass, observed) });
    for (const { text, fields } of explainPlan(plan)) pass.settings.onDecision(pass.ref.uid, text, fields);
    reasons.clear();
    for (const [name, reason] of reportBackoffs(pass, plan.waits)) reasons.set(name, reason);
    const outcome = await runRound(pass, { plan, observed });
    for (const [name, reason] of outcome.reasons) reasons.set(name, reason);
    errors.push(...outcome.errors);
    times = [...(plan.retryAtMs === undefined ? [] : [plan.retryAtMs]), ...outcome.retryAtMs];
    if (!outcome.startedSidecar || errors.length > 0) break;
  }
  return { ...toResult([...times, ...scheduleRetry(pass, errors)], reasons, errors[0]), ...reportResize(pass, errors) };
};
