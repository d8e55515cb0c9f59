import { podRef } from "@nk/pod-model";
import type { Container, Pod } from "@nk/pod-model";
import { resolveFieldRef, resolveResourceFieldRef } from "@nk/pod-sync";
import type { VolumePort } from "@nk/pod-sync";
import type { FieldPort, Volumes } from "@nk/volumes";
import type { NodeView } from "./node-view.ts";

/** Volumes as pod-sync wants them. */
export const volumesForPods = (volumes: Volumes): VolumePort => ({
  prepare: async (pod, options) => ({ volumes: await volumes.prepare(pod, options) }),
  isLacking: (pod) => volumes.isLacking(pod),
  release: (pod, options) => volumes.release(podRef(pod).uid, options),
  resolveSubPath: (request, options) => volumes.resolveSubPath(request, options),
});

const containerNamed = (pod: Pod, name: string | undefined): Container => {
  const all = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const found = all.find((container) => container.name === name);
  if (found === undefined) throw new Error(`container ${name ?? ""} not found`);
  return found;
};

/** The downward API, as environments have it. */
export const fieldValues = (view: NodeView): FieldPort => ({
  fieldValue: (pod, { fieldPath }) => resolveFieldRef(fieldPath, pod, { podIps: [], nodeIps: [] }),
  resourceFieldValue: async (pod, selector) =>
    resolveResourceFieldRef(selector, { pod, container: containerNamed(pod, selector.containerName), allocatable: view.allocatable() }),
});
