import { ADMITTED, applyPodDefaults, podRef } from "@nk/pod-model";
import type { Pod, PodSpec, RuntimeContainerStatus } from "@nk/pod-model";
import { createPodStatuses } from "@nk/pod-status";
import type { PodStatuses } from "@nk/pod-status";
import { createPodSync } from "@nk/pod-sync";
import type { PodSync } from "@nk/pod-sync";
import { createFakePorts } from "@nk/pod-sync/testing";
import type { FakePorts } from "@nk/pod-sync/testing";
import { createPodWorkers } from "@nk/pod-workers";
import type { PodWorkers } from "@nk/pod-workers";
import { createFakeClock } from "@nk/stdx/testing";
import type { FakeClock } from "@nk/stdx/testing";
import { asShown, podRuntime } from "../../src/adapters/pod-runtime.ts";
import { standingOf } from "../../src/adapters/standing.ts";
import { behaviourOf } from "./behaviour.ts";
import { describeStatus } from "./describe-status.ts";
import type { Scenario, Step } from "./scenario.ts";
import { hookOf, isTold, withoutRepeats } from "./words.ts";

/** How long a container that ends by itself runs. */
const EXIT_AFTER_MS = 50;
/** So long nothing has happened when a command has had its effect: less than a crash back-off, more than a probe takes. */
const QUIET_MS = 1000;
/** Crash back-off of all scenarios: the shortest that still lets a status be seen. */
export const BACKOFF_MS = 4000;
const POD = { name: "pod", namespace: "default", uid: "pod-uid" } as const;

type Flags = { startup?: "success" | "failure"; liveness?: "success" | "failure"; readiness?: boolean };

interface Model {
  readonly clock: FakeClock;
  readonly fake: FakePorts;
  pod: Pod;
  spec: PodSpec;
  podSync: PodSync;
  statuses: PodStatuses;
  workers: PodWorkers;
  stop: AbortController;
  /** What happened, with the moment. */
  readonly trace: { readonly atMs: number; readonly line: string }[];
  readonly instances: Map<string, number>;
  /** Which instances' logs there are. */
  readonly logs: Map<string, Set<number>>;
  /** By container id. */
  readonly flags: Map<string, Flags>;
  isInApi: boolean;
  inFlight: number;
  changes: number;
}

const note = (model: Model, line: string): void => {
  model.changes += 1;
  model.trace.push({ atMs: model.clock.monotonicMs(), line });
};

const nameOf = (model: Model, containerId: string): string =>
  model.fake.runtime.inspect(POD.uid)?.containers.find(({ id }) => id === containerId)?.name ?? containerId;

const observedChanged = (model: Model): void => {
  void model.statuses.refresh(POD.uid);
  model.workers.wake(POD.uid, "runtime changed");
};

const endContainer = (model: Model, { id, name }: Pick<RuntimeContainerStatus, "id" | "name">, code: number): void => {
  const instance = model.fake.runtime.inspect(POD.uid)?.containers.find((container) => container.id === id);
  if (instance?.state !== "running") return;
  model.fake.runtime.exit(name, code);
  note(model, `${name} exits ${code}`);
  observedChanged(model);
};

const busy = async <T>(model: Model, work: () => Promise<T>): Promise<T> => {
  model.inFlight += 1;
  try {
    return await work();
  } finally {
    model.inFlight -= 1;
  }
};

const afterStart = (model: Model, containerId: string): void => {
  const name = nameOf(model, containerId);
  const index = model.instances.get(name) ?? 0;
  model.instances.set(name, index + 1);
  const { attempt } = model.fake.runtime.find(name);
  model.logs.set(name, (model.logs.get(name) ?? new Set()).add(attempt));
  const behaviour = behaviourOf(model.spec, name, index);
  if (behaviour.type === "exit") model.clock.schedule(EXIT_AFTER_MS, () => endContainer(model, { id: containerId, name }, behaviour.code));
};

const stopContainer = async (model: Model, containerId: string, { timeout, signal }: { timeout: bigint; signal: AbortSignal }) => {
  const name = nameOf(model, containerId);
  note(model, `${name} is told to stop within ${timeout} s`);
  const behaviour = behaviourOf(model.spec, name, (model.instances.get(name) ?? 1) - 1);
  const isDeaf = behaviour.type === "exit" || behaviour.code === undefined;
  const seconds = isDeaf ? Number(timeout) : Math.min(behaviour.slowSeconds, Number(timeout));
  await model.clock.sleep(seconds * 1000 + 20, { signal });
  endContainer(model, { id: containerId, name }, isDeaf || behaviour.slowSeconds > Number(timeout) ? 137 : (behaviour.code ?? 137));
};

/** `sleep 2; exit 3` and the like, as hooks are written here. */
const runScript = async (model: Model, script: string, signal: AbortSignal | undefined): Promise<number> => {
  const seconds = Number(/sleep (\d+)/.exec(script)?.[1] ?? 0);
  await model.clock.sleep(seconds * 1000, signal === undefined ? {} : { signal });
  return Number(/exit (\d+)/.exec(script)?.[1] ?? 0);
};

type Ports = FakePorts["ports"];

/** The fake runtime, with containers that do what the scenario says and a line for everything that is asked. */
const portsOf = (model: Model): Ports => {
  const { ports, runtime } = model.fake;
  const refreshed: Ports["observed"]["refresh"] = async (uid, options) => {
    const observed = await ports.observed.refresh(uid, options);
    observedChanged(model);
    return observed;
  };
  return {
    ...ports,
    observed: { get: (uid) => ports.observed.get(uid), refresh: refreshed },
    sandboxes: {
      ...ports.sandboxes,
      runPodSandbox: async (request) => {
        const attempt = request.config?.metadata?.attempt ?? 0;
        note(model, `sandbox starts${attempt === 0 ? "" : `, attempt ${attempt}`}`);
        return ports.sandboxes.runPodSandbox(request);
      },
      stopPodSandbox: async (request, options) => {
        note(model, "sandbox is stopped");
        for (const { id, name, state, sandboxId } of runtime.inspect(POD.uid)?.containers ?? [])
          if (state === "running" && sandboxId === request.podSandboxId) endContainer(model, { id, name }, 137);
        return ports.sandboxes.stopPodSandbox(request, options);
      },
    },
    containers: {
      ...ports.containers,
      startContainer: async (request) => {
        const name = nameOf(model, request.containerId);
        note(model, `${name} starts`);
        const answer = await ports.containers.startContainer(request);
        afterStart(model, request.containerId);
        return answer;
      },
      stopContainer: (request, { signal }) =>
        busy(model, async () => {
          await stopContainer(model, request.containerId, { timeout: request.timeout, signal: signal ?? new AbortController().signal });
          return ports.containers.stopContainer(request, {});
        }),
      execSync: (request, { signal }) =>
        busy(model, async () => {
          const name = nameOf(model, request.containerId);
          note(model, `${name} runs ${hookOf(model.spec, name, request.cmd)}`);
          return { exitCode: await runScript(model, request.cmd.join(" "), signal), stdout: Buffer.from(""), stderr: Buffer.from("") };
        }),
    },
    probes: {
      results: (containerId) => {
        const { readiness: _readiness, ...results } = model.flags.get(containerId) ?? {};
        return results;
      },
    },
    files: {
      ...ports.files,
      countRestartsByLogs: async ({ containerName }) => Math.max(-1, ...(model.logs.get(containerName) ?? [])) + 1,
      removeContainerLogs: async ({ containerName, restartCount }) => void model.logs.get(containerName)?.delete(restartCount),
    },
  };
};

const startKubelet = (model: Model): void => {
  const ports = portsOf(model);
  const podSync = createPodSync(ports, {
    clock: model.clock,
    random: () => 0,
    crashBackoff: { initialMs: BACKOFF_MS, maxMs: BACKOFF_MS, resetAfterMs: 600_000 },
  });
  const probeOf = (name: string) => [...(model.spec.initContainers ?? []), ...model.spec.containers].find((one) => one.name === name);
  const statuses = createPodStatuses(
    {
      observed: (uid) => asShown(podSync, ports.observed.get(uid)),
      probes: () =>
        new Map(
          (ports.observed.get(POD.uid)?.containers ?? []).map(({ id, name }) => [
            id,
            {
              ...(probeOf(name)?.startupProbe === undefined ? {} : { started: model.flags.get(id)?.startup === "success" }),
              ...(probeOf(name)?.readinessProbe === undefined ? {} : { ready: model.flags.get(id)?.readiness === true }),
            },
          ]),
        ),
      readTerminationMessage: async () => "",
    },
    { runtimeName: () => "containerd", nodeIps: () => ["192.0.2.1"], clock: model.clock },
  );
  const workers = createPodWorkers(
    {
      admission: { admit: () => ADMITTED },
      status: {
        publish: async (pod, work) => {
          const { phase } = await statuses.publish(pod, standingOf(work));
          return { terminal: phase === "Succeeded" || phase === "Failed" };
        },
        rejected: () => undefined,
        finished: (pod) => {
          if (pod.metadata?.deletionTimestamp === undefined || !model.isInApi) return;
          model.isInApi = false;
          model.changes += 1;
          workers.applyUpdate({ type: "remove", pod }, "api");
        },
      },
      runtime: podRuntime(podSync, statuses, () => undefined),
      events: { record: (event) => ports.events.record(event) },
    },
    { sources: ["api"], clock: model.clock, random: () => 0 },
  );
  const stop = new AbortController();
  // The passes end with the signal.
  void workers.run(stop.signal).catch(() => undefined);
  Object.assign(model, { podSync, statuses, workers, stop });
};

/** Until nothing has happened for a while and nothing is waited for. */
const settle = async (model: Model): Promise<void> => {
  let quietMs = 0;
  const isBusy = (): boolean => model.inFlight > 0 || (model.isInApi && model.pod.metadata?.deletionTimestamp !== undefined);
  for (let elapsedMs = 0; quietMs < QUIET_MS || isBusy(); elapsedMs += 100) {
    if (elapsedMs > 120_000) throw new Error("the pod never comes to rest");
    const { changes } = model;
    await model.clock.advance(100);
    quietMs = changes === model.changes ? quietMs + 100 : 0;
  }
};

const running = (model: Model, name: string): RuntimeContainerStatus => {
  const found = model.fake.runtime.inspect(POD.uid)?.containers.find((one) => one.name === name && one.state === "running");
  if (found === undefined) throw new Error(`container ${name} does not run`);
  return found;
};

const changePod = (
  model: Model,
  change: { readonly spec?: PodSpec; readonly metadata?: Pod["metadata"] },
  type: "update" | "delete",
): void => {
  model.spec = change.spec ?? model.spec;
  model.pod = applyPodDefaults({ ...model.pod, spec: model.spec, metadata: { ...model.pod.metadata, ...change.metadata } });
  model.workers.applyUpdate({ type, pod: model.pod }, "api");
};

const setFlag = (model: Model, name: string, flags: Flags): void => {
  const { id } = running(model, name);
  model.flags.set(id, { ...model.flags.get(id), ...flags });
  observedChanged(model);
};

const endEverything = (model: Model): void => {
  for (const { id, name, state } of model.fake.runtime.inspect(POD.uid)?.containers ?? [])
    if (state === "running") endContainer(model, { id, name }, 137);
  model.fake.runtime.breakSandbox(POD.uid);
};

/** What the API shows outlives the kubelet. */
const stopKubelet = (model: Model): void => {
  const status = model.statuses.get(POD.uid);
  model.pod = { ...model.pod, ...(status === undefined ? {} : { status }) };
  model.stop.abort(new Error("the kubelet is stopped"));
};

const startAgain = (model: Model): void => {
  startKubelet(model);
  model.workers.applySnapshot({ source: "api", pods: [model.pod], problems: [] });
};

const askDeletion = (model: Model, seconds: number): void => {
  const metadata = { deletionTimestamp: new Date(model.clock.nowMs()).toISOString(), deletionGracePeriodSeconds: seconds };
  changePod(model, { metadata }, "delete");
};

type Command = (model: Model, words: readonly string[]) => void | Promise<void>;

const COMMANDS: { readonly [verb: string]: Command } = {
  create: (model) => {
    model.isInApi = true;
    model.workers.applySnapshot({ source: "api", pods: [model.pod], problems: [] });
  },
  end: (model, [name = "", code = ""]) => endContainer(model, running(model, name), Number(code)),
  wait: (model, [seconds = ""]) => model.clock.advance(Number(seconds) * 1000),
  startup: (model, [name = "", verdict]) => setFlag(model, name, { startup: verdict === "fails" ? "failure" : "success" }),
  liveness: (model, [name = ""]) => setFlag(model, name, { liveness: "failure" }),
  readiness: (model, [name = "", verdict]) => setFlag(model, name, { readiness: verdict !== "fails" }),
  image: (model, [name = "", image = ""]) => {
    const changed = <T extends { readonly name: string }>(list: readonly T[] = []): readonly T[] =>
      list.map((one) => (one.name === name ? { ...one, image } : one));
    const { initContainers, containers } = model.spec;
    const init = initContainers === undefined ? {} : { initContainers: changed(initContainers) };
    changePod(model, { spec: { ...model.spec, ...init, containers: changed(containers) } }, "update");
  },
  debug: (model, [name = "", target, ...args]) => {
    const container = { name, image: "busybox", ...(target === "-" || target === undefined ? {} : { targetContainerName: target }) };
    const ephemeralContainers = [...(model.spec.ephemeralContainers ?? []), { ...container, args: [args.join(" ")] }];
    changePod(model, { spec: { ...model.spec, ephemeralContainers } }, "update");
  },
  "kill-sandbox": (model) => {
    model.fake.runtime.loseSandbox(POD.uid);
    observedChanged(model);
  },
  "restart-kubelet": (model) => {
    stopKubelet(model);
    startAgain(model);
  },
  reboot: (model) => {
    stopKubelet(model);
    endEverything(model);
    startAgain(model);
  },
  delete: async (model, [grace, _and, _then, shorter]) => {
    askDeletion(model, grace === undefined ? (model.spec.terminationGracePeriodSeconds ?? 30) : Number(grace));
    if (shorter === undefined) return;
    await model.clock.advance(500);
    askDeletion(model, Number(shorter));
  },
  "force-delete": (model) => {
    // The API writes the grace period of 0 before it removes the object.
    askDeletion(model, 0);
    model.isInApi = false;
    model.workers.applyUpdate({ type: "remove", pod: model.pod }, "api");
  },
};

/** Lines of one moment that are alike come in any order. */
const groupTrace = (trace: Model["trace"]): readonly string[] => {
  const groups: { atMs: number; kind: string; lines: string[] }[] = [];
  for (const { atMs, line } of trace) {
    const kind = / (is told to stop|exits|runs) /.exec(line)?.[1] ?? line;
    const last = groups.at(-1);
    if (last !== undefined && last.atMs === atMs && last.kind === kind) last.lines.push(line);
    else groups.push({ atMs, kind, lines: [line] });
  }
  return groups.map(({ lines }) => withoutRepeats(lines.toSorted()).join(" | "));
};

const eventsOf = (model: Model): readonly string[] =>
  model.fake.events
    .filter(isTold)
    .map(({ reason, fieldPath, message }) => `${reason} ${fieldPath ?? "pod"}: ${message.replaceAll("pod_default(pod-uid)", "POD")}`);

/** Plays a scenario on pod workers, pod-sync and pod-status with a runtime in memory, and answers its steps with what happened. */
export const playInModel = async (scenario: Scenario): Promise<readonly Step[]> => {
  const clock = createFakeClock();
  const fake = createFakePorts({ clock });
  fake.hook = () => Promise.reject(new Error("connection refused"));
  const { spec } = scenario;
  const pod = applyPodDefaults({ metadata: POD, spec });
  const model = {
    clock,
    fake,
    pod,
    spec,
    trace: [],
    instances: new Map(),
    logs: new Map(),
    flags: new Map(),
    isInApi: false,
    inFlight: 0,
    changes: 0,
  } as unknown as Model;
  startKubelet(model);
  const steps: Step[] = [];
  const told = new Set<string>();
  for (const { command } of scenario.steps) {
    const [verb = "", ...words] = command.split(" ");
    const run = COMMANDS[verb];
    if (run === undefined) throw new Error(`nobody knows the command ${command}`);
    const seen = model.trace.length;
    await run(model, words);
    await settle(model);
    const events = eventsOf(model).filter((event) => !told.has(event));
    for (const event of events) told.add(event);
    const status = model.isInApi ? model.statuses.get(podRef(model.pod).uid) : undefined;
    steps.push({ command, trace: groupTrace(model.trace.slice(seen)), events: [...new Set(events)], status: describeStatus(status) });
  }
  model.stop.abort(new Error("the scenario is over"));
  return steps;
};
