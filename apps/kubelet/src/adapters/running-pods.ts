import type { Pod, RuntimePod } from "@nk/pod-model";

/** The short form of `/runningpods/`: what the runtime says runs, named and with its images. */
export const toRunningPods = (pods: readonly RuntimePod[]): readonly Pod[] =>
  pods
    .map((pod) => ({ pod, running: pod.containers.filter(({ state }) => state === "running") }))
    .filter(({ pod, running }) => running.length > 0 || pod.sandboxes.some(({ state }) => state === "ready"))
    .map(({ pod, running }) => ({
      metadata: { name: pod.name, namespace: pod.namespace, uid: pod.uid },
      spec: { containers: running.map(({ name, imageId, image }) => ({ name, image: imageId === "" ? image : imageId, resources: {} })) },
    }));
