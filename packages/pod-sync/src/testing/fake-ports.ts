import type { PodUid, Volume } from "@nk/pod-model";
import { systemClock } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import type { NodeFacts } from "../config/node-facts.ts";
import type { ProbeResults } from "../plan/plan-input.ts";
import type { HookHttpRequest, ImageWish, PodEvent, PodSyncPorts, PreparedVolume } from "../ports.ts";
import { createFakeRuntime } from "./fake-runtime.ts";
import type { FakeRuntime } from "./fake-runtime.ts";

/** A node of a usual size, without an API server. */
export const FAKE_NODE: NodeFacts = {
  nodeName: "node-1",
  nodeIps: ["192.0.2.1"],
  memoryCapacityBytes: 8_589_934_592n,
  swapCapacityBytes: 0n,
  hugePageSizesBytes: [2_097_152n],
  cgroupVersion: 2,
  swapControllerAvailable: true,
  swapBehavior: "NoSwap",
  cpuCfsQuota: true,
  cpuCfsQuotaPeriodMicros: 100_000n,
  singleProcessOomKill: false,
  seccompDefault: false,
  selinuxEnabled: false,
  maskedThermalPaths: [],
  clusterDomain: "cluster.local",
  clusterDns: ["10.96.0.10"],
  hostResolvConf: { nameservers: ["192.0.2.53"], searches: [], options: [] },
  allocatable: { cpu: "4", memory: "8Gi" },
  services: [],
  kubeletRootDir: "/var/lib/kubelet",
};

/** A failure of one of the ports beside the runtime. */
export type FakeFailure = Error | undefined;

/** All ports in memory, with what they were asked for and with controls. */
export interface FakePorts {
  readonly ports: PodSyncPorts;
  readonly runtime: FakeRuntime;
  readonly events: readonly PodEvent[];
  /** Runtime calls and events in the order in which they happened. */
  readonly log: readonly string[];
  /** By container id. */
  readonly probes: Map<string, ProbeResults>;
  readonly hookRequests: readonly HookHttpRequest[];
  /** Decides about each image; default: it is there. Throw to fail. */
  image: (wish: ImageWish, signal: AbortSignal | undefined) => Promise<void> | void;
  /** Answers HTTP hooks; default `answered`. */
  hook: (request: HookHttpRequest) => Promise<"answered" | "plain-http">;
  /** What `volumes.prepare` does; default nothing. */
  prepareVolumes: (signal: AbortSignal | undefined) => Promise<void> | void;
  /** Thrown by `files`, `cgroups` and `volumes.release` while set. */
  failure: FakeFailure;
  networkProblem: string | undefined;
  /** What `volumes.isLacking` says; default false. */
  isLacking: boolean;
  /** Names of what was set up and not yet given back, e.g. `volumes`, `cgroup`, `files`. */
  readonly held: ReadonlySet<string>;
  /** Paths of those that were made and not removed. */
  readonly terminationLogs: ReadonlySet<string>;
}

type Controls = Pick<FakePorts, "image" | "hook" | "prepareVolumes" | "failure" | "networkProblem" | "isLacking">;
type Lines = Pick<FakePorts, "log"> & { readonly add: (line: string) => void };

const terminationLogDir = (uid: PodUid, containerName: string): string => `/var/lib/kubelet/pods/${uid}/containers/${containerName}/`;

const createFiles = (controls: Controls, held: Set<string>, terminationLogs: Set<string>): PodSyncPorts["files"] => {
  const check = (): void => {
    if (controls.failure !== undefined) throw controls.failure;
  };
  let logs = 0;
  return {
    ensurePodDirs: async () => {
      check();
      held.add("files");
    },
    writeEtcHosts: async (uid) => `/var/lib/kubelet/pods/${uid}/etc-hosts`,
    createTerminationLog: async ({ pod, containerName }) => {
      logs += 1;
      const path = `${terminationLogDir(pod.uid, containerName)}${String(logs).padStart(8, "0")}`;
      terminationLogs.add(path);
      return path;
    },
    removeStaleTerminationLogs: async ({ pod, containerName, usedPaths }) => {
      const directory = terminationLogDir(pod.uid, containerName);
      for (const path of terminationLogs) if (path.startsWith(directory) && !usedPaths.includes(path)) terminationLogs.delete(path);
    },
    ensureLogDir: async ({ containerName }) => containerName,
    countRestartsByLogs: async () => 0,
    linkContainerLog: async () => true,
    unlinkContainerLog: async () => {},
    removeContainerLogs: async () => {},
    removePodDirs: async () => {
      check();
      held.delete("files");
      return { status: "removed" };
    },
    removePodLogs: async () => ({ status: "removed" }),
    listPodRemains: async () => [],
  };
};

const createResourcePorts = (controls: Controls, held: Set<string>): Pick<PodSyncPorts, "volumes" | "cgroups"> => ({
  volumes: {
    prepare: async (pod, { signal }) => {
      await controls.prepareVolumes(signal);
      held.add("volumes");
      const place = ({ name, image }: Volume): PreparedVolume => ({ hostPath: image === undefined ? `/volumes/${name}` : "" });
      return { volumes: new Map((pod.spec?.volumes ?? []).map((volume) => [volume.name, place(volume)])) };
    },
    isLacking: async () => controls.isLacking,
    release: async () => {
      if (controls.failure !== undefined) throw controls.failure;
      held.delete("volumes");
    },
  },
  cgroups: {
    ensure: async (pod) => {
      if (controls.failure !== undefined) throw controls.failure;
      held.add("cgroup");
      return `/kubepods/pod${pod.metadata?.uid ?? ""}`;
    },
    remove: async () => {
      if (controls.failure !== undefined) throw controls.failure;
      held.delete("cgroup");
    },
  },
});

const createImagePort = (controls: Controls, record: (event: PodEvent) => void): PodSyncPorts["images"] => ({
  ensureImage: async (wish, { signal }) => {
    await controls.image(wish, signal);
    signal?.throwIfAborted();
    record({
      ref: wish.pod,
      ...(wish.fieldPath !== undefined && { fieldPath: wish.fieldPath }),
      type: "Normal",
      reason: "Pulled",
      message: `Container image "${wish.image}" already present on machine and can be accessed by the pod`,
    });
    return { imageRef: `sha256:${wish.image}`, user: {} };
  },
});

/** Interleaves the runtime's calls with the events, by taking over the array's end whenever an event comes. */
const createLines = (runtime: FakeRuntime): Lines => {
  const lines: string[] = [];
  let seen = 0;
  const drain = (): void => {
    for (; seen < runtime.calls.length; seen += 1) lines.push(runtime.calls[seen] ?? "");
  };
  return {
    get log() {
      drain();
      return lines;
    },
    add: (line) => {
      drain();
      lines.push(line);
    },
  };
};

/** Makes ports on a fake runtime. Nothing waits for anything but what a test holds back. */
export const createFakePorts = (options: { readonly clock?: Clock; readonly node?: Partial<NodeFacts> } = {}): FakePorts => {
  const runtime = createFakeRuntime(options.clock ?? systemClock);
  const lines = createLines(runtime);
  const events: PodEvent[] = [];
  const probes = new Map<string, ProbeResults>();
  const hookRequests: HookHttpRequest[] = [];
  const held = new Set<string>();
  const terminationLogs = new Set<string>();
  const controls: Controls & Pick<FakePorts, "log"> = {
    get log() {
      return lines.log;
    },
    image: () => {},
    hook: async () => "answered",
    prepareVolumes: () => {},
    failure: undefined,
    networkProblem: undefined,
    isLacking: false,
  };
  const record = (event: PodEvent): void => {
    events.push(event);
    lines.add(`event ${event.type} ${event.reason} ${event.fieldPath ?? "pod"}: ${event.message}`);
  };
  const ports: PodSyncPorts = {
    sandboxes: runtime.sandboxes,
    containers: runtime.containers,
    observed: runtime.observed,
    ...createResourcePorts(controls, held),
    images: createImagePort(controls, record),
    probes: { results: (containerId) => probes.get(containerId) ?? {} },
    events: { record },
    hooks: {
      httpGet: async (request) => {
        hookRequests.push(request);
        return controls.hook(request);
      },
    },
    node: { facts: async () => ({ ...FAKE_NODE, ...options.node }), networkProblem: () => controls.networkProblem },
    files: createFiles(controls, held, terminationLogs),
  };
  return Object.assign(controls, { ports, runtime, events, probes, hookRequests, held, terminationLogs });
};
