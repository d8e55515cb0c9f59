import { formatQuantity, parseQuantity, quantityMilliValue, quantityOf, quantityOfMilli } from "@nk/pod-model";
import type { Container, ContainerStatus, ResourceRequirements, RuntimeContainerResources, RuntimeContainerStatus } from "@nk/pod-model";

type Amounts = { readonly [name: string]: string };

/** At or below these the kernel has no finer values: what was given is shown, not the value it was rounded to. */
const MIN_SHARES_MILLI = 2n;
const MIN_QUOTA_MILLI = 10n;

/** The CPU request that shares stand for; rounded up, as they were rounded down. */
const milliOfShares = (shares: bigint): bigint => (shares < 2n ? 0n : (shares * 1000n + 1023n) / 1024n);

const milliOfQuota = ({ cpuQuotaMicros = 0n, cpuPeriodMicros = 0n }: RuntimeContainerResources): bigint =>
  cpuPeriodMicros <= 0n || cpuQuotaMicros <= 0n ? 0n : (cpuQuotaMicros * 1000n) / cpuPeriodMicros;

const milliOf = (text: string | undefined): bigint => (text === undefined ? 0n : quantityMilliValue(parseQuantity(text)));

/** CPU as the runtime has it; undefined where that says nothing more than what was given. */
const reportedCpu = (milli: bigint, given: string | undefined, finest: bigint): string | undefined => {
  if (milli <= 0n || (milli <= finest && milliOf(given) <= finest)) return undefined;
  return milli === milliOf(given) ? given : formatQuantity(quantityOfMilli(milli));
};

const reportedMemory = (bytes: bigint | undefined, given: string | undefined): string | undefined => {
  if (bytes === undefined || bytes <= 0n) return undefined;
  const amount = quantityOf(bytes, "BinarySI");
  return given !== undefined && parseQuantity(given).nanos === amount.nanos ? given : formatQuantity(amount);
};

const withAmount = (amounts: Amounts, name: string, amount: string | undefined): Amounts =>
  amount === undefined ? amounts : { ...amounts, [name]: amount };

/**
 * What a container has: what the runtime reports of one that runs, where it reports anything, else what it was given. A memory request is
 * known to nobody but the kubelet (convertContainerStatusResources, kubelet_pods.go in the reference).
 */
const actualResources = (given: ResourceRequirements, reported: RuntimeContainerResources): ResourceRequirements => {
  const { requests, limits } = given;
  const cpuLimit = reportedCpu(milliOfQuota(reported), limits?.["cpu"], MIN_QUOTA_MILLI);
  const cpuRequest = reportedCpu(milliOfShares(reported.cpuShares ?? 0n), requests?.["cpu"], MIN_SHARES_MILLI);
  const memoryLimit = reportedMemory(reported.memoryLimitBytes, limits?.["memory"]);
  return {
    ...(limits === undefined ? {} : { limits: withAmount(withAmount(limits, "cpu", cpuLimit), "memory", memoryLimit) }),
    ...(requests === undefined ? {} : { requests: withAmount(requests, "cpu", cpuRequest) }),
  };
};

/**
 * `allocatedResources`: what the container was given; `resources`: what it has. While a resize of the pod is in progress the memory request that the
 * same instance had counts as what it has.
 */
export const computeResourceStatus = (
  container: Container,
  instance: RuntimeContainerStatus,
  resizing?: { readonly memoryRequest: string | undefined },
): Pick<ContainerStatus, "allocatedResources" | "resources"> => {
  const { requests, limits } = container.resources ?? {};
  const given = { ...(limits === undefined ? {} : { limits }), ...(requests === undefined ? {} : { requests }) };
  const isReported = instance.state === "running" && instance.resources !== undefined;
  const actual = isReported ? actualResources(given, instance.resources) : given;
  const had = isReported ? resizing?.memoryRequest : undefined;
  return {
    ...(requests === undefined ? {} : { allocatedResources: requests }),
    resources: actual.requests === undefined ? actual : { ...actual, requests: withAmount(actual.requests, "memory", had) },
  };
};
