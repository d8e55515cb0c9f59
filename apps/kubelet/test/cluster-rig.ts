import { copyFile, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createCriClient } from "@nk/cri-client";
import type { CriClient } from "@nk/cri-client";
import type { CoreEvent, Node, Pod } from "@nk/pod-model";
import { DEFAULT_CACHE_DIR, isLeakFree, startClusterKubelet, startControlPlane, startLab } from "@nk/tool-lab";
import type { ApiClient, ApiJson, ClusterKubelet, ContainerdVersion, ControlPlane, KubeletPorts, Lab, LeakReport } from "@nk/tool-lab";
import { collectionPath, objectPath } from "./api-objects.ts";
import type { ApiObject } from "./api-objects.ts";
import { watchApi } from "./api-watch.ts";
import type { ApiWatch } from "./api-watch.ts";

/** What a rig can be told. */
export interface ClusterRigOptions {
  readonly containerd?: ContainerdVersion;
  /** Fields of the KubeletConfiguration that differ from what the lab needs. */
  readonly config?: { readonly [field: string]: unknown };
  readonly flags?: readonly string[];
  /** With scheduler and controllers; default false: the tests name the node themselves. */
  readonly withControllers?: boolean;
  /** Told where the real runtime is, answers where the kubelet shall look for it: for a proxy between them. */
  readonly endpointFor?: (lab: Lab) => Promise<string>;
  /** Kubeconfig of the kubelet; default: the control plane's for the node. */
  readonly kubeconfigFor?: (controlPlane: ControlPlane, lab: Lab) => Promise<string>;
  readonly startsKubelet?: boolean;
}

/** A lab with a control plane and the kubelet as its node, and a look of the test's own at all three. */
export interface ClusterRig {
  readonly lab: Lab;
  readonly controlPlane: ControlPlane;
  readonly api: ApiClient;
  /** Of this test's own; the kubelet knows nothing of it. */
  readonly cri: CriClient;
  readonly kubelet: ClusterKubelet;
  readonly manifests: string;
  readonly podLogsDir: string;
  readonly containerLogsDir: string;
  readonly logFile: string;
  /** All pods, nodes and events as the API shows them. */
  readonly pods: ApiWatch<Pod>;
  readonly nodes: ApiWatch<Node>;
  readonly events: ApiWatch<CoreEvent>;
  /** Creates an object; a pod without a node gets this one. */
  create(object: ApiObject): Promise<ApiJson>;
  /** A merge patch. */
  patch(kind: string, name: string, body: object): Promise<ApiJson>;
  /** Asks the API to delete an object; without seconds a pod has its own grace period. */
  remove(kind: string, name: string, graceSeconds?: number): Promise<void>;
  /** Writes a static pod's manifest in one piece. */
  write(file: string, manifest: object): Promise<void>;
  unwrite(file: string): Promise<void>;
  startKubelet(): Promise<void>;
  untilReady(): Promise<void>;
  /** Ends all and says what is left; the kubelet's log is kept if `NK_KEEP_LOG` names a file. */
  close(): Promise<LeakReport>;
}

const ENTRY = resolve(import.meta.dirname, "../src/main.ts");

/** Name of the rig's only node. */
export const CLUSTER_NODE = "node-1";

/** A pod that the scheduler need not see. */
const onThisNode = (object: ApiObject): ApiObject => {
  if (object.kind !== "Pod") return object;
  const pod = object as Pod;
  return { ...pod, spec: { nodeName: CLUSTER_NODE, containers: [], ...pod.spec } } as Pod;
};

type Objects = Pick<ClusterRig, "create" | "patch" | "remove">;

const objectsOf = (api: ApiClient, { pods }: Pick<ClusterRig, "pods">): Objects => ({
  create: async (object) => {
    const created = await api.json(collectionPath(object.kind ?? "", object.metadata?.namespace), {
      method: "POST",
      body: onThisNode(object),
    });
    // What is waited for next is then never the state before.
    if (object.kind === "Pod") await pods.untilSeen(created.metadata?.uid ?? "");
    return created;
  },
  patch: (kind, name, body) => api.json(objectPath(kind, name), { method: "PATCH", body, contentType: "application/merge-patch+json" }),
  remove: async (kind, name, graceSeconds) => {
    const body = { apiVersion: "v1", kind: "DeleteOptions", ...(graceSeconds === undefined ? {} : { gracePeriodSeconds: graceSeconds }) };
    await api.json(objectPath(kind, name), { method: "DELETE", body });
  },
});

/** Opens everything that there is to open, the lab first. */
interface Opened {
  readonly lab: Lab;
  readonly controlPlane: ControlPlane;
  readonly cri: CriClient;
  readonly watches: Pick<ClusterRig, "pods" | "nodes" | "events">;
}

const openParts = async (options: ClusterRigOptions, lab: Lab): Promise<Opened> => {
  const controlPlane = await startControlPlane({ lab, nodeName: CLUSTER_NODE, withControllers: options.withControllers ?? false });
  const { api } = controlPlane;
  return {
    lab,
    controlPlane,
    cri: createCriClient({ endpoint: lab.endpoint }),
    watches: {
      pods: watchApi<Pod>(api, "/api/v1/pods"),
      nodes: watchApi<Node>(api, "/api/v1/nodes"),
      events: watchApi<CoreEvent>(api, "/api/v1/events"),
    },
  };
};

const createRig = (options: ClusterRigOptions, opened: Opened): ClusterRig => {
  const { lab, controlPlane, cri, watches } = opened;
  const { api } = controlPlane;
  const manifests = join(lab.dir, "manifests");
  const logFile = join(lab.dir, "kubelet.log");
  let kubelet: ClusterKubelet | undefined;
  let ports: KubeletPorts | undefined;
  let writes = 0;
  const current = (): ClusterKubelet => {
    if (kubelet === undefined) throw new Error("the kubelet has not been started");
    return kubelet;
  };
  const startKubelet = async (): Promise<void> => {
    const endpoint = await options.endpointFor?.(lab);
    const nodeKubeconfig = (await options.kubeconfigFor?.(controlPlane, lab)) ?? controlPlane.nodeKubeconfig;
    kubelet = await startClusterKubelet({
      entry: ENTRY,
      lab,
      controlPlane: { ...controlPlane, nodeKubeconfig },
      nodeName: CLUSTER_NODE,
      logFile,
      config: { logging: { verbosity: 4 }, ...options.config },
      flags: options.flags ?? [],
      ...(endpoint === undefined ? {} : { endpoint }),
      ...(ports === undefined ? {} : { ports }),
    });
    ports = kubelet.ports;
  };
  return {
    ...opened,
    ...watches,
    ...objectsOf(api, watches),
    api,
    manifests,
    logFile,
    podLogsDir: join(lab.dir, "pod-logs"),
    containerLogsDir: join(lab.dir, "containers"),
    get kubelet() {
      return current();
    },
    write: async (file, manifest) => {
      writes += 1;
      const draft = join(lab.dir, `draft-${writes}`);
      await writeFile(draft, JSON.stringify(manifest));
      await rename(draft, join(manifests, file));
    },
    unwrite: (file) => rm(join(manifests, file), { force: true }),
    startKubelet,
    untilReady: () => Promise.race([current().failed, current().untilReady(AbortSignal.timeout(60_000))]),
    close: async () => {
      await kubelet?.stop();
      for (const watch of Object.values(watches)) watch.close();
      cri.close();
      await controlPlane.close();
      const keep = process.env["NK_KEEP_LOG"];
      if (keep !== undefined) await copyFile(logFile, keep).catch(() => undefined);
      return lab.close();
    },
  };
};

/** A kubelet that starts from its sources takes a third of the time when they were compiled before. */
const keepCompiled = (): void => {
  process.env["NODE_COMPILE_CACHE"] ??= join(DEFAULT_CACHE_DIR, "node-compile-cache");
};

/** Starts a lab, a control plane and the kubelet, and waits until the node is Ready. */
export const openClusterRig = async (options: ClusterRigOptions = {}): Promise<ClusterRig> => {
  keepCompiled();
  const lab = await startLab({ containerd: options.containerd ?? "2.1", yes: true });
  let rig: ClusterRig | undefined;
  try {
    rig = createRig(options, await openParts(options, lab));
    await mkdir(rig.manifests, { recursive: true });
    if (options.startsKubelet !== false) {
      await rig.startKubelet();
      await rig.untilReady();
    }
    return rig;
  } catch (error) {
    await (rig ?? lab).close();
    throw error;
  }
};

/** Waits until the API shows the pod as `accept` wants it. */
export const untilApiPod = (
  rig: Pick<ClusterRig, "pods">,
  name: string,
  accept: (pod: Pod) => boolean | undefined,
  timeoutMs?: number,
): Promise<Pod> =>
  rig.pods.until(
    () =>
      `pod ${name} to be as wanted; its metadata and status are ${JSON.stringify([rig.pods.get(name)?.metadata, rig.pods.get(name)?.status])}`,
    () => {
      const pod = rig.pods.get(name);
      return pod !== undefined && accept(pod) === true && pod;
    },
    timeoutMs,
  );

/** Waits until the API has no pod of this name. */
export const untilApiPodGone = async (rig: Pick<ClusterRig, "pods">, name: string, timeoutMs?: number): Promise<void> => {
  await rig.pods.until(
    () => `pod ${name} to go; its metadata and status are ${JSON.stringify([rig.pods.get(name)?.metadata, rig.pods.get(name)?.status])}`,
    () => rig.pods.get(name) === undefined,
    timeoutMs,
  );
};

/** Closes the rig, if it was opened, and throws unless nothing of it is left on the host. */
export const closeClusterLeakFree = async (rig: ClusterRig | undefined): Promise<void> => {
  if (rig === undefined) return;
  const report = await rig.close();
  if (!isLeakFree(report)) throw new Error(`the lab left something behind: ${JSON.stringify(report)}`);
};
