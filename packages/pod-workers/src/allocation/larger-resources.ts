import { compareQuantities, isPodModelError, parseQuantity } from "@nk/pod-model";
import type { PodResources, ResourceRequirements } from "@nk/pod-model";

type Amounts = { readonly [name: string]: string };

const larger = (a: string, b: string): string => {
  try {
    return compareQuantities(parseQuantity(a), parseQuantity(b)) >= 0 ? a : b;
  } catch (error) {
    if (!isPodModelError(error)) throw error;
    return a;
  }
};

const largerAmounts = (a: Amounts = {}, b: Amounts = {}): Amounts => ({
  ...b,
  ...Object.fromEntries(Object.entries(a).map(([name, amount]) => [name, larger(amount, b[name] ?? "0")])),
});

const largerRequests = (a: ResourceRequirements, b: ResourceRequirements | undefined): ResourceRequirements =>
  b?.requests === undefined ? a : { ...a, requests: largerAmounts(a.requests, b.requests) };

/** What a pod holds that is on its way from one to the other: of each request the larger. Limits are the first's. */
export const computeLargerResources = (now: PodResources, before: PodResources): PodResources => ({
  containers: Object.fromEntries(
    Object.entries(now.containers).map(([name, resources]) => [name, largerRequests(resources, before.containers[name])]),
  ),
  ...(now.pod === undefined ? {} : { pod: largerRequests(now.pod, before.pod) }),
});
