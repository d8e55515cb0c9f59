import { rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { systemClock } from "@nk/stdx";

/** How a file comes into the folder. */
export type WriteWay = "rename" | "write";

/** Puts manifests into the folder that the kubelet watches. Each call resolves with the wall clock at its return, milliseconds. */
export interface ManifestFolder {
  readonly path: string;
  write(name: string, text: string, way: WriteWay): Promise<number>;
  remove(name: string): Promise<number>;
}

/** The folder must exist. */
export const createManifestFolder = (path: string): ManifestFolder => {
  const fileOf = (name: string): string => join(path, `${name}.json`);
  return {
    path,
    write: async (name, text, way) => {
      if (way === "write") await writeFile(fileOf(name), text);
      else {
        // Kubelets pass over hidden files.
        const draft = join(path, `.${name}.draft`);
        await writeFile(draft, text);
        await rename(draft, fileOf(name));
      }
      return systemClock.nowMs();
    },
    remove: async (name) => {
      await rm(fileOf(name));
      return systemClock.nowMs();
    },
  };
};
