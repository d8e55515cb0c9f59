import { compareQuantities, computePodRequests, computeQosClass, quantityOf } from "@nk/pod-model";
import type { Pod, ResourceAmounts } from "@nk/pod-model";

/** A resize that waits for its turn. */
export interface WaitingResize {
  /** The pod with what it was given. */
  readonly allocated: Pod;
  /** The pod with what it asks for. */
  readonly wanted: Pod;
  /** Since when it is deferred, epoch ms; absent when it was never judged. */
  readonly deferredSinceMs: number | undefined;
}

interface Rank {
  readonly increases: boolean;
  readonly priority: number;
  readonly isGuaranteed: boolean;
  readonly sinceMs: number;
}

const ZERO = quantityOf(0n);

const isMore = (wanted: ResourceAmounts, given: ResourceAmounts, resource: string): boolean =>
  compareQuantities(wanted[resource] ?? ZERO, given[resource] ?? ZERO) > 0;

const rankOf = ({ allocated, wanted, deferredSinceMs }: WaitingResize): Rank => {
  const [asked, given] = [computePodRequests(wanted), computePodRequests(allocated)];
  return {
    increases: isMore(asked, given, "memory") || isMore(asked, given, "cpu"),
    priority: wanted.spec?.priority ?? 0,
    isGuaranteed: computeQosClass(wanted) === "Guaranteed",
    sinceMs: deferredSinceMs ?? Number.POSITIVE_INFINITY,
  };
};

const compareRanks = (a: Rank, b: Rank): number => {
  if (a.increases !== b.increases) return a.increases ? 1 : -1;
  if (!a.increases) return 0;
  if (a.priority !== b.priority) return b.priority - a.priority;
  if (a.isGuaranteed !== b.isGuaranteed) return a.isGuaranteed ? -1 : 1;
  return a.sinceMs === b.sinceMs ? 0 : a.sinceMs - b.sinceMs;
};

/**
 * In which order resizes are tried: those that ask for no more than they have, then by priority, Guaranteed pods first, and the longest
 * deferred first (sortPendingResizes, pkg/kubelet/allocation in the reference). Otherwise as given.
 * @throws PodModelError `invalid-quantity`
 */
export const orderResizes = <T extends WaitingResize>(waiting: readonly T[]): readonly T[] =>
  waiting
    .map((resize) => ({ resize, rank: rankOf(resize) }))
    .toSorted((a, b) => compareRanks(a.rank, b.rank))
    .map(({ resize }) => resize);
