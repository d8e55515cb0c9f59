import { LabError } from "../errors.ts";
import type { RealOptions } from "./real.ts";
import type { ControlPlane } from "./types.ts";

/** What the embedded control plane is made from. */
export type EmbeddedOptions = Omit<RealOptions, "assetsDir">;

/** The control plane of this repository. @throws LabError "host-unfit": it is not connected yet */
export const startEmbeddedControlPlane = (options: EmbeddedOptions): Promise<ControlPlane> =>
  Promise.reject(
    new LabError("host-unfit", `the embedded control plane is not built yet; set KUBEBUILDER_ASSETS to run a real one in ${options.dir}`),
  );
