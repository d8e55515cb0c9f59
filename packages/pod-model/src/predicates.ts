import type { Container, Pod } from "./gen/core-v1.ts";
import { CONFIG_ANNOTATIONS } from "./labels.ts";

/** From here on a priority is that of a system pod (SystemCriticalPriority in the reference). */
export const SYSTEM_CRITICAL_PRIORITY = 2_000_000_000;

/** Init containers, then app containers, in the order of the spec. Ephemeral containers are not among them. */
export const listContainers = (pod: Pod): readonly Container[] => [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];

/** Whether the container restarts itself whatever the pod's policy; an init container that does so is a sidecar. */
export const hasRestartAlways = (container: Pick<Container, "restartPolicy">): boolean => container.restartPolicy === "Always";

/** Whether an *init* container is a sidecar (restartable init container). Meaningless for app containers. */
export const isSidecar = (initContainer: Pick<Container, "restartPolicy">): boolean => hasRestartAlways(initContainer);

/** Whether the pod's source is a file or a URL. Every pod from a source carries the annotation; one without it counts as the API's. */
export const isStaticPod = (pod: Pod): boolean => {
  const source = pod.metadata?.annotations?.[CONFIG_ANNOTATIONS.source];
  return source !== undefined && source !== "api";
};

/** Whether the pod is the API's mirror of a static pod. */
export const isMirrorPod = (pod: Pod): boolean => pod.metadata?.annotations?.[CONFIG_ANNOTATIONS.mirror] !== undefined;

/** Static pods, mirror pods and pods of a system priority: never evicted, admitted by preemption. */
export const isCriticalPod = (pod: Pod): boolean =>
  isStaticPod(pod) || isMirrorPod(pod) || (pod.spec?.priority ?? 0) >= SYSTEM_CRITICAL_PRIORITY;

/** Whether the pod uses the node's network namespace. */
export const isHostNetwork = (pod: Pod): boolean => pod.spec?.hostNetwork === true;
