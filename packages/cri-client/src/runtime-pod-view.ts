import { ContainerEventType } from "@nk/cri-api";
import type {
  ContainerEventResponse,
  ContainerStatusResponse,
  ListContainersResponse,
  ListPodSandboxResponse,
  PodSandboxStatusResponse,
} from "@nk/cri-api";
import { compareNewestFirst, RUNTIME_LABELS } from "@nk/pod-model";
import type { PodUid, RuntimeContainer, RuntimeContainerStatus, RuntimePod, RuntimePodStatus, RuntimeSandbox } from "@nk/pod-model";
import { systemClock } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import type { ContainerEvent, ContainerEventsOptions, GapCause } from "./container-events.ts";
import { toRuntimeContainer, toRuntimeContainerStatus, toRuntimeSandbox, toRuntimeSandboxStatus } from "./convert.ts";
import { isCriError } from "./errors.ts";
import type { CallOptions } from "./options.ts";

/** The calls the view is made of; a `CriClient` has them. */
export interface RuntimePodViewCalls {
  listPodSandbox(request?: object, options?: CallOptions): Promise<ListPodSandboxResponse>;
  listContainers(request?: object, options?: CallOptions): Promise<ListContainersResponse>;
  podSandboxStatus(request: { readonly podSandboxId: string }, options?: CallOptions): Promise<PodSandboxStatusResponse>;
  containerStatus(request: { readonly containerId: string }, options?: CallOptions): Promise<ContainerStatusResponse>;
  containerEvents(options?: ContainerEventsOptions): AsyncIterable<ContainerEvent>;
}

/** Which pod to read, and the sandboxes and containers that a list showed for it; when these are absent the runtime is asked. */
export interface RuntimePodQuery {
  readonly uid: PodUid;
  readonly name: string;
  readonly namespace: string;
  readonly sandboxIds?: readonly string[];
  readonly containerIds?: readonly string[];
}

/** What the runtime says happened. */
export type RuntimeChange = "created" | "started" | "stopped" | "deleted";

/** A hint that one pod changed, or the notice that hints are missing. */
export type RuntimePodEvent =
  | {
      readonly type: "event";
      /** Absent when the runtime does not say whose it is: then treat it as a gap. */
      readonly uid?: PodUid;
      /** Of a container, or of the sandbox itself: then it equals `sandboxId`. */
      readonly containerId: string;
      readonly sandboxId?: string;
      /** Absent for a kind of event that CRI v1 did not have in 0.36. */
      readonly change?: RuntimeChange;
    }
  | { readonly type: "gap"; readonly cause: GapCause };

/** The runtime's pods in pod-model's nouns. */
export interface RuntimePodView {
  /**
   * Every pod the runtime has, grouped by UID; with `uid` that pod alone or none. Sandboxes and containers without the kubelet's
   * labels are left out.
   */
  listPods(options?: { readonly signal?: AbortSignal; readonly uid?: PodUid }): Promise<readonly RuntimePod[]>;
  /** The full state of one pod. What vanished since it was listed is left out. */
  getPodStatus(pod: RuntimePodQuery, options?: { readonly signal?: AbortSignal }): Promise<RuntimePodStatus>;
  /** As `containerEvents` of the client, with its errors. */
  watchEvents(options?: ContainerEventsOptions): AsyncIterable<RuntimePodEvent>;
}

interface PodDraft {
  readonly uid: PodUid;
  readonly name: string;
  readonly namespace: string;
  readonly sandboxes: RuntimeSandbox[];
  readonly containers: RuntimeContainer[];
}

const draftFor = (drafts: Map<PodUid, PodDraft>, labels: { readonly [key: string]: string }): PodDraft | undefined => {
  const uid = labels[RUNTIME_LABELS.podUid];
  if (uid === undefined || uid === "") return undefined;
  const known = drafts.get(uid);
  if (known !== undefined) return known;
  const draft: PodDraft = {
    uid,
    name: labels[RUNTIME_LABELS.podName] ?? "",
    namespace: labels[RUNTIME_LABELS.podNamespace] ?? "",
    sandboxes: [],
    containers: [],
  };
  drafts.set(uid, draft);
  return draft;
};

/** Groups the two lists by pod. A container whose sandbox has gone still makes a pod: it is to be cleaned up. */
export const groupPods = (sandboxes: ListPodSandboxResponse, containers: ListContainersResponse): readonly RuntimePod[] => {
  const drafts = new Map<PodUid, PodDraft>();
  for (const sandbox of sandboxes.items) draftFor(drafts, sandbox.labels)?.sandboxes.push(toRuntimeSandbox(sandbox));
  for (const container of containers.containers) draftFor(drafts, container.labels)?.containers.push(toRuntimeContainer(container));
  for (const draft of drafts.values()) {
    draft.sandboxes.sort(compareNewestFirst);
    draft.containers.sort(compareNewestFirst);
  }
  return [...drafts.values()];
};

const CHANGES: { readonly [type: number]: RuntimeChange } = {
  [ContainerEventType.CONTAINER_CREATED_EVENT]: "created",
  [ContainerEventType.CONTAINER_STARTED_EVENT]: "started",
  [ContainerEventType.CONTAINER_STOPPED_EVENT]: "stopped",
  [ContainerEventType.CONTAINER_DELETED_EVENT]: "deleted",
};

const toRuntimePodEvent = (event: ContainerEventResponse): RuntimePodEvent => {
  const sandboxId = event.podSandboxStatus?.id;
  const uid =
    event.podSandboxStatus?.metadata?.uid ??
    event.containersStatuses.find(({ labels }) => labels[RUNTIME_LABELS.podUid])?.labels[RUNTIME_LABELS.podUid];
  const change = CHANGES[event.containerEventType];
  return {
    type: "event",
    containerId: event.containerId,
    ...(uid === undefined || uid === "" ? {} : { uid }),
    ...(sandboxId === undefined ? {} : { sandboxId }),
    ...(change === undefined ? {} : { change }),
  };
};

/** `undefined` for what the runtime no longer has. */
const unlessGone = async <T>(answer: Promise<T>): Promise<T | undefined> => {
  try {
    return await answer;
  } catch (error) {
    if (isCriError(error, "not-found")) return undefined;
    throw error;
  }
};

/** Ids of one pod, and which sandbox each container is in as far as that is known. */
interface PodIds {
  readonly sandboxIds: readonly string[];
  readonly containerIds: readonly string[];
  readonly sandboxOf: ReadonlyMap<string, string>;
}

const listIds = async (client: RuntimePodViewCalls, uid: PodUid, call: CallOptions): Promise<PodIds> => {
  const filter = { labelSelector: { [RUNTIME_LABELS.podUid]: uid } };
  const [sandboxes, containers] = await Promise.all([client.listPodSandbox({ filter }, call), client.listContainers({ filter }, call)]);
  return {
    sandboxIds: sandboxes.items.map(({ id }) => id),
    containerIds: containers.containers.map(({ id }) => id),
    sandboxOf: new Map(containers.containers.map(({ id, podSandboxId }) => [id, podSandboxId])),
  };
};

/** A container's status does not name its sandbox: with one sandbox there is no doubt, with more the list has to say. */
const completeIds = async (client: RuntimePodViewCalls, query: RuntimePodQuery, call: CallOptions): Promise<PodIds> => {
  const { sandboxIds, containerIds } = query;
  if (sandboxIds === undefined || containerIds === undefined) return listIds(client, query.uid, call);
  if (sandboxIds.length <= 1 || containerIds.length === 0) {
    return { sandboxIds, containerIds, sandboxOf: new Map(containerIds.map((id) => [id, sandboxIds[0] ?? ""])) };
  }
  const { sandboxOf } = await listIds(client, query.uid, call);
  return { sandboxIds, containerIds, sandboxOf };
};

interface Answers {
  readonly sandboxes: readonly PodSandboxStatusResponse[];
  readonly containers: readonly RuntimeContainerStatus[];
}

const readSandboxes = async (client: RuntimePodViewCalls, ids: PodIds, call: CallOptions): Promise<readonly PodSandboxStatusResponse[]> => {
  const answers = await Promise.all(ids.sandboxIds.map((podSandboxId) => unlessGone(client.podSandboxStatus({ podSandboxId }, call))));
  return answers.filter((answer) => answer !== undefined);
};

const readContainers = async (
  client: RuntimePodViewCalls,
  ids: Pick<PodIds, "containerIds" | "sandboxOf">,
  call: CallOptions,
): Promise<readonly RuntimeContainerStatus[]> => {
  const answers = await Promise.all(ids.containerIds.map((containerId) => unlessGone(client.containerStatus({ containerId }, call))));
  return answers.flatMap((answer) =>
    answer?.status === undefined ? [] : [toRuntimeContainerStatus(answer.status, ids.sandboxOf.get(answer.status.id) ?? "")],
  );
};

/** The containers' statuses that came with the sandboxes; a runtime that does not give them leaves the timestamp at 0. */
const containersOf = (sandboxes: readonly PodSandboxStatusResponse[]): readonly RuntimeContainerStatus[] =>
  sandboxes
    .filter(({ timestamp }) => timestamp !== 0n)
    .flatMap(({ status, containersStatuses }) =>
      containersStatuses.map((container) => toRuntimeContainerStatus(container, status?.id ?? "")),
    );

const assemble = (query: RuntimePodQuery, answers: Answers, observedAtMs: number): RuntimePodStatus => {
  const sandboxes = answers.sandboxes
    .flatMap(({ status }) => (status === undefined ? [] : [toRuntimeSandboxStatus(status)]))
    .toSorted(compareNewestFirst);
  return {
    uid: query.uid,
    name: query.name,
    namespace: query.namespace,
    ips: sandboxes.find((sandbox) => sandbox.state === "ready")?.ips ?? [],
    sandboxes,
    containers: answers.containers.toSorted(compareNewestFirst),
    observedAtMs,
  };
};

/** Makes the view. It keeps nothing but the knowledge whether the runtime gives containers along with their sandbox. */
export const createRuntimePodView = (client: RuntimePodViewCalls, options: { readonly clock?: Clock } = {}): RuntimePodView => {
  const { clock = systemClock } = options;
  let givesContainers = false;

  const getPodStatus = async (query: RuntimePodQuery, call: CallOptions): Promise<RuntimePodStatus> => {
    // Before the first call goes out: what happens while it is under way may be missing in the answer.
    const observedAtMs = clock.nowMs();
    const ids = await completeIds(client, query, call);
    if (!givesContainers) {
      const [sandboxes, containers] = await Promise.all([readSandboxes(client, ids, call), readContainers(client, ids, call)]);
      givesContainers = sandboxes.some(({ timestamp }) => timestamp !== 0n);
      return assemble(query, { sandboxes, containers }, observedAtMs);
    }
    const sandboxes = await readSandboxes(client, ids, call);
    const given = containersOf(sandboxes);
    const known = new Set(given.map(({ id }) => id));
    const containerIds = ids.containerIds.filter((id) => !known.has(id));
    const others = await readContainers(client, { containerIds, sandboxOf: ids.sandboxOf }, call);
    return assemble(query, { sandboxes, containers: [...given, ...others] }, observedAtMs);
  };

  return {
    listPods: async ({ signal, uid } = {}) => {
      const request = uid === undefined ? {} : { filter: { labelSelector: { [RUNTIME_LABELS.podUid]: uid } } };
      const call = signal === undefined ? {} : { signal };
      const [sandboxes, containers] = await Promise.all([client.listPodSandbox(request, call), client.listContainers(request, call)]);
      return groupPods(sandboxes, containers);
    },
    getPodStatus: (query, call = {}) => getPodStatus(query, call),
    watchEvents: async function* (eventOptions) {
      for await (const item of client.containerEvents(eventOptions)) yield item.type === "gap" ? item : toRuntimePodEvent(item.event);
    },
  };
};
