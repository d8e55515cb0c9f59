import { join } from "node:path";
import { isLeakFree, startClusterKubelet, startControlPlane, startLab } from "@nk/tool-lab";
import type { ClusterKubelet, ControlPlane, ControlPlaneKind, Lab } from "@nk/tool-lab";
import { openRecordingProxy } from "@nk/tool-recordings";
import type { RecordingProxy } from "@nk/tool-recordings";
import { importStandIns } from "./images.ts";
import type { Words } from "./normalise.ts";
import { watchPods } from "./pod-history.ts";
import type { PodHistory } from "./pod-history.ts";
import { NAMESPACE } from "./scenario.ts";

/** A node with the kubelet that is looked at, and everything it is looked at with. */
export interface Cluster {
  readonly lab: Lab;
  readonly controlPlane: ControlPlane;
  readonly proxy: RecordingProxy;
  readonly kubelet: ClusterKubelet;
  readonly history: PodHistory;
  /** This cluster's folders and the recordings'. */
  readonly paths: Words;
}

/** What to open. */
export interface ClusterOptions {
  /** Our main.ts or any kubelet's binary. */
  readonly entry: string;
  readonly kind: ControlPlaneKind | undefined;
  readonly kubeletLog: string | undefined;
  readonly yes: boolean;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

/** Kubelet settings of the recordings' node that are not the lab's. */
const RECORDED_CONFIG = { syncFrequency: "1m0s", runtimeRequestTimeout: "2m0s" };

const openNode = async (lab: Lab, controlPlane: ControlPlane, options: ClusterOptions): Promise<Pick<Cluster, "proxy" | "kubelet">> => {
  const { entry, signal } = options;
  const proxy = await openRecordingProxy({ listen: join(lab.dir, "recording-proxy.sock"), runtime: lab.endpoint.replace("unix://", "") });
  try {
    const kubelet = await startClusterKubelet({
      entry,
      lab,
      controlPlane,
      endpoint: proxy.endpoint,
      logFile: options.kubeletLog ?? join(lab.dir, "kubelet.log"),
      config: RECORDED_CONFIG,
      flags: ["--v=4"],
      signal,
    });
    try {
      await Promise.race([kubelet.untilReady(signal), kubelet.failed]);
      return { proxy, kubelet };
    } catch (error) {
      await kubelet.stop();
      throw error;
    }
  } catch (error) {
    await proxy.close();
    throw error;
  }
};

/** Opens a cluster, works in it and takes it away. */
export const inCluster = async <T>(options: ClusterOptions, work: (cluster: Cluster) => Promise<T>): Promise<T> => {
  const { kind, yes, signal, say } = options;
  const lab = await startLab({ containerd: "2.1", yes, signal, onProgress: say });
  const stopWatching = new AbortController();
  try {
    const [controlPlane] = await Promise.all([startControlPlane({ lab, kind, signal, onProgress: say }), importStandIns(lab)]);
    await controlPlane.createNamespace(NAMESPACE, { signal });
    say("starting the kubelet");
    const { proxy, kubelet } = await openNode(lab, controlPlane, options);
    try {
      const history = await watchPods(controlPlane.api, stopWatching.signal);
      const paths: Words = [
        [join(lab.dir, "pod-logs"), "/var/log/pods"],
        [lab.kubeletDir, "/var/lib/kubelet"],
        [`${lab.cgroupRoot}/kubepods`, "/kubepods"],
      ];
      const cluster: Cluster = { lab, controlPlane, proxy, kubelet, history, paths };
      return await Promise.race([
        work(cluster),
        kubelet.failed,
        history.done.then(() => Promise.reject(new Error("the watch of pods ended"))),
      ]);
    } finally {
      stopWatching.abort();
      await kubelet.stop();
      await controlPlane.close();
      await proxy.close();
    }
  } finally {
    const report = await lab.close();
    if (!isLeakFree(report)) say(`something of the run is left on the host: ${JSON.stringify(report)}`);
  }
};
