import { mkdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import type { MountPort } from "../ports.ts";

/** Mounts that exist on paper: the directories are real, what is in them stays when they are "unmounted". */
export interface FakeMounts extends MountPort {
  readonly mounted: { mountPoint: string; fsType: string }[];
  /** What was asked, in order. */
  readonly calls: string[];
  /** Set to make the next calls of this kind fail. */
  readonly failures: { mountTmpfs?: Error; unmount?: Error; changeGroup?: Error };
}

/** Nothing mounted. */
export const createFakeMounts = (): FakeMounts => {
  const mounted: { mountPoint: string; fsType: string }[] = [];
  const calls: string[] = [];
  const failures: FakeMounts["failures"] = {};
  const isWithin = (path: string, directory: string): boolean => path === directory || path.startsWith(`${directory}/`);
  return {
    mounted,
    calls,
    failures,
    list: async ({ below }) => {
      const real = await realpath(below).catch(() => undefined);
      return real === undefined ? [] : mounted.filter(({ mountPoint }) => isWithin(mountPoint, real));
    },
    mountTmpfs: async ({ target, sizeBytes }) => {
      calls.push(`tmpfs ${target} ${sizeBytes ?? "default"}`);
      if (failures.mountTmpfs !== undefined) throw failures.mountTmpfs;
      mounted.push({ mountPoint: await realpath(target), fsType: "tmpfs" });
    },
    bindSubPath: async ({ root, subPath, target }) => {
      calls.push(`bind ${join(root, subPath)} ${target}`);
      await mkdir(target, { recursive: true });
      mounted.push({ mountPoint: await realpath(target), fsType: "ext4" });
    },
    unmount: async (path, { detach }) => {
      calls.push(`unmount ${path}${detach === true ? " detach" : ""}`);
      if (failures.unmount !== undefined) throw failures.unmount;
      const index = mounted.findLastIndex(({ mountPoint }) => mountPoint === path);
      if (index >= 0) mounted.splice(index, 1);
    },
    changeGroup: async ({ path, gid, readOnly, onFile }) => {
      calls.push(`group ${path} ${gid} ${readOnly ? "ro" : "rw"}`);
      onFile?.();
      if (failures.changeGroup !== undefined) throw failures.changeGroup;
    },
  };
};
