/** Labels and annotations that the kubelet puts on sandboxes and containers; they are its memory across restarts. */
export const RUNTIME_LABELS = {
  podName: "io.kubernetes.pod.name",
  podNamespace: "io.kubernetes.pod.namespace",
  podUid: "io.kubernetes.pod.uid",
  containerName: "io.kubernetes.container.name",
} as const;

/** Annotations on containers. Values are strings; numbers are decimal, `preStopHandler` and `ports` are JSON. */
export const RUNTIME_ANNOTATIONS = {
  containerHash: "io.kubernetes.container.hash",
  restartCount: "io.kubernetes.container.restartCount",
  terminationMessagePath: "io.kubernetes.container.terminationMessagePath",
  terminationMessagePolicy: "io.kubernetes.container.terminationMessagePolicy",
  preStopHandler: "io.kubernetes.container.preStopHandler",
  ports: "io.kubernetes.container.ports",
  podDeletionGracePeriod: "io.kubernetes.pod.deletionGracePeriod",
  podTerminationGracePeriod: "io.kubernetes.pod.terminationGracePeriod",
} as const;

/** Annotations that a pod source adds to a pod. */
export const CONFIG_ANNOTATIONS = {
  source: "kubernetes.io/config.source",
  seen: "kubernetes.io/config.seen",
  hash: "kubernetes.io/config.hash",
  mirror: "kubernetes.io/config.mirror",
} as const;
