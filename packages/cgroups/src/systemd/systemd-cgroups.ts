import type { Cgroups, WaitOptions } from "../cgroups.ts";
import { checkResources } from "../check-resources.ts";
import { CgroupsError } from "../errors.ts";
import { sliceDirectory } from "../names.ts";
import { computeSliceProperties, computeUnitProperties } from "./properties.ts";
import type { Systemd } from "./systemd.ts";

/** The slice that a path is; systemd owns the tree and takes no other place for it. */
const sliceOf = (path: string): string => {
  const name = path.slice(path.lastIndexOf("/") + 1);
  if (sliceDirectory(name) !== path || path === "/")
    throw new CgroupsError("invalid-path", `use ${path} as a slice: systemd has it at ${sliceDirectory(name) ?? "no place"}`, { path });
  return name;
};

/**
 * Cgroups on a host whose tree belongs to systemd: it makes, limits and ends the slices, and what it does not know of is done to the
 * cgroup itself. Paths are those of slices, e.g. `/a.slice/a-b.slice`, where something is made, limited or removed; containers in them, which are
 * scopes of the runtime, can be read, frozen and killed as everywhere.
 */
export const createSystemdCgroups = (options: { readonly cgroups: Cgroups; readonly systemd: Systemd }): Cgroups => {
  const { cgroups, systemd } = options;
  const version = async (): Promise<1 | 2> => ((await cgroups.layout()).version === "v2" ? 2 : 1);

  /** Ends the unit; its cgroup goes with it but where systemd does not know of it. */
  const stop = async (path: string, waiting: WaitOptions): Promise<boolean> => systemd.stopUnit(sliceOf(path), waiting);

  const apply: Cgroups["apply"] = async (path, resources) => {
    checkResources(path, resources);
    const properties = computeUnitProperties(await version(), resources);
    // Else systemd would write back what it has at its next change of the unit.
    if (properties.length > 0) await systemd.setUnitProperties(sliceOf(path), properties);
    await cgroups.apply(path, resources);
  };

  return {
    ...cgroups,
    ensure: async (path, resources = {}) => {
      const slice = sliceOf(path);
      checkResources(path, resources);
      const host = await version();
      const properties = [...computeSliceProperties(host, slice), ...computeUnitProperties(host, resources)];
      const isNew = await systemd.startTransientUnit(slice, properties);
      try {
        // In the trees of controllers that systemd does not use, e.g. v1's cpuset.
        await cgroups.ensure(path);
        // What systemd does not know of, or rounds.
        if (isNew) await cgroups.apply(path, resources);
      } catch (error) {
        // One that was left without would be found by the next who asks for it. The first failure is the one to tell.
        if (isNew) await systemd.stopUnit(slice).catch(() => false);
        throw error;
      }
    },
    apply,
    remove: async (path, waiting = {}) => {
      if ((await cgroups.pids(path)).length > 0)
        throw new CgroupsError("busy", `remove cgroup ${path}: there are processes in it`, { path });
      await stop(path, waiting);
      await cgroups.remove(path, waiting);
    },
    destroy: async (path, waiting = {}) => {
      await cgroups.kill(path, waiting);
      const wasUnit = await stop(path, waiting);
      return (await cgroups.destroy(path, waiting)) || wasUnit;
    },
  };
};
