import type { ContainerConfig, PodSandboxConfig } from "@nk/cri-api";
import { NamespaceMode } from "@nk/cri-api";
import { compareNewestFirst } from "@nk/pod-model";
import type {
  PodUid,
  RuntimeContainerState,
  RuntimeContainerStatus,
  RuntimePod,
  RuntimePodStatus,
  RuntimeSandboxStatus,
} from "@nk/pod-model";
import { raceSignal } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import type { ContainerPort, ObservedPort, SandboxPort } from "../ports.ts";

/** The calls of {@link FakeRuntime} that can be made to fail or to hang. */
export type FakeCall =
  | "RunPodSandbox"
  | "StopPodSandbox"
  | "RemovePodSandbox"
  | "CreateContainer"
  | "StartContainer"
  | "StopContainer"
  | "RemoveContainer"
  | "ExecSync"
  | "Observe";

/** How a call fails: before it had its effect, or after, as when an answer is lost. */
export interface FakeFault {
  readonly error: Error;
  readonly when?: "before" | "after";
}

/** Decides about each call as it comes; `index` counts calls from 0. Undefined lets it pass. */
export type FakeFaultRule = (call: { readonly name: FakeCall; readonly target: string; readonly index: number }) => FakeFault | undefined;

/** An in-memory container runtime as pod-sync sees one, with controls for tests. */
export interface FakeRuntime {
  readonly sandboxes: SandboxPort;
  readonly containers: ContainerPort;
  readonly observed: ObservedPort;
  /** Each call that changed something or ran something, as `CreateContainer main 0`. */
  readonly calls: readonly string[];
  /** What the runtime has, whether anyone observed it or not. */
  inspect(uid: PodUid): RuntimePodStatus | undefined;
  list(uid: PodUid): RuntimePod | undefined;
  /** The newest instance of a container; throws when there is none. */
  find(name: string): RuntimeContainerStatus;
  /** Ends the newest running instance of a container, as its process would. */
  exit(name: string, exitCode: number, reason?: string): void;
  /** Makes a sandbox not ready, as when its pause process dies. Its containers end with 137. */
  breakSandbox(uid: PodUid): void;
  /** The same while its containers run on, as when only the pause process dies. */
  loseSandbox(uid: PodUid): void;
  /** Changes what an instance looks like, e.g. its state to `unknown`. */
  patch(name: string, change: Partial<RuntimeContainerStatus>): void;
  /** Exit code of containers that are stopped; default 137. */
  stopExitCode: number;
  /** Answers an exec; default exit code 0 and no output. */
  exec: (cmd: readonly string[]) => { readonly exitCode: number; readonly stdout?: string; readonly stderr?: string };
  /** Default: no call fails. */
  faults: FakeFaultRule;
  /** Calls of that name wait until the returned function is called. */
  hold(name: FakeCall): () => void;
}

type Stored<T> = { -readonly [K in keyof T]: T[K] };

interface Pod {
  readonly name: string;
  readonly namespace: string;
  readonly sandboxes: Stored<RuntimeSandboxStatus>[];
  readonly containers: Stored<RuntimeContainerStatus>[];
}

interface State {
  readonly clock: Clock;
  readonly pods: Map<PodUid, Pod>;
  readonly calls: string[];
  readonly gates: Map<FakeCall, Promise<void>>;
  nextId: number;
  callCount: number;
}

const nanos = (clock: Clock): bigint => BigInt(Math.round(clock.nowMs())) * 1_000_000n;

const notFound = (what: string): Error => Object.assign(new Error(`${what} not found`), { code: "not-found" });

const findContainer = (state: State, id: string): { readonly pod: Pod; readonly container: Stored<RuntimeContainerStatus> } => {
  for (const pod of state.pods.values()) {
    const container = pod.containers.find((candidate) => candidate.id === id);
    if (container !== undefined) return { pod, container };
  }
  throw notFound(`container ${id}`);
};

const findSandbox = (state: State, id: string): { readonly pod: Pod; readonly sandbox: Stored<RuntimeSandboxStatus> } => {
  for (const pod of state.pods.values()) {
    const sandbox = pod.sandboxes.find((candidate) => candidate.id === id);
    if (sandbox !== undefined) return { pod, sandbox };
  }
  throw notFound(`sandbox ${id}`);
};

const end = (
  state: State,
  container: Stored<RuntimeContainerStatus>,
  how: { readonly exitCode: number; readonly reason?: string },
): void => {
  if (container.state !== "running" && container.state !== "unknown") return;
  container.state = "exited";
  container.exitCode = how.exitCode;
  container.reason = how.reason ?? (how.exitCode === 0 ? "Completed" : "Error");
  container.finishedAtNanos = nanos(state.clock);
};

const label = (container: RuntimeContainerStatus): string => `${container.name} ${container.attempt}`;

const addSandbox = (state: State, config: PodSandboxConfig, runtimeHandler: string): string => {
  const { name = "", namespace = "", uid = "", attempt = 0 } = config.metadata ?? {};
  const pod = state.pods.get(uid) ?? { name, namespace, sandboxes: [], containers: [] };
  state.pods.set(uid, pod);
  const isNode = config.linux?.securityContext?.namespaceOptions?.network === NamespaceMode.NODE;
  const id = `sandbox${state.nextId++}`;
  pod.sandboxes.push({
    id,
    attempt,
    state: "ready",
    createdAtNanos: nanos(state.clock),
    labels: config.labels,
    annotations: config.annotations,
    runtimeHandler,
    ips: isNode ? [] : [`10.0.0.${pod.sandboxes.length + 1}`],
    network: isNode ? "node" : "pod",
  });
  return id;
};

const addContainer = (state: State, podSandboxId: string, config: ContainerConfig): string => {
  const { pod, sandbox } = findSandbox(state, podSandboxId);
  if (sandbox.state !== "ready") throw new Error(`sandbox ${podSandboxId} is not ready`);
  const { name = "", attempt = 0 } = config.metadata ?? {};
  if (pod.containers.some((other) => other.name === name && other.attempt === attempt && other.sandboxId === podSandboxId)) {
    throw new Error(`name ${name}_${attempt} is reserved`);
  }
  const id = `container${state.nextId++}`;
  pod.containers.push({
    id,
    name,
    attempt,
    sandboxId: podSandboxId,
    state: "created",
    createdAtNanos: nanos(state.clock) + BigInt(state.nextId),
    image: config.image?.userSpecifiedImage ?? "",
    imageId: config.image?.image ?? "",
    labels: config.labels,
    annotations: config.annotations,
    startedAtNanos: 0n,
    finishedAtNanos: 0n,
    exitCode: 0,
    reason: "",
    message: "",
    imageRef: config.image?.image ?? "",
    logPath: config.logPath,
    mounts: config.mounts.map(({ containerPath, hostPath }) => ({ containerPath, hostPath })),
  });
  return id;
};

const statusOf = (state: State, uid: PodUid): RuntimePodStatus | undefined => {
  const pod = state.pods.get(uid);
  if (pod === undefined || (pod.sandboxes.length === 0 && pod.containers.length === 0)) return undefined;
  const sandboxes = structuredClone(pod.sandboxes).toSorted(compareNewestFirst);
  const containers = structuredClone(pod.containers).toSorted(compareNewestFirst);
  const ips = sandboxes.find((sandbox) => sandbox.state === "ready")?.ips ?? [];
  return { uid, name: pod.name, namespace: pod.namespace, ips, sandboxes, containers, observedAtMs: state.clock.nowMs() };
};

const newestNamed = (state: State, name: string): Stored<RuntimeContainerStatus> => {
  const found = [...state.pods.values()]
    .flatMap((pod) => pod.containers)
    .filter((container) => container.name === name)
    .toSorted(compareNewestFirst)[0];
  if (found === undefined) throw notFound(`container ${name}`);
  return found;
};

type Step = <T>(call: { name: FakeCall; target: string; signal?: AbortSignal | undefined; quiet?: boolean }, effect: () => T) => Promise<T>;

const createStep =
  (state: State, faultsOf: () => FakeFaultRule): Step =>
  async (call, effect) => {
    call.signal?.throwIfAborted();
    const fault = faultsOf()({ name: call.name, target: call.target, index: state.callCount });
    state.callCount += 1;
    if (call.quiet !== true) state.calls.push(`${call.name} ${call.target}`.trimEnd());
    // A real call takes at least a turn of the event loop.
    await raceSignal(state.gates.get(call.name) ?? Promise.resolve(), call.signal);
    if (fault !== undefined && fault.when !== "after") throw fault.error;
    const result = effect();
    if (fault !== undefined) throw fault.error;
    return result;
  };

const createSandboxPort = (state: State, step: Step): SandboxPort => ({
  runPodSandbox: ({ config, runtimeHandler }) =>
    step({ name: "RunPodSandbox", target: `${config?.metadata?.attempt ?? 0}` }, () => {
      if (config === undefined) throw new Error("config is missing");
      return { podSandboxId: addSandbox(state, config, runtimeHandler) };
    }),
  stopPodSandbox: ({ podSandboxId }, { signal }) =>
    step({ name: "StopPodSandbox", target: podSandboxId, signal }, () => {
      const { pod, sandbox } = findSandbox(state, podSandboxId);
      sandbox.state = "notready";
      sandbox.ips = [];
      for (const container of pod.containers) if (container.sandboxId === podSandboxId) end(state, container, { exitCode: 137 });
    }),
  removePodSandbox: ({ podSandboxId }, { signal }) =>
    step({ name: "RemovePodSandbox", target: podSandboxId, signal }, () => {
      const { pod, sandbox } = findSandbox(state, podSandboxId);
      pod.sandboxes.splice(pod.sandboxes.indexOf(sandbox), 1);
      pod.containers.splice(0, Infinity, ...pod.containers.filter((container) => container.sandboxId !== podSandboxId));
    }),
});

const createContainerPort = (state: State, step: Step, controls: Pick<FakeRuntime, "exec" | "stopExitCode">): ContainerPort => ({
  createContainer: ({ podSandboxId, config }) =>
    step({ name: "CreateContainer", target: `${config?.metadata?.name ?? ""} ${config?.metadata?.attempt ?? 0}` }, () => {
      if (config === undefined) throw new Error("config is missing");
      return { containerId: addContainer(state, podSandboxId, config) };
    }),
  startContainer: ({ containerId }) =>
    step({ name: "StartContainer", target: label(findContainer(state, containerId).container) }, () => {
      const { container } = findContainer(state, containerId);
      if (container.state !== "created") throw new Error(`container ${label(container)} is ${container.state}`);
      container.state = "running";
      container.startedAtNanos = nanos(state.clock);
    }),
  stopContainer: async ({ containerId, timeout }, { signal }) => {
    const { container } = findContainer(state, containerId);
    await step({ name: "StopContainer", target: `${label(container)} timeout=${timeout}`, signal }, () =>
      end(state, container, { exitCode: controls.stopExitCode }),
    );
  },
  removeContainer: async ({ containerId }, { signal }) => {
    const { pod, container } = findContainer(state, containerId);
    await step({ name: "RemoveContainer", target: label(container), signal }, () => {
      if (container.state === "running") throw new Error(`container ${label(container)} is running`);
      pod.containers.splice(pod.containers.indexOf(container), 1);
    });
  },
  execSync: async ({ containerId, cmd }, { signal }) => {
    const { container } = findContainer(state, containerId);
    return step({ name: "ExecSync", target: `${label(container)} [${cmd.join(" ")}]`, signal }, () => {
      const { exitCode, stdout = "", stderr = "" } = controls.exec(cmd);
      return { exitCode, stdout: Buffer.from(stdout), stderr: Buffer.from(stderr) };
    });
  },
});

/** Creates an empty runtime. It keeps CRI's rules: removals and stops are idempotent, a name is taken until it is removed. */
export const createFakeRuntime = (clock: Clock): FakeRuntime => {
  const state: State = { clock, pods: new Map(), calls: [], gates: new Map(), nextId: 0, callCount: 0 };
  const cache = new Map<PodUid, RuntimePodStatus | undefined>();
  const controls: Pick<Stored<FakeRuntime>, "stopExitCode" | "exec" | "faults"> = {
    stopExitCode: 137,
    exec: () => ({ exitCode: 0 }),
    faults: () => undefined,
  };
  const step = createStep(state, () => controls.faults);
  const setState = (name: string, change: { readonly state?: RuntimeContainerState }): void =>
    void Object.assign(newestNamed(state, name), change);

  const loseSandbox = (uid: PodUid): void => {
    for (const sandbox of state.pods.get(uid)?.sandboxes ?? []) Object.assign(sandbox, { state: "notready", ips: [] });
    cache.set(uid, statusOf(state, uid));
  };

  return Object.assign(controls, {
    sandboxes: createSandboxPort(state, step),
    containers: createContainerPort(state, step, controls),
    observed: {
      get: (uid: PodUid) => cache.get(uid),
      refresh: (uid: PodUid, { signal }: { readonly signal?: AbortSignal }) =>
        step({ name: "Observe", target: uid, signal, quiet: true }, () => {
          const status = statusOf(state, uid);
          cache.set(uid, status);
          return status;
        }),
    },
    calls: state.calls,
    inspect: (uid: PodUid) => statusOf(state, uid),
    list: (uid: PodUid) => statusOf(state, uid),
    find: (name: string) => structuredClone(newestNamed(state, name)),
    exit: (name: string, exitCode: number, reason?: string) => {
      end(state, newestNamed(state, name), { exitCode, ...(reason !== undefined && { reason }) });
      for (const uid of cache.keys()) cache.set(uid, statusOf(state, uid));
    },
    breakSandbox: (uid: PodUid) => {
      loseSandbox(uid);
      for (const container of state.pods.get(uid)?.containers ?? []) end(state, container, { exitCode: 137 });
      cache.set(uid, statusOf(state, uid));
    },
    loseSandbox,
    patch: (name: string, change: Partial<RuntimeContainerStatus>) => {
      setState(name, change);
      for (const uid of cache.keys()) cache.set(uid, statusOf(state, uid));
    },
    hold: (name: FakeCall) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      state.gates.set(name, promise);
      return () => {
        state.gates.delete(name);
        resolve();
      };
    },
  });
};
