/** The conditions that a kubelet computes for every pod, in the order in which the reference lists them. */
export const KUBELET_CONDITIONS = ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"] as const;

/** Written by a kubelet besides the five: what it says of resizes in place and of restarts of all containers at once. */
const FURTHER_CONDITIONS = ["PodResizeInProgress", "PodResizePending", "AllContainersRestarting"] as const;

const OWNED: ReadonlySet<string> = new Set<string>([...KUBELET_CONDITIONS, ...FURTHER_CONDITIONS]);

/** Whether only the kubelet writes conditions of this type (pkg/kubelet/types/pod_status.go in the reference). */
export const isKubeletCondition = (type: string): boolean => OWNED.has(type);

/** The kubelet writes it when it evicts a pod; the control plane writes it for its own disruptions. */
export const DISRUPTION_TARGET = "DisruptionTarget";

/** Whether the kubelet is one of several that write conditions of this type. */
export const isSharedCondition = (type: string): boolean => type === DISRUPTION_TARGET;
