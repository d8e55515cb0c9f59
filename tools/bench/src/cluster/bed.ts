import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { startClusterKubelet } from "@nk/tool-lab";
import type { ApiClient, ClusterKubelet, ControlPlane, Lab } from "@nk/tool-lab";
import { systemClock } from "@nk/stdx";
import type { ClusterOptions } from "../options.ts";
import { renderPod } from "./pods.ts";
import type { BenchPod } from "./pods.ts";
import { openPodWatch } from "./pod-watch.ts";
import type { PodWatch } from "./pod-watch.ts";

/** A kubelet that is measured. */
export interface Subject {
  /** Part of its node's name. */
  readonly name: string;
  /** Our bundle or any kubelet's binary. */
  readonly entry: string;
  /** Of its node. */
  readonly kubeconfig: string;
}

/** What all beds of a run share. */
export interface BedParts {
  readonly lab: Lab;
  readonly controlPlane: ControlPlane;
  readonly namespace: string;
  readonly options: ClusterOptions;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

/** A fresh kubelet whose node is Ready, and a look at the API that does not go through it. */
export interface Bed extends BedParts {
  readonly kubelet: ClusterKubelet;
  readonly nodeName: string;
  readonly watch: PodWatch;
  /** Creates a pod; resolves when the API has it. */
  create(pod: Omit<BenchPod, "nodeName"> & { readonly isBound?: boolean }): Promise<void>;
  /** Asks for its deletion, with the grace of its spec. */
  remove(name: string): Promise<void>;
}

/** The node's name in the API. */
export const nodeNameOf = (subject: Pick<Subject, "name">): string => `nk-bench-${subject.name}`;

/** How long a kubelet that has just become ready is left alone: what it does once must not be measured. */
const SETTLE_MS = 3000;

const REOPEN_MS = 10;

const TOKEN_VOLUME = "kube-api-access-";

const podCalls = (parts: BedParts, nodeName: string): Pick<Bed, "create" | "remove"> => {
  const { controlPlane, namespace, lab, signal } = parts;
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const { api } = controlPlane;
  return {
    create: async ({ isBound = true, ...pod }) => {
      const body = renderPod({ ...pod, nodeName: isBound ? nodeName : undefined }, lab.images);
      const made = await api.json(path, { method: "POST", body, signal });
      const volumes = (made["spec"] as { readonly volumes?: readonly { readonly name: string }[] } | undefined)?.volumes ?? [];
      if (!volumes.some(({ name }) => name.startsWith(TOKEN_VOLUME)))
        throw new Error(`pod ${pod.name} has no volume with a service account's token: it is no ordinary pod`);
    },
    remove: async (name) => {
      await api.json(`${path}/${name}`, { method: "DELETE", signal });
    },
  };
};

const deleteNode = async (api: ApiClient, nodeName: string): Promise<void> => {
  await api.request(`/api/v1/nodes/${nodeName}`, { method: "DELETE" });
};

const startOn = async (parts: BedParts, subject: Subject): Promise<ClusterKubelet> => {
  const { lab, controlPlane, options, signal } = parts;
  const kubeletDir = join(lab.kubeletDir, subject.name);
  await mkdir(kubeletDir, { recursive: true });
  return startClusterKubelet({
    entry: subject.entry,
    lab: { ...lab, kubeletDir },
    controlPlane: { ...controlPlane, nodeKubeconfig: subject.kubeconfig },
    logFile: options.log === undefined ? join(lab.dir, `kubelet-${subject.name}.log`) : `${options.log}.${subject.name}`,
    nodeName: nodeNameOf(subject),
    ...(options.log === undefined ? {} : { config: { logging: { verbosity: 4 } } }),
    signal,
  });
};

/** Makes the bed, measures in it and takes it away; the pods are the measurement's to remove. */
export const inBed = async <T>(parts: BedParts, subject: Subject, measure: (bed: Bed) => Promise<T>): Promise<T> => {
  const { controlPlane, namespace, signal } = parts;
  const nodeName = nodeNameOf(subject);
  const stop = new AbortController();
  const kubelet = await startOn(parts, subject);
  try {
    await kubelet.untilReady(signal);
    const watch = await openPodWatch({
      api: controlPlane.api,
      namespace,
      nowMs: () => systemClock.monotonicMs(),
      reopenIn: (ending) => systemClock.sleep(REOPEN_MS, { signal: ending }),
      signal: AbortSignal.any([signal, stop.signal]),
    });
    await systemClock.sleep(SETTLE_MS, { signal });
    const bed: Bed = { ...parts, kubelet, nodeName, watch, ...podCalls(parts, nodeName) };
    return await Promise.race([measure(bed), kubelet.failed, watch.failed]);
  } finally {
    stop.abort(new Error("measured"));
    await kubelet.stop();
    await deleteNode(controlPlane.api, nodeName);
  }
};

/** The three load averages of the machine. */
export const readLoad = async (): Promise<readonly number[]> =>
  (await readFile("/proc/loadavg", "utf8")).split(" ").slice(0, 3).map(Number);
