import type { CriMethods } from "@nk/cri-api";

/**
 * `operation_type` of each RPC, spelled as the reference spells it (pkg/kubelet/kuberuntime/instrumented_services.go). A streamed
 * list counts as the list it stands for. RPCs that the reference does not instrument get names of the same form.
 */
export const OPERATION_TYPES: { readonly [K in keyof CriMethods]: string } = {
  version: "version",
  runPodSandbox: "run_podsandbox",
  stopPodSandbox: "stop_podsandbox",
  removePodSandbox: "remove_podsandbox",
  podSandboxStatus: "podsandbox_status",
  listPodSandbox: "list_podsandbox",
  streamPodSandboxes: "list_podsandbox",
  createContainer: "create_container",
  startContainer: "start_container",
  stopContainer: "stop_container",
  removeContainer: "remove_container",
  listContainers: "list_containers",
  streamContainers: "list_containers",
  containerStatus: "container_status",
  updateContainerResources: "update_container",
  reopenContainerLog: "reopen_container_log",
  execSync: "exec_sync",
  exec: "exec",
  attach: "attach",
  portForward: "port_forward",
  containerStats: "container_stats",
  listContainerStats: "list_container_stats",
  streamContainerStats: "list_container_stats",
  podSandboxStats: "podsandbox_stats",
  listPodSandboxStats: "list_podsandbox_stats",
  streamPodSandboxStats: "list_podsandbox_stats",
  updateRuntimeConfig: "update_runtime_config",
  status: "status",
  checkpointContainer: "checkpoint_container",
  getContainerEvents: "get_container_events",
  listMetricDescriptors: "list_metric_descriptors",
  listPodSandboxMetrics: "list_podsandbox_metrics",
  streamPodSandboxMetrics: "list_podsandbox_metrics",
  runtimeConfig: "runtime_config",
  updatePodSandboxResources: "update_podsandbox_resources",
  listImages: "list_images",
  streamImages: "list_images",
  imageStatus: "image_status",
  pullImage: "pull_image",
  removeImage: "remove_image",
  imageFsInfo: "image_fs_info",
};

/** What the default deadline of a call depends on. */
export interface TimeoutInput {
  readonly method: keyof CriMethods;
  readonly request: object;
  /** The client's `timeoutMs`. */
  readonly timeoutMs: number;
}

const secondsOf = (request: object): bigint => ("timeout" in request && typeof request.timeout === "bigint" ? request.timeout : 0n);

/**
 * How long a call may take when the caller does not say, in milliseconds, `Infinity` for as long as it takes. Follows the reference
 * (cri-client pkg/remote_runtime.go): a pull and the event stream are not limited; a sandbox gets twice the time because of CNI; an
 * exec, a stop and a checkpoint get their own time on top, and an exec without one is not limited.
 */
export const computeTimeoutMs = (input: TimeoutInput): number => {
  switch (input.method) {
    case "pullImage":
    case "getContainerEvents":
      return Number.POSITIVE_INFINITY;
    case "runPodSandbox":
      return input.timeoutMs * 2;
    case "execSync": {
      const seconds = secondsOf(input.request);
      return seconds <= 0n ? Number.POSITIVE_INFINITY : input.timeoutMs + Number(seconds) * 1000;
    }
    case "stopContainer":
    case "checkpointContainer":
      return input.timeoutMs + Math.max(0, Number(secondsOf(input.request))) * 1000;
    default:
      return input.timeoutMs;
  }
};
