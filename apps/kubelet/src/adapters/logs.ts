import { readContainerLog } from "@nk/container-logs";
import { KubeletApiError } from "@nk/kubelet-api";
import type { ContainerLogRequest, LogsPort } from "@nk/kubelet-api";
import { podRef } from "@nk/pod-model";
import type { ContainerStatus, Pod, PodStatus, PodUid, RuntimePodStatus } from "@nk/pod-model";
import { stat } from "node:fs/promises";

/** What is known of pods, for finding a log. */
export interface LogLookup {
  findPod(
    namespace: string,
    name: string,
  ): { readonly pod: Pod; readonly status: PodStatus | undefined; readonly observed: RuntimePodStatus | undefined } | undefined;
  /** What the runtime has of a pod, also of one that is not wanted any more and is being stopped. */
  observed(uid: PodUid): RuntimePodStatus | undefined;
}

const bareId = (containerId: string): string => containerId.slice(containerId.indexOf("://") + 3);

/** Which instance of the container is asked for, with the reference's words for why there is none (pkg/kubelet, validateContainerLogStatus). */
const findContainerId = (request: ContainerLogRequest, status: ContainerStatus | undefined): string => {
  const { container, pod } = request;
  if (status === undefined) throw new KubeletApiError("bad-request", `container "${container}" in pod "${pod}" is not available`);
  const { state, lastState } = status;
  if (request.previous) {
    const id = lastState?.terminated?.containerID;
    if (id === undefined)
      throw new KubeletApiError("bad-request", `previous terminated container "${container}" in pod "${pod}" not found`);
    return bareId(id);
  }
  if (state?.running !== undefined && status.containerID !== undefined) return bareId(status.containerID);
  const ended = state?.terminated?.containerID ?? lastState?.terminated?.containerID;
  if (ended !== undefined) return bareId(ended);
  const reason = state?.waiting?.reason;
  if (reason === "ErrImagePull")
    throw new KubeletApiError("bad-request", `container "${container}" in pod "${pod}" is waiting to start: image can't be pulled`);
  if (reason === "ImagePullBackOff")
    throw new KubeletApiError(
      "bad-request",
      `container "${container}" in pod "${pod}" is waiting to start: trying and failing to pull image`,
    );
  throw new KubeletApiError(
    "bad-request",
    `container "${container}" in pod "${pod}" is waiting to start: ${reason ?? "no reason provided"}`,
  );
};

const hasContainer = (pod: Pod, name: string): boolean =>
  [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? []), ...(pod.spec?.ephemeralContainers ?? [])].some(
    (container) => container.name === name,
  );

/** Once the answer has begun there is no status left to say that there is no file. */
const checkFile = async (path: string): Promise<void> => {
  try {
    await stat(path);
  } catch (error) {
    const why = error instanceof Error && "code" in error && error.code === "ENOENT" ? "no such file or directory" : "it cannot be read";
    throw new KubeletApiError("internal", `failed to try resolving symlinks in path "${path}": ${why}`, { cause: error });
  }
};

/** Container logs from the files that the runtime says it writes. */
export const createLogs = (lookup: LogLookup): LogsPort => ({
  openLog: async (request, { signal }) => {
    const found = lookup.findPod(request.namespace, request.pod);
    if (found === undefined) throw new KubeletApiError("not-found", `pod "${request.pod}" does not exist`);
    if (!hasContainer(found.pod, request.container))
      throw new KubeletApiError("not-found", `container "${request.container}" not found in pod "${request.pod}"`);
    const { initContainerStatuses = [], containerStatuses = [], ephemeralContainerStatuses = [] } = found.status ?? {};
    const statuses = [...initContainerStatuses, ...containerStatuses, ...ephemeralContainerStatuses];
    const id = findContainerId(
      request,
      statuses.find(({ name }) => name === request.container),
    );
    const instance = found.observed?.containers.find((container) => container.id === id);
    if (instance === undefined || instance.logPath === "")
      throw new KubeletApiError("bad-request", `the log of container "${request.container}" in pod "${request.pod}" is gone`);
    await checkFile(instance.logPath);
    const { uid } = podRef(found.pod);
    return readContainerLog(instance.logPath, {
      follow: request.follow,
      timestamps: request.timestamps,
      signal,
      ...(request.tailLines === undefined ? {} : { tailLines: request.tailLines }),
      ...(request.limitBytes === undefined ? {} : { limitBytes: request.limitBytes }),
      ...(request.stream === undefined ? {} : { stream: request.stream }),
      ...(request.sinceTime === undefined ? {} : { sinceTime: request.sinceTime }),
      // By UID: the last words of a pod that was removed come after its name is gone.
      isContainerRunning: () => lookup.observed(uid)?.containers.find((container) => container.id === id)?.state === "running",
    });
  },
});
