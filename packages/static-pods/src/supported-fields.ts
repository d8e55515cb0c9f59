const CONTAINER_LISTS = ["spec.containers[]", "spec.initContainers[]"] as const;

/** Accepted, and without effect. */
const FIELDS_WITHOUT_EFFECT = [
  // The scheduler's, and nothing schedules a static pod.
  "spec.nodeSelector.*",
  "spec.affinity.*",
  "spec.topologySpreadConstraints.*",
  "spec.schedulerName",
  "spec.preemptionPolicy",
  // A static pod is never resized: one that asks for something else is another pod, or gets it when its containers are made anew.
  ...CONTAINER_LISTS.map((list) => `${list}.resizePolicy.*` as const),
] as const;

const POD_FIELDS = [
  "apiVersion",
  "kind",
  "metadata.*",
  "status.*",
  "spec.restartPolicy",
  "spec.terminationGracePeriodSeconds",
  "spec.activeDeadlineSeconds",
  "spec.dnsPolicy",
  "spec.dnsConfig.*",
  "spec.nodeName",
  "spec.hostNetwork",
  "spec.hostPID",
  "spec.hostIPC",
  "spec.hostUsers",
  "spec.runtimeClassName",
  "spec.os.*",
  "spec.shareProcessNamespace",
  "spec.hostname",
  "spec.subdomain",
  "spec.hostnameOverride",
  "spec.setHostnameAsFQDN",
  "spec.hostAliases.*",
  "spec.tolerations.*",
  "spec.priorityClassName",
  "spec.priority",
  "spec.enableServiceLinks",
  "spec.automountServiceAccountToken",
  "spec.overhead.*",
  // All that the API server allows there; what it does not is refused in its words.
  "spec.resources.*",
  "spec.securityContext.runAsUser",
  "spec.securityContext.runAsGroup",
  "spec.securityContext.runAsNonRoot",
  "spec.securityContext.fsGroup",
  "spec.securityContext.fsGroupChangePolicy",
  "spec.securityContext.supplementalGroups.*",
  "spec.securityContext.supplementalGroupsPolicy",
  "spec.securityContext.sysctls.*",
  "spec.securityContext.appArmorProfile.*",
  // Only volumes of claims are mounted with a label, and a static pod has none.
  "spec.securityContext.seLinuxChangePolicy",
  "spec.securityContext.seccompProfile.*",
  "spec.securityContext.seLinuxOptions.*",
  "spec.volumes[].name",
  "spec.volumes[].hostPath.*",
  "spec.volumes[].emptyDir.medium",
  "spec.volumes[].emptyDir.sizeLimit",
  "spec.volumes[].image.*",
  "spec.volumes[].downwardAPI.*",
  "spec.volumes[].projected.defaultMode",
  "spec.volumes[].projected.sources[].downwardAPI.*",
] as const;

/** The same for containers and init containers. */
const CONTAINER_FIELDS = [
  "name",
  "image",
  "imagePullPolicy",
  "command.*",
  "args.*",
  "workingDir",
  "ports.*",
  // An init container that restarts always is a sidecar.
  "restartPolicy",
  "restartPolicyRules.*",
  "env[].name",
  "env[].value",
  "env[].valueFrom.fieldRef.*",
  "env[].valueFrom.resourceFieldRef.*",
  "env[].valueFrom.fileKeyRef.*",
  "resources.requests.cpu",
  "resources.requests.memory",
  "resources.requests.ephemeral-storage",
  "resources.requests.hugepages-*",
  "resources.limits.cpu",
  "resources.limits.memory",
  "resources.limits.ephemeral-storage",
  "resources.limits.hugepages-*",
  "volumeMounts[].name",
  "volumeMounts[].mountPath",
  "volumeMounts[].readOnly",
  "volumeMounts[].mountPropagation",
  "volumeMounts[].recursiveReadOnly",
  "volumeMounts[].subPath",
  "volumeMounts[].subPathExpr",
  "lifecycle.postStart.exec.*",
  "lifecycle.postStart.httpGet.*",
  "lifecycle.postStart.sleep.*",
  "lifecycle.preStop.exec.*",
  "lifecycle.preStop.httpGet.*",
  "lifecycle.preStop.sleep.*",
  // Not lifecycle.stopSignal: it is handed on, but containerd 2.1 stops the container with another signal and says nothing.
  "terminationMessagePath",
  "terminationMessagePolicy",
  "stdin",
  "stdinOnce",
  "tty",
  "securityContext.runAsUser",
  "securityContext.runAsGroup",
  "securityContext.runAsNonRoot",
  "securityContext.privileged",
  "securityContext.allowPrivilegeEscalation",
  "securityContext.readOnlyRootFilesystem",
  "securityContext.capabilities.*",
  "securityContext.seccompProfile.*",
  "securityContext.seLinuxOptions.*",
  "securityContext.appArmorProfile.*",
  "securityContext.procMount",
] as const;

const PROBE_FIELDS = [
  "exec.*",
  "httpGet.*",
  "tcpSocket.*",
  "grpc.*",
  "initialDelaySeconds",
  "periodSeconds",
  "timeoutSeconds",
  "successThreshold",
  "failureThreshold",
  "terminationGracePeriodSeconds",
] as const;

const PROBES = ["livenessProbe", "readinessProbe", "startupProbe"] as const;

/**
 * Every field of a pod that nk acts upon today, and those it may ignore. A pod that sets any other field is refused, with that field's
 * path, so that nobody believes in a setting that does nothing. `[]` stands for any item of a list, a final `.*` for all there is below,
 * a final `-*` for any rest of the name.
 */
export const SUPPORTED_FIELDS: readonly string[] = [
  ...FIELDS_WITHOUT_EFFECT,
  ...POD_FIELDS,
  ...CONTAINER_LISTS.flatMap((list) => [
    ...CONTAINER_FIELDS.map((field) => `${list}.${field}`),
    ...PROBES.flatMap((probe) => PROBE_FIELDS.map((field) => `${list}.${probe}.${field}`)),
  ]),
];

/** Values of supported fields that are not supported themselves. */
export const UNSUPPORTED_VALUES: { readonly [field: string]: readonly string[] } = {
  "spec.volumes[].emptyDir.medium": ["HugePages"],
};
