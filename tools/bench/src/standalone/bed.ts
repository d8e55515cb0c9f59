import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { createCriClient } from "@nk/cri-client";
import { startKubelet } from "@nk/tool-lab";
import type { Lab, RunningKubelet } from "@nk/tool-lab";
import { createManifestFolder } from "./manifest-folder.ts";
import type { ManifestFolder } from "./manifest-folder.ts";
import type { StandaloneOptions } from "../options.ts";
import { createRuntimeLook } from "./runtime-look.ts";
import type { RuntimeLook } from "./runtime-look.ts";

/** A fresh kubelet over an empty folder, and a look at the runtime that does not go through it. */
export interface Bed {
  readonly kubelet: RunningKubelet;
  readonly folder: ManifestFolder;
  readonly runtime: RuntimeLook;
  readonly image: string;
  readonly options: StandaloneOptions;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

/** What all beds of a run share. */
export interface BedParts {
  readonly lab: Lab;
  /** Entry point of the kubelet. */
  readonly entry: string;
  readonly options: StandaloneOptions;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

/** Makes the bed, measures in it and takes it away; the pods are the measurement's to remove. */
export const inBed = async <T>(parts: BedParts, measure: (bed: Bed) => Promise<T>): Promise<T> => {
  const { lab, entry, options, signal, say } = parts;
  const manifests = await mkdtemp(join(lab.dir, "manifests-"));
  const kubelet = await startKubelet({
    entry,
    lab,
    manifests,
    logFile: options.log ?? join(lab.dir, "kubelet.log"),
    nodeName: "nk-bench",
    ...(options.log === undefined ? {} : { config: { logging: { verbosity: 4 } } }),
  });
  const cri = createCriClient({ endpoint: lab.endpoint });
  try {
    await Promise.race([kubelet.untilHealthy(signal), kubelet.failed]);
    const bed: Bed = {
      kubelet,
      folder: createManifestFolder(manifests),
      runtime: createRuntimeLook(cri, signal),
      image: lab.images.busybox,
      options,
      signal,
      say,
    };
    return await Promise.race([measure(bed), kubelet.failed]);
  } finally {
    await kubelet.stop();
    cri.close();
  }
};
