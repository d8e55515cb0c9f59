import { RUNTIME_ANNOTATIONS } from "@nk/pod-model";
import type { Container, ContainerPort, Lifecycle, Pod, RuntimePod } from "@nk/pod-model";

const parseJson = (text: string | undefined): unknown => {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
};

/** Both were written by a kubelet, so their shape is trusted once they parse; a hook of a shape that is none fails as a hook. */
const lifecycleOf = (text: string | undefined): { readonly lifecycle?: Lifecycle } => {
  const preStop = parseJson(text);
  return typeof preStop === "object" && preStop !== null ? { lifecycle: { preStop } } : {};
};

const portsOf = (text: string | undefined): { readonly ports?: readonly ContainerPort[] } => {
  const ports = parseJson(text);
  return Array.isArray(ports) ? { ports: ports as readonly ContainerPort[] } : {};
};

/**
 * As much of a pod as its containers remember: names, hooks and ports from their labels and annotations (reference:
 * restoreSpecsFromContainerLabels, kuberuntime_container.go). Enough to stop it, not to run it.
 */
export const restorePod = (runtimePod: RuntimePod): Pod => {
  const newestFirst = new Map<string, Container>();
  for (const { name, annotations } of runtimePod.containers) {
    if (newestFirst.has(name)) continue;
    newestFirst.set(name, {
      name,
      ...lifecycleOf(annotations[RUNTIME_ANNOTATIONS.preStopHandler]),
      ...portsOf(annotations[RUNTIME_ANNOTATIONS.ports]),
    });
  }
  const { name, namespace, uid } = runtimePod;
  return { metadata: { name, namespace, uid }, spec: { containers: [...newestFirst.values()] } };
};
