import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { systemClock } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import { containerHandlers, crashContainer } from "./container-handlers.ts";
import { appendLog, joinLogPath } from "./container-log.ts";
import { createEventHub } from "./event-hub.ts";
import { execHandlers } from "./exec-handlers.ts";
import { createFailPoints } from "./fail-points.ts";
import type { FailPoint } from "./fail-points.ts";
import { addImage, imageHandlers } from "./image-handlers.ts";
import { stopSandbox } from "./life.ts";
import { nodeHandlers } from "./node-handlers.ts";
import type { FakeRuntimeInfo } from "./node-handlers.ts";
import { PROFILES } from "./profiles.ts";
import type { FakeProfile } from "./profiles.ts";
import { sandboxHandlers } from "./sandbox-handlers.ts";
import { createHostileServer } from "./server.ts";
import { createFakeService } from "./service.ts";
import type { RecordedCall } from "./service.ts";
import { createFakeStore, normalizeImageName } from "./store.ts";
import type { FakeContainer, FakeImage, FakeSandbox } from "./store.ts";
import type { FakeExecResult, FakeProgram, FakeWorld } from "./world.ts";

/** What {@link startFakeRuntime} takes. */
export interface FakeRuntimeOptions {
  /** Default: one in a new temporary folder, which `[Symbol.asyncDispose]` removes. */
  readonly socketPath?: string;
  /** Default `full`. */
  readonly profile?: FakeProfile;
  /** Whether GetContainerEvents is implemented; default as the profile has it. */
  readonly events?: boolean;
  readonly clock?: Clock;
  /** Images that are there at the start. */
  readonly images?: readonly string[];
  /** What PullImage can get; default `any`. */
  readonly pullable?: readonly string[] | "any";
  /** Default 0. */
  readonly pullDelayMs?: number;
  /** Whether log files are written; default false. */
  readonly logs?: boolean;
  /** Whether PodSandboxStatus carries the containers' statuses; default false. */
  readonly containersInSandboxStatus?: boolean;
  /** Default `systemd`. */
  readonly cgroupDriver?: "systemd" | "cgroupfs";
  /** How a container's program behaves; `undefined`: it runs until it is stopped. */
  readonly program?: (container: FakeContainer) => FakeProgram | undefined;
  /** What ExecSync answers; default: exit code 0 without output. */
  readonly execute?: (container: FakeContainer, command: readonly string[]) => FakeExecResult;
  /** Largest message in bytes, default 16 MiB. */
  readonly maxMessageBytes?: number;
}

/** A runtime in memory behind a real socket. */
export interface FakeRuntime extends AsyncDisposable {
  /** `unix:///...` */
  readonly endpoint: string;
  readonly socketPath: string;
  /** Every call received so far, oldest first, those included that failed. */
  readonly calls: readonly RecordedCall[];
  /** Names of the RPCs in {@link calls}, which most tests compare. */
  readonly callNames: readonly string[];
  clearCalls(): void;
  readonly sandboxes: readonly FakeSandbox[];
  readonly containers: readonly FakeContainer[];
  readonly images: readonly FakeImage[];
  /** Open event streams, and events that their readers have not taken. */
  readonly eventSubscribers: number;
  readonly pendingEvents: number;
  readonly connectionCount: number;
  addImage(name: string, extra?: Partial<FakeImage>): FakeImage;
  removeImage(id: string): void;
  /** Ends a container as a crash would; `reason` e.g. `OOMKilled`. */
  exitContainer(id: string, exitCode: number, reason?: string): void;
  /** Ends a sandbox as the death of its pause process would. */
  crashSandbox(id: string): void;
  /** Appends to a container's log file, whether or not `logs` is on. */
  writeLog(id: string, text: string, stream?: "stdout" | "stderr"): void;
  /** E.g. `setCondition("NetworkReady", { status: false, reason: "NetworkPluginNotReady", message: "" })`. */
  setCondition(type: string, condition: { readonly status: boolean; readonly reason: string; readonly message: string }): void;
  /** Arms a fail point until it is disposed. */
  failOn(point: FailPoint | string): Disposable;
  /** Never answers calls that name this id, until disposed. */
  wedge(id: string): Disposable;
  /** Cuts every connection; the socket stays. */
  cutConnections(): void;
  /** The runtime goes away: no socket, no connections. Its containers stay, as they do when containerd restarts. */
  stop(): Promise<void>;
  /** It comes back on the same socket. */
  start(): Promise<void>;
}

const createInfo = (options: FakeRuntimeOptions): FakeRuntimeInfo => {
  const ready = { status: true, reason: "", message: "" };
  const { runtimeName, runtimeVersion } = PROFILES[options.profile ?? "full"];
  return {
    name: runtimeName,
    version: runtimeVersion,
    cgroupDriver: options.cgroupDriver ?? "systemd",
    conditions: new Map([
      ["RuntimeReady", ready],
      ["NetworkReady", ready],
    ]),
  };
};

const createWorld = (options: FakeRuntimeOptions): FakeWorld => {
  const { clock = systemClock, pullable = "any" } = options;
  const store = createFakeStore(clock);
  for (const image of options.images ?? []) addImage(store, image);
  return {
    store,
    hub: createEventHub(store),
    clock,
    quirks: PROFILES[options.profile ?? "full"].quirks,
    logs: options.logs ?? false,
    containersInSandboxStatus: options.containersInSandboxStatus ?? false,
    pullable: pullable === "any" ? pullable : new Set(pullable.map(normalizeImageName)),
    pullDelayMs: options.pullDelayMs ?? 0,
    program: options.program ?? (() => undefined),
    execute: options.execute ?? (() => ({})),
  };
};

const unimplementedBy = (options: FakeRuntimeOptions): ReadonlySet<string> => {
  const names = new Set(PROFILES[options.profile ?? "full"].unimplemented);
  if (options.events === true) names.delete("GetContainerEvents");
  if (options.events === false) names.add("GetContainerEvents");
  return names;
};

/** The part of the fake that tests steer it by. */
const createControls = (world: FakeWorld, info: FakeRuntimeInfo) => {
  const { store } = world;
  const expectContainer = (id: string): FakeContainer => {
    const container = store.containers.get(id);
    if (container === undefined) throw new Error(`the fake runtime has no container ${id}`);
    return container;
  };
  return {
    addImage: (name: string, extra?: Partial<FakeImage>): FakeImage => addImage(store, name, extra),
    removeImage: (id: string): void => void store.images.delete(id),
    exitContainer: (id: string, exitCode: number, reason?: string): void =>
      crashContainer(world, id, { exitCode, ...(reason === undefined ? {} : { reason }) }),
    crashSandbox: (id: string): void => {
      const sandbox = store.sandboxes.get(id);
      if (sandbox === undefined) throw new Error(`the fake runtime has no sandbox ${id}`);
      stopSandbox(world, sandbox);
    },
    writeLog: (id: string, text: string, stream: "stdout" | "stderr" = "stdout"): void => {
      const container = expectContainer(id);
      const path = joinLogPath(store.sandboxes.get(container.sandboxId), container);
      if (path === "") throw new Error(`container ${id} has no log path`);
      appendLog(path, { stream, text, nowMs: world.clock.nowMs() });
    },
    setCondition: (type: string, condition: { readonly status: boolean; readonly reason: string; readonly message: string }): void =>
      void info.conditions.set(type, condition),
  };
};

/** Starts a runtime in memory on a real unix socket. */
export const startFakeRuntime = async (options: FakeRuntimeOptions = {}): Promise<FakeRuntime> => {
  const socketPath = options.socketPath ?? join(mkdtempSync(join(tmpdir(), "nk-fake-cri-")), "cri.sock");
  const world = createWorld(options);
  const info = createInfo(options);
  let calls: RecordedCall[] = [];
  const failPoints = createFailPoints({ clock: world.clock, halfClose: () => server.halfClose(), vanish: () => server.vanish() });
  const service = createFakeService({
    handlers: {
      ...nodeHandlers(world, info),
      ...sandboxHandlers(world),
      ...containerHandlers(world),
      ...execHandlers(world),
      ...imageHandlers(world),
    },
    hub: world.hub,
    failPoints,
    unimplemented: unimplementedBy(options),
    record: (call) => void calls.push({ ...call, atMs: world.clock.nowMs() }),
    cutConnections: () => server.cutConnections(),
  });
  const server = createHostileServer({ socketPath, maxMessageBytes: options.maxMessageBytes ?? 16 * 1024 * 1024, ...service });
  await server.start();

  return {
    ...createControls(world, info),
    endpoint: `unix://${socketPath}`,
    socketPath,
    get calls() {
      return calls;
    },
    get callNames() {
      return calls.map(({ method }) => method);
    },
    clearCalls: () => {
      calls = [];
    },
    get sandboxes() {
      return [...world.store.sandboxes.values()];
    },
    get containers() {
      return [...world.store.containers.values()];
    },
    get images() {
      return [...world.store.images.values()];
    },
    get eventSubscribers() {
      return world.hub.subscriberCount;
    },
    get pendingEvents() {
      return world.hub.pendingCount;
    },
    get connectionCount() {
      return server.connectionCount;
    },
    failOn: (point) => failPoints.add(point),
    wedge: (id) => failPoints.add({ method: "*", id, steps: [{ action: { type: "wedge" } }] }),
    cutConnections: () => server.cutConnections(),
    stop: () => server.stop(),
    start: () => server.start(),
    [Symbol.asyncDispose]: async () => {
      await server.close();
      if (options.socketPath === undefined) rmSync(dirname(socketPath), { recursive: true, force: true });
    },
  };
};
