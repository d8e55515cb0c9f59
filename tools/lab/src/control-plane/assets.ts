import { existsSync } from "node:fs";
import { join } from "node:path";
import { LabError } from "../errors.ts";

/** The environment variable that names the folder of the real binaries, by the convention of envtest. */
export const ASSETS_VARIABLE = "KUBEBUILDER_ASSETS";

/** Looks for binaries of the real control plane; undefined when the environment names no folder. */
export const findAssetsDir = (): string | undefined => process.env[ASSETS_VARIABLE] || undefined;

/** The path of a binary. @throws LabError "host-unfit" when it is not there */
export const requireAsset = (assetsDir: string, name: string): string => {
  const path = join(assetsDir, name);
  if (!existsSync(path)) throw new LabError("host-unfit", `${name} is not in ${assetsDir}, the folder that ${ASSETS_VARIABLE} names`);
  return path;
};
