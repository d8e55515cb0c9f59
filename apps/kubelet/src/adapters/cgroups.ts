import { podCgroupDirectory, podCgroupPath } from "@nk/cgroups";
import type { CgroupDriver, CgroupResources, Cgroups, PodCgroupInput, QosClass } from "@nk/cgroups";
import { computeQosClass, podRef } from "@nk/pod-model";
import type { Pod } from "@nk/pod-model";
import type { CgroupPort, PodCgroupLimits } from "@nk/pod-sync";

const QOS_CLASSES: readonly QosClass[] = ["Guaranteed", "Burstable", "BestEffort"];

/** No limit, for none and for more than any machine has: beyond this a number is not exact, and cgroups take none such. */
const toLimit = (amount: bigint): number | "max" => (amount <= 0n || amount > BigInt(Number.MAX_SAFE_INTEGER) ? "max" : Number(amount));

/** The limits of a pod's cgroup as the cgroups have them. */
export const toResources = (limits: PodCgroupLimits): CgroupResources => {
  const { cpuShares, cpuQuotaMicros, cpuPeriodMicros, memoryLimitBytes, hugepageLimitsBytes } = limits;
  return {
    ...(cpuShares === undefined ? {} : { cpuShares: Number(cpuShares) }),
    ...(cpuQuotaMicros === undefined ? {} : { cpuQuotaMicros: toLimit(cpuQuotaMicros) }),
    ...(cpuPeriodMicros === undefined ? {} : { cpuPeriodMicros: Number(cpuPeriodMicros) }),
    ...(memoryLimitBytes === undefined ? {} : { memoryBytes: toLimit(memoryLimitBytes) }),
    ...(hugepageLimitsBytes === undefined
      ? {}
      : { hugePageBytes: Object.fromEntries(Object.entries(hugepageLimitsBytes).map(([size, bytes]) => [size, Number(bytes)])) }),
  };
};

const toPodLimits = ({ cpuShares, cpuQuotaMicros, cpuPeriodMicros, memoryBytes }: CgroupResources): PodCgroupLimits => ({
  ...(cpuShares === undefined ? {} : { cpuShares: BigInt(cpuShares) }),
  ...(cpuQuotaMicros === undefined ? {} : { cpuQuotaMicros: cpuQuotaMicros === "max" ? -1n : BigInt(cpuQuotaMicros) }),
  ...(cpuPeriodMicros === undefined ? {} : { cpuPeriodMicros: BigInt(cpuPeriodMicros) }),
  ...(memoryBytes === undefined || memoryBytes === "max" ? {} : { memoryLimitBytes: BigInt(memoryBytes) }),
});

/** Pod cgroups as pod-sync wants them. */
export const podCgroups = (
  cgroups: Cgroups,
  parts: { readonly driver: CgroupDriver; readonly cgroupRoot: string; readonly limitsOf: (pod: Pod) => CgroupResources },
): CgroupPort => {
  const { limitsOf, ...naming } = parts;
  const input = (pod: Pod, qosClass: QosClass): PodCgroupInput => ({ ...naming, qosClass, uid: podRef(pod).uid });
  return {
    ensure: async (pod, { signal }) => {
      signal?.throwIfAborted();
      const wanted = input(pod, computeQosClass(pod));
      // systemd makes its slices itself when the runtime asks for a scope in them.
      if (naming.driver === "cgroupfs") await cgroups.ensure(podCgroupDirectory(wanted), limitsOf(pod));
      return podCgroupPath(wanted);
    },
    remove: async (pod, { signal }) => {
      const options = signal === undefined ? {} : { signal };
      const computed = computeQosClass(pod);
      if (await cgroups.destroy(podCgroupDirectory(input(pod, computed)), options)) return;
      // Wherever it lies: the definition, and with it the class, may be gone.
      const others = QOS_CLASSES.filter((qosClass) => qosClass !== computed);
      await Promise.all(others.map((qosClass) => cgroups.destroy(podCgroupDirectory(input(pod, qosClass)), options)));
    },
    killContainer: async (pod, { containerId, signal }) => {
      const options = signal === undefined ? {} : { signal };
      for (const qosClass of QOS_CLASSES) await cgroups.kill(`${podCgroupDirectory(input(pod, qosClass))}/${containerId}`, options);
    },
    readState: async (pod) => {
      const path = podCgroupDirectory(input(pod, computeQosClass(pod)));
      const [resources, usage] = await Promise.all([cgroups.read(path), cgroups.memoryUsage(path)]);
      return { limits: toPodLimits(resources), ...(usage === undefined ? {} : { memoryUsageBytes: BigInt(usage) }) };
    },
    // What is written below systemd's back it would undo.
    ...(naming.driver === "cgroupfs" && {
      setLimits: (pod: Pod, limits: PodCgroupLimits) =>
        cgroups.apply(podCgroupDirectory(input(pod, computeQosClass(pod))), toResources(limits)),
    }),
    listPods: async () => (await cgroups.listPods(naming)).map(({ uid }) => uid),
  };
};
