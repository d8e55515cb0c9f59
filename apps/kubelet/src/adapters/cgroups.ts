import { podCgroupDirectory, podCgroupPath } from "@nk/cgroups";
import type { CgroupDriver, Cgroups, PodCgroupInput } from "@nk/cgroups";
import { computeQosClass, podRef } from "@nk/pod-model";
import type { Pod } from "@nk/pod-model";

/** Pod cgroups as pod-sync wants them. */
export const podCgroups = (cgroups: Cgroups, naming: { readonly driver: () => CgroupDriver; readonly cgroupRoot: string }) => {
  const input = (pod: Pod): PodCgroupInput => ({
    driver: naming.driver(),
    cgroupRoot: naming.cgroupRoot,
    qosClass: computeQosClass(pod),
    uid: podRef(pod).uid,
  });
  return {
    ensure: async (pod: Pod, { signal }: { readonly signal?: AbortSignal }): Promise<string> => {
      signal?.throwIfAborted();
      // systemd makes its slices itself when the runtime asks for a scope in them.
      if (naming.driver() === "cgroupfs") await cgroups.ensure(podCgroupDirectory(input(pod)));
      return podCgroupPath(input(pod));
    },
    remove: async (pod: Pod, options: { readonly signal?: AbortSignal }): Promise<void> => {
      const directory = podCgroupDirectory(input(pod));
      await cgroups.kill(directory, options);
      await cgroups.remove(directory, options);
    },
  };
};
