import { compareNewestFirst } from "@nk/pod-model";
import type { PodUid, RuntimeContainerStatus, RuntimePod, RuntimePodStatus, RuntimeSandboxStatus } from "@nk/pod-model";
import { createSeededRandom } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import type { RuntimeEvent, RuntimeView } from "../ports.ts";
import { createEventWire } from "./event-wire.ts";
import type { EventFaults } from "./event-wire.ts";

/** What may go wrong; every probability is 0 to 1 and defaults to 0. */
export interface SimulatedRuntimeOptions {
  readonly seed: number;
  readonly clock: Clock;
  /** False: a runtime without container events. Default true. */
  readonly hasEvents?: boolean;
  readonly faults?: EventFaults;
  /** Upper bound of the random time a call takes. Default 0: it answers at once. */
  readonly maxLatencyMs?: number;
}

/** A model of a container runtime that a seed drives through pods that start, crash, vanish and hang. */
export interface SimulatedRuntime {
  readonly view: RuntimeView;
  /** Does one random thing to one random pod and returns its UID. */
  step(): PodUid;
  addPod(): PodUid;
  /** Starts a new container in the pod and returns its id. */
  startContainer(uid: PodUid): string;
  exitContainer(uid: PodUid, containerId: string): void;
  removeContainer(uid: PodUid, containerId: string): void;
  removePod(uid: PodUid): void;
  /** The state an observer should come to see; undefined when the pod is gone. */
  truth(uid: PodUid): RuntimePodStatus | undefined;
  uids(): readonly PodUid[];
  /** Exit code by container id, of every container that ever exited by itself. */
  readonly exits: ReadonlyMap<string, number>;
  /** Status reads of the pod hang from now on, deaf to their signals. */
  wedge(uid: PodUid): void;
  unwedge(uid: PodUid): void;
  readonly wedged: ReadonlySet<PodUid>;
  /** Breaks the event streams. */
  cutStreams(): void;
  /** Refuses every call and breaks the streams until `start`; containers live on. */
  stop(): void;
  start(): void;
  /** From now on no event is lost, late or repeated. */
  calm(): void;
  readonly calls: { list: number; status: number };
}

interface SimulatedPod {
  readonly uid: PodUid;
  readonly name: string;
  sandboxes: RuntimeSandboxStatus[];
  containers: RuntimeContainerStatus[];
}

const toList = (pod: SimulatedPod): RuntimePod => ({
  uid: pod.uid,
  name: pod.name,
  namespace: "default",
  sandboxes: pod.sandboxes,
  containers: pod.containers,
});

/** Creates an empty runtime. */
export const createSimulatedRuntime = (options: SimulatedRuntimeOptions): SimulatedRuntime => {
  const { clock, maxLatencyMs = 0 } = options;
  const random = createSeededRandom(options.seed);
  const pods = new Map<PodUid, SimulatedPod>();
  const exits = new Map<string, number>();
  const wedged = new Set<PodUid>();
  const calls = { list: 0, status: 0 };
  const wire = createEventWire({ clock, random, faults: options.faults ?? {} });
  let isUp = true;
  let created = 0;

  const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(random() * items.length)];
  const delay = async (signal: AbortSignal): Promise<void> => {
    // Half of the calls are quick: it is the mixture that reorders answers.
    if (maxLatencyMs > 0 && random() < 0.5) await clock.sleep(random() * maxLatencyMs, { signal });
    if (!isUp) throw new Error("the simulated runtime is down");
  };
  const send = (event: RuntimeEvent): void => {
    if (isUp) wire.send(event);
  };
  type Kind = "created" | "started" | "stopped" | "deleted";
  const emitOf = (pod: SimulatedPod, ids: { readonly sandboxId: string; readonly containerId?: string }, kind: Kind): void =>
    // Now and then the runtime does not know any more whose it was.
    send({ type: "event", kind, ...ids, ...(random() < 0.8 ? { uid: pod.uid } : {}) });
  const emit = (pod: SimulatedPod, containerId: string, kind: Kind): void =>
    emitOf(pod, { sandboxId: pod.sandboxes[0]?.id ?? "", containerId }, kind);

  const view = (pod: SimulatedPod): RuntimePodStatus => ({
    uid: pod.uid,
    name: pod.name,
    namespace: "default",
    ips: pod.sandboxes.find((sandbox) => sandbox.state === "ready")?.ips ?? [],
    sandboxes: pod.sandboxes.toSorted(compareNewestFirst),
    containers: pod.containers.toSorted(compareNewestFirst),
    observedAtMs: clock.nowMs(),
  });

  const nextNumber = (): number => (created += 1);
  const change = (pod: SimulatedPod, id: string, fields: Partial<RuntimeContainerStatus>): void => {
    pod.containers = pod.containers.map((container) => (container.id === id ? { ...container, ...fields } : container));
  };
  const podOf = (uid: PodUid): SimulatedPod => {
    const pod = pods.get(uid);
    if (pod === undefined) throw new Error(`the simulated runtime has no pod ${uid}`);
    return pod;
  };

  const addPod = (): PodUid => {
    const number = nextNumber();
    const uid = `pod-${number}`;
    const sandbox = createSandbox(number);
    const pod: SimulatedPod = { uid, name: uid, sandboxes: [sandbox], containers: [] };
    pods.set(uid, pod);
    emitOf(pod, { sandboxId: sandbox.id }, "created");
    emitOf(pod, { sandboxId: sandbox.id }, "started");
    return uid;
  };
  const createContainer = (uid: PodUid): string => {
    const pod = podOf(uid);
    const container = createContainerStatus(nextNumber(), pod.sandboxes[0]?.id ?? "");
    pod.containers = [container, ...pod.containers];
    emit(pod, container.id, "created");
    return container.id;
  };
  const run = (pod: SimulatedPod, id: string): void => {
    change(pod, id, { state: "running", startedAtNanos: BigInt(nextNumber()) });
    emit(pod, id, "started");
  };
  const exitContainer = (uid: PodUid, id: string): void => {
    const exitCode = Math.floor(random() * 256);
    exits.set(id, exitCode);
    change(podOf(uid), id, { state: "exited", exitCode, finishedAtNanos: BigInt(nextNumber()) });
    emit(podOf(uid), id, "stopped");
  };
  const removeContainer = (uid: PodUid, id: string): void => {
    const pod = podOf(uid);
    pod.containers = pod.containers.filter((container) => container.id !== id);
    emit(pod, id, "deleted");
  };
  const removePod = (uid: PodUid): void => {
    const pod = podOf(uid);
    for (const container of pod.containers) if (container.state === "running") exitContainer(uid, container.id);
    pods.delete(uid);
    for (const container of pod.containers) emit(pod, container.id, "deleted");
    for (const sandbox of pod.sandboxes) emitOf(pod, { sandboxId: sandbox.id }, "deleted");
  };
  const stopSandbox = (pod: SimulatedPod): void => {
    pod.sandboxes = pod.sandboxes.map((sandbox) => ({ ...sandbox, state: "notready" as const, ips: [] }));
    emitOf(pod, { sandboxId: pod.sandboxes[0]?.id ?? "" }, "stopped");
  };

  const step = (): PodUid => {
    const uid = pods.size < 3 || (pods.size < 12 && random() < 0.15) ? addPod() : (pick([...pods.keys()]) ?? addPod());
    const pod = podOf(uid);
    const container = pick(pod.containers);
    const roll = random();
    if (roll < 0.04) removePod(uid);
    else if (roll < 0.07) stopSandbox(pod);
    else if (container === undefined || roll < 0.3) createContainer(uid);
    else if (container.state === "created") run(pod, container.id);
    else if (container.state === "running") exitContainer(uid, container.id);
    else removeContainer(uid, container.id);
    return uid;
  };

  const listPods: RuntimeView["listPods"] = async ({ signal, uid }) => {
    calls.list += 1;
    await delay(signal);
    const seen = [...pods.values()].filter((pod) => uid === undefined || pod.uid === uid).map(toList);
    await delay(signal);
    return seen;
  };
  const getPodStatus: RuntimeView["getPodStatus"] = async (request, { signal }) => {
    calls.status += 1;
    if (wedged.has(request.uid)) return new Promise<never>(() => undefined);
    await delay(signal);
    const pod = pods.get(request.uid);
    const now = view(pod ?? { uid: request.uid, name: request.name, sandboxes: [], containers: [] });
    await delay(signal);
    return {
      ...now,
      sandboxes: now.sandboxes.filter((sandbox) => request.sandboxIds.includes(sandbox.id)),
      containers: now.containers.filter((container) => request.containerIds.includes(container.id)),
    };
  };

  return {
    view: {
      listPods,
      getPodStatus,
      ...(options.hasEvents === false ? {} : { watchEvents: ({ signal }) => wire.watch({ signal, isUp: () => isUp }) }),
    },
    step,
    addPod,
    startContainer: (uid) => {
      const id = createContainer(uid);
      run(podOf(uid), id);
      return id;
    },
    exitContainer,
    removeContainer,
    removePod,
    truth: (uid) => {
      const pod = pods.get(uid);
      return pod === undefined ? undefined : view(pod);
    },
    uids: () => [...pods.keys()],
    exits,
    wedge: (uid) => void wedged.add(uid),
    unwedge: (uid) => void wedged.delete(uid),
    wedged,
    cutStreams: () => wire.cut(),
    stop: () => {
      isUp = false;
      wire.cut();
    },
    start: () => {
      isUp = true;
    },
    calm: () => wire.calm(),
    calls,
  };
};

const createSandbox = (number: number): RuntimeSandboxStatus => ({
  id: `sandbox-${number}`,
  attempt: 0,
  state: "ready",
  createdAtNanos: BigInt(number),
  labels: {},
  annotations: {},
  runtimeHandler: "",
  ips: [`10.0.0.${number}`],
  network: "pod",
});

const createContainerStatus = (number: number, sandboxId: string): RuntimeContainerStatus => ({
  id: `container-${number}`,
  sandboxId,
  name: "main",
  attempt: 0,
  state: "created",
  createdAtNanos: BigInt(number),
  image: "image",
  imageId: "",
  labels: {},
  annotations: {},
  startedAtNanos: 0n,
  finishedAtNanos: 0n,
  exitCode: 0,
  reason: "",
  message: "",
  imageRef: "",
  logPath: "",
  mounts: [],
});
