import { join, resolve } from "node:path";
import { systemClock } from "@nk/stdx";
import { startClusterKubelet, startControlPlane } from "@nk/tool-lab";
import type { ApiClient, ClusterKubelet, ControlPlane, Lab } from "@nk/tool-lab";
import { NODE_NAME, POD_TIMEOUT_MS } from "./context.ts";
import type { OnceResult, UpContext, UpMode } from "./context.ts";
import { followPods } from "./follow-pods.ts";
import { KUBECTL_ADVICE, computeKubectlCommands, provideKubectl } from "./kubectl.ts";
import { chooseManifest, listManifests, readPods } from "./manifests.ts";
import type { PodManifest } from "./manifests.ts";
import { computePodRows, computeWaitsFor, isPodReady } from "./pods.ts";
import type { PodView } from "./pods.ts";
import { createTableScreen } from "./table.ts";

/** Ages grow without any change at the API. */
const AGE_PERIOD_MS = 1000;
const STATIC_PODS = "examples/static";

/** A control plane and a kubelet that is its Ready node. */
interface Cluster {
  readonly controlPlane: ControlPlane;
  readonly kubelet: ClusterKubelet;
  readonly nodeReadyMs: number;
}

const openControlPlane = ({ progress, logs, signal }: UpContext, lab: Lab): Promise<ControlPlane> =>
  progress.step("starting the embedded control plane", () =>
    startControlPlane({ lab, kind: "embedded", nodeName: NODE_NAME, logDir: logs.dir, signal }),
  );

const openNode = async (
  { progress, logs, signal, root }: UpContext,
  parts: { readonly lab: Lab; readonly controlPlane: ControlPlane; readonly staticPods: string },
): Promise<Omit<Cluster, "controlPlane">> =>
  progress.step("starting the kubelet and joining", async () => {
    const { lab, controlPlane, staticPods } = parts;
    const startMs = systemClock.monotonicMs();
    const kubelet = await startClusterKubelet({
      entry: join(root, "apps/kubelet/src/main.ts"),
      lab,
      controlPlane,
      logFile: logs.file("kubelet.log"),
      nodeName: NODE_NAME,
      // It listens on the host's address; whoever may ask it comes through the API server.
      config: { staticPodPath: staticPods, readOnlyPort: 0 },
    });
    try {
      await Promise.race([kubelet.untilReady(signal), kubelet.failed]);
      return { kubelet, nodeReadyMs: Math.round(systemClock.monotonicMs() - startMs) };
    } catch (error) {
      await kubelet.stop();
      throw error;
    }
  });

/** Does the work in a cluster and ends it, whatever happened; what remains of its pods goes with the lab. */
const withCluster = async <T>(
  context: UpContext,
  parts: { readonly lab: Lab; readonly staticPods: string },
  work: (cluster: Cluster) => Promise<T>,
): Promise<T> => {
  const controlPlane = await openControlPlane(context, parts.lab);
  try {
    const node = await openNode(context, { ...parts, controlPlane });
    try {
      return await work({ ...node, controlPlane });
    } finally {
      await context.progress.step("stopping the kubelet", () => node.kubelet.stop());
    }
  } finally {
    await controlPlane.close();
  }
};

const createPod = async (controlPlane: ControlPlane, pod: PodManifest, signal: AbortSignal): Promise<string> => {
  const { namespace = "default" } = pod.metadata;
  if (namespace !== "default") await controlPlane.createNamespace(namespace, { signal });
  const path = `/api/v1/namespaces/${namespace}/pods`;
  await controlPlane.api.json(path, { method: "POST", body: pod, signal });
  return path;
};

/** Resolves when the only pod of the path is Running and Ready. */
const untilPodReady = async (api: ApiClient, path: string, signal: AbortSignal): Promise<void> => {
  let waitsFor = "the API to show it";
  const patience = AbortSignal.timeout(POD_TIMEOUT_MS);
  try {
    for await (const [pod] of followPods(api, { path, signal: AbortSignal.any([signal, patience]) })) {
      if (pod !== undefined && isPodReady(pod)) return;
      if (pod !== undefined) waitsFor = computeWaitsFor(pod);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!patience.aborted) throw error;
    throw new Error(`the pod was not ready after ${POD_TIMEOUT_MS / 1000} s; it waits for ${waitsFor}`, { cause: error });
  }
};

/** Creates one pod through the API, and says how long it took to be Ready. */
const runOnce = async (context: UpContext, lab: Lab): Promise<OnceResult> => {
  const { options, progress, signal, startMs } = context;
  const dir = resolve(options.manifests);
  const name = await chooseManifest(dir);
  const [pod] = await readPods(dir, name);
  if (pod === undefined) throw new Error(`${name} holds no pod`);
  return withCluster(context, { lab, staticPods: join(lab.dir, "manifests") }, ({ controlPlane, kubelet, nodeReadyMs }) =>
    progress.step(`running the pod of ${name}`, async () => {
      const beganMs = systemClock.monotonicMs();
      const ready = async (): Promise<void> => {
        const path = await createPod(controlPlane, pod, signal);
        await untilPodReady(controlPlane.api, `${path}?fieldSelector=metadata.name%3D${pod.metadata.name}`, signal);
      };
      await Promise.race([ready(), kubelet.failed]);
      const readyMs = systemClock.monotonicMs();
      return { ok: true, podReadyMs: Math.round(readyMs - beganMs), nodeReadyMs, setupMs: Math.round(beganMs - startMs) };
    }),
  );
};

const showPods = async (api: ApiClient, signal: AbortSignal): Promise<void> => {
  const screen = createTableScreen(process.stdout);
  let latest: readonly PodView[] = [];
  const show = (): void => screen.show(computePodRows(latest, systemClock.nowMs()));
  const grow = async (): Promise<never> => {
    for (;;) {
      await systemClock.sleep(AGE_PERIOD_MS, { signal });
      show();
    }
  };
  const follow = async (): Promise<void> => {
    for await (latest of followPods(api, { path: "/api/v1/pods", signal })) show();
  };
  await Promise.race([follow(), grow()]);
};

/** Creates the folder's pods through the API, tells how to use kubectl, and shows all pods until the user stops it. */
const runTable = async (context: UpContext, lab: Lab): Promise<void> => {
  const { options, progress, signal, root } = context;
  const dir = resolve(options.manifests);
  const files = await listManifests(dir);
  const pods = (await Promise.all(files.map((name) => readPods(dir, name)))).flat();
  const kubectl = await provideKubectl(options.kubectl, { onProgress: (message) => progress.say(message), signal });
  await withCluster(context, { lab, staticPods: join(root, STATIC_PODS) }, async ({ controlPlane, kubelet }) => {
    for (const pod of pods) await createPod(controlPlane, pod, signal);
    const pod = pods.find(({ metadata }) => metadata.name === "web") ?? pods[0];
    const kubeconfig = controlPlane.adminKubeconfig;
    progress.say(`node ${NODE_NAME} is ready; the kubeconfig is ${kubeconfig}`);
    if (kubectl === undefined) progress.say(KUBECTL_ADVICE);
    progress.say("from another terminal, as root:");
    for (const command of computeKubectlCommands({ kubectl, kubeconfig, pod: pod?.metadata.name ?? "POD" })) progress.show(`  ${command}`);
    progress.say(`pods of ${options.manifests} and the static one of ${STATIC_PODS}; Ctrl-C stops everything`);
    await Promise.race([showPods(controlPlane.api, signal), kubelet.failed]);
  });
};

/** A cluster of one node: pods through the API, seen through the API. */
export const clusterMode: UpMode = { once: runOnce, table: runTable };
