/** The parts of a v1 Pod that the table shows. Written out here, because the table must also stand what an older kubelet sends. */
export interface PodView {
  readonly metadata?: { readonly name?: string; readonly namespace?: string; readonly deletionTimestamp?: string };
  readonly spec?: {
    readonly containers?: readonly unknown[];
    readonly initContainers?: readonly { readonly name?: string; readonly restartPolicy?: string }[];
  };
  readonly status?: {
    readonly phase?: string;
    readonly reason?: string;
    readonly message?: string;
    readonly startTime?: string;
    readonly conditions?: readonly {
      readonly type?: string;
      readonly status?: string;
      readonly reason?: string;
      readonly message?: string;
    }[];
    readonly containerStatuses?: readonly ContainerStatusView[];
    readonly initContainerStatuses?: readonly ContainerStatusView[];
  };
}

/** The parts of a container status that the table shows. */
export interface ContainerStatusView {
  readonly name?: string;
  readonly ready?: boolean;
  readonly started?: boolean;
  readonly restartCount?: number;
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly running?: { readonly startedAt?: string };
    readonly terminated?: { readonly exitCode?: number; readonly reason?: string };
  };
}

/** One line of the table. */
export interface PodRow {
  readonly name: string;
  readonly phase: string;
  readonly ready: string;
  readonly restarts: string;
  readonly age: string;
  /** Empty if it waits for nothing. */
  readonly waitsFor: string;
}

const isSidecar = (pod: PodView, name: string | undefined): boolean =>
  pod.spec?.initContainers?.some((container) => container.name === name && container.restartPolicy === "Always") ?? false;

/** True if the pod runs and all its containers are ready. */
export const isPodReady = (pod: PodView): boolean =>
  pod.status?.phase === "Running" && (pod.status.conditions?.some((one) => one.type === "Ready" && one.status === "True") ?? false);

/** Words that only say that something else is not done. */
const EMPTY_REASONS = new Set(["ContainerCreating", "PodInitializing"]);

const describeInit = (pod: PodView): string => {
  const running = pod.status?.initContainerStatuses?.find((status) =>
    isSidecar(pod, status.name) ? status.state?.running !== undefined && status.started !== true : status.state?.running !== undefined,
  );
  if (running === undefined) return "";
  return isSidecar(pod, running.name) ? `sidecar ${running.name} to start` : `init container ${running.name} to finish`;
};

/** What a pod waits for, in the kubelet's words: the most telling waiting reason, else the init container that runs, else a failing condition. */
export const computeWaitsFor = (pod: PodView): string => {
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  const waiting = statuses.filter((status) => status.state?.waiting !== undefined);
  const telling = waiting.find((status) => !EMPTY_REASONS.has(status.state?.waiting?.reason ?? "ContainerCreating"));
  if (telling) return [telling.name, telling.state?.waiting?.reason, telling.state?.waiting?.message].filter(Boolean).join(": ");
  const init = describeInit(pod);
  if (init !== "") return init;
  if (waiting[0]) return [waiting[0].name, waiting[0].state?.waiting?.reason].filter(Boolean).join(": ");
  if (pod.status?.phase === "Failed") return [pod.status.reason, pod.status.message].filter(Boolean).join(": ");
  if (pod.status?.phase === "Succeeded") return "";
  const failing = pod.status?.conditions?.find((one) => one.status === "False" && one.type !== "DisruptionTarget");
  if (failing) return failing.message ?? failing.reason ?? `${failing.type}`;
  return pod.status?.phase === "Running" ? "" : "the kubelet";
};

/** A duration as kubectl's AGE column has it, coarse. */
export const formatAge = (ageMs: number): string => {
  const s = Math.max(0, Math.floor(ageMs / 1000));
  if (s < 120) return `${s}s`;
  if (s < 7200) return `${Math.floor(s / 60)}m${s % 60}s`;
  return `${Math.floor(s / 3600)}h${Math.floor((s % 3600) / 60)}m`;
};

/** As kubectl's users say it: without the namespace that is meant when none is given. */
const shownName = ({ metadata: { name = "?", namespace = "default" } = {} }: PodView): string =>
  namespace === "default" ? name : `${namespace}/${name}`;

/** The table's lines for a list of pods, by name. */
export const computePodRows = (pods: readonly PodView[], nowMs: number): PodRow[] =>
  pods
    .map((pod): PodRow => {
      const statuses = pod.status?.containerStatuses ?? [];
      const sidecars = (pod.status?.initContainerStatuses ?? []).filter((status) => isSidecar(pod, status.name));
      const counted = [...sidecars, ...statuses];
      const sidecarCount = pod.spec?.initContainers?.filter((one) => one.restartPolicy === "Always").length ?? 0;
      const total = Math.max(counted.length, (pod.spec?.containers?.length ?? 0) + sidecarCount);
      const { startTime } = pod.status ?? {};
      return {
        name: shownName(pod),
        phase: pod.metadata?.deletionTimestamp === undefined ? (pod.status?.phase ?? "Pending") : "Terminating",
        ready: `${counted.filter((status) => status.ready).length}/${total}`,
        restarts: String(counted.reduce((sum, status) => sum + (status.restartCount ?? 0), 0)),
        age: startTime === undefined ? "" : formatAge(nowMs - Date.parse(startTime)),
        waitsFor: computeWaitsFor(pod),
      };
    })
    .toSorted((a, b) => a.name.localeCompare(b.name));
