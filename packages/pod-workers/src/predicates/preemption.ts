import { computePodRequests, computeQosClass, isCriticalPod, quantityMilliValue, quantityValue } from "@nk/pod-model";
import type { Pod, QosClass } from "@nk/pod-model";
import type { Shortage } from "./resource-fit.ts";

/** What is missing of a resource: CPU in thousandths of a core, everything else in whole units. */
interface Need {
  readonly resource: string;
  readonly amount: bigint;
}

/** A pod that may go, with what it would give back. */
interface Candidate {
  readonly pod: Pod;
  readonly qosClass: QosClass;
  gives(resource: string): bigint;
}

/** Whom to stop, or why that would not help. */
export type Preemption =
  | { readonly type: "victims"; readonly victims: readonly Pod[] }
  | { readonly type: "impossible"; readonly why: string };

/** Whether a pod may make another one go: it is critical and the other is not, or its priority is higher. */
const mayPreempt = (asking: Pod, other: Pod): boolean => {
  if (isCriticalPod(asking) && !isCriticalPod(other)) return true;
  const [mine, theirs] = [asking.spec?.priority, other.spec?.priority];
  return mine !== undefined && theirs !== undefined && mine > theirs;
};

const toCandidate = (pod: Pod): Candidate => {
  const requests = computePodRequests(pod);
  return {
    pod,
    qosClass: computeQosClass(pod),
    gives: (resource) => {
      if (resource === "pods") return 1n;
      const amount = requests[resource];
      if (amount === undefined) return 0n;
      return resource === "cpu" ? quantityMilliValue(amount) : quantityValue(amount);
    },
  };
};

/** What is still missing when all of these have gone. */
const without = (needs: readonly Need[], gone: readonly Candidate[]): readonly Need[] =>
  needs.flatMap(({ resource, amount }) => {
    const left = gone.reduce((rest, candidate) => rest - candidate.gives(resource), amount);
    return left > 0n ? [{ resource, amount: left }] : [];
  });

/** Between 0, all is met, and the number of needs, nothing is; each need weighs the same. */
const distance = (needs: readonly Need[], candidate: Candidate): number =>
  needs.reduce((sum, { resource, amount }) => {
    const left = Number(amount - candidate.gives(resource));
    return left > 0 ? sum + (left / Number(amount)) ** 2 : sum;
  }, 0);

const asksForLess = (a: Candidate, b: Candidate): boolean => {
  for (const resource of ["memory", "cpu"]) {
    const [mine, theirs] = [a.gives(resource), b.gives(resource)];
    if (mine !== theirs) return mine < theirs;
  }
  return true;
};

const describe = (needs: readonly Need[]): string =>
  `[${needs.map(({ resource, amount }) => `(res: ${resource}, q: ${amount}), `).join("")}]`;

/** The pod that meets most of the needs, again and again; of two that meet as much, the one that asks for less. */
const chooseFrom = (candidates: readonly Candidate[], needs: readonly Need[]): readonly Candidate[] => {
  const left = [...candidates];
  const chosen: Candidate[] = [];
  let missing = needs;
  while (missing.length > 0 && left.length > 0) {
    let best = { index: 0, distance: missing.length + 1 };
    for (const [index, candidate] of left.entries()) {
      const own = distance(missing, candidate);
      const current = left[best.index] ?? candidate;
      if (own < best.distance || (own === best.distance && asksForLess(candidate, current))) best = { index, distance: own };
    }
    const [taken] = left.splice(best.index, 1);
    if (taken === undefined) break;
    chosen.push(taken);
    missing = without(missing, [taken]);
  }
  return chosen;
};

/**
 * Which pods to stop so that a critical pod fits: as few and as unimportant as can be, Guaranteed ones only for what Burstable and
 * BestEffort ones cannot give, and so on (getPodsToPreempt, pkg/kubelet/preemption in the reference).
 * @throws PodModelError `invalid-quantity`
 */
export const choosePreemption = (asking: Pod, others: readonly Pod[], shortages: readonly Shortage[]): Preemption => {
  const needs = shortages.map(({ resource, requested, used, capacity }) => ({ resource, amount: requested - (capacity - used) }));
  const candidates = others.filter((other) => mayPreempt(asking, other)).map(toCandidate);
  const of = (qosClass: QosClass): readonly Candidate[] => candidates.filter((candidate) => candidate.qosClass === qosClass);
  const [bestEffort, burstable, guaranteed] = [of("BestEffort"), of("Burstable"), of("Guaranteed")];
  const unmet = without(needs, candidates);
  if (unmet.length > 0) return { type: "impossible", why: `no set of running pods found to reclaim resources: ${describe(unmet)}` };
  const firmest = chooseFrom(guaranteed, without(needs, [...bestEffort, ...burstable]));
  const firm = chooseFrom(burstable, without(needs, [...bestEffort, ...firmest]));
  const loose = chooseFrom(bestEffort, without(needs, [...firm, ...firmest]));
  return { type: "victims", victims: [...loose, ...firm, ...firmest].map(({ pod }) => pod) };
};
