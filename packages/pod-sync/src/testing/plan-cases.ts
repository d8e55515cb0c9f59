import type { Container, Pod, PodSpec, RuntimePodStatus, RuntimeSandboxStatus } from "@nk/pod-model";
import { samplePod } from "./sample-pod.ts";
import { sampleStatus } from "./sample-status.ts";
import type { SampleContainer } from "./sample-status.ts";
import { computePlan } from "../plan/compute-plan.ts";
import { DEFAULT_CRASH_BACKOFF_LIMITS } from "../plan/crash-backoff.ts";
import type { PlanFacts, ProbeResults } from "../plan/plan-input.ts";
import type { PodPlan } from "../plan/pod-plan.ts";

/** A container of image busybox. */
export const container = (name: string, more: Partial<Container> = {}): Container => ({ name, image: "busybox", ...more });
/** The same as a sidecar. */
export const sidecar = (name: string, more: Partial<Container> = {}): Container => container(name, { restartPolicy: "Always", ...more });
/** Any probe. */
export const probe: { readonly exec: { readonly command: readonly string[] } } = { exec: { command: ["true"] } };

/** Ended containers ended at second 1005; the clock shows second 1006. */
export const NOW_MS = 1_006_000;

/** What a plan depends on; `probes` by container id. */
export const facts = (probes: { readonly [id: string]: ProbeResults } = {}, more: Partial<PlanFacts> = {}): PlanFacts => ({
  nowMs: NOW_MS,
  probes: new Map(Object.entries(probes)),
  backoffs: new Map(),
  backoffLimits: DEFAULT_CRASH_BACKOFF_LIMITS,
  ...more,
});

/** A plan in one line per step. */
export const briefPlan = (plan: PodPlan): readonly string[] => [
  ...(plan.killPod === undefined ? [] : [`kill pod: ${plan.killPod}`]),
  ...(plan.createSandbox === undefined ? [] : [`sandbox ${plan.sandboxAttempt}: ${plan.createSandbox}`]),
  ...(plan.restartAll === undefined ? [] : [`restart all: ${plan.restartAll.source}`]),
  ...plan.containersToKill.map(({ id, reason }) => `kill ${id}: ${reason}`),
  ...plan.containersToRemove.map(({ id, reason }) => `remove ${id}: ${reason}`),
  ...plan.sandboxesToRemove.map((id) => `remove sandbox ${id}`),
  ...plan.containersToStart.map(({ name, kind, attempt, reason }) => `start ${kind} ${name} ${attempt ?? "?"}: ${reason}`),
  ...plan.waits.map((wait) => `wait ${wait.on} ${wait.container}`),
  ...(plan.isFinished ? ["finished"] : []),
];

/** One row of a table of plans. */
export interface Case {
  readonly pod?: Partial<PodSpec>;
  readonly metadata?: Pod["metadata"];
  readonly has?: readonly SampleContainer[];
  readonly sandboxes?: readonly Partial<RuntimeSandboxStatus>[];
  readonly nothing?: true;
  readonly probes?: { readonly [id: string]: ProbeResults };
  readonly facts?: Partial<PlanFacts>;
  readonly plan: readonly string[];
}

/** The plan of a row. */
export const planOf = (given: Case): PodPlan => {
  const observed: RuntimePodStatus | undefined = given.nothing ? undefined : sampleStatus(given.has, given.sandboxes);
  return computePlan({ pod: samplePod(given.pod, given.metadata), observed, facts: facts(given.probes, given.facts) });
};

/** A container that ended at second 1005. */
export const exited = (name: string, exitCode = 0, more: Partial<SampleContainer> = {}): SampleContainer => ({
  name,
  state: "exited",
  exitCode,
  ...more,
});
/** A sandbox that died. */
export const notReady = { state: "notready" } as const;
/** Two init containers. */
export const initPod: Partial<PodSpec> = { initContainers: [container("i1"), container("i2")] };
/** Metadata of a pod that is being deleted. */
export const deleted = { deletionTimestamp: "2026-01-01T00:00:00Z", deletionGracePeriodSeconds: 30 };

/** Cases by the sentence they stand for. */
export type Cases = { readonly [name: string]: Case };
