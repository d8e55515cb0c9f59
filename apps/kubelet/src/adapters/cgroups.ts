import { podCgroupDirectory, podCgroupPath } from "@nk/cgroups";
import type { CgroupDriver, CgroupLimits, Cgroups, PodCgroupInput, QosClass } from "@nk/cgroups";
import { computeQosClass, podRef } from "@nk/pod-model";
import type { Pod } from "@nk/pod-model";
import type { CgroupPort, PodCgroupLimits } from "@nk/pod-sync";

const QOS_CLASSES: readonly QosClass[] = ["Guaranteed", "Burstable", "BestEffort"];

/** Pod cgroups as pod-sync wants them. */
export const podCgroups = (
  cgroups: Cgroups,
  parts: { readonly driver: CgroupDriver; readonly cgroupRoot: string; readonly limitsOf: (pod: Pod) => CgroupLimits },
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
    readState: (pod) => cgroups.readState(podCgroupDirectory(input(pod, computeQosClass(pod)))),
    // What is written below systemd's back it would undo.
    ...(naming.driver === "cgroupfs" && {
      setLimits: (pod: Pod, limits: PodCgroupLimits) => cgroups.setLimits(podCgroupDirectory(input(pod, computeQosClass(pod))), limits),
    }),
    listPods: async () => (await cgroups.listPods(naming)).map(({ uid }) => uid),
  };
};
