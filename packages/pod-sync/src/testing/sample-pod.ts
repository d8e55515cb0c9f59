import { applyPodDefaults } from "@nk/pod-model";
import type { Pod, PodSpec } from "@nk/pod-model";

/** A pod with defaults applied, named `web` in namespace `default`, with UID `uid-web` and one container `main`. */
export const samplePod = (spec: Partial<PodSpec> = {}, metadata: Pod["metadata"] = {}): Pod =>
  applyPodDefaults({
    metadata: { name: "web", namespace: "default", uid: "uid-web", ...metadata },
    spec: { containers: [{ name: "main", image: "busybox" }], ...spec },
  });
