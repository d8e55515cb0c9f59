import { copyFile, mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { systemClock } from "@nk/stdx";
import { startKubelet } from "@nk/tool-lab";
import type { Lab, RunningKubelet } from "@nk/tool-lab";
import { NODE_NAME, PATIENCE_MS, POD_TIMEOUT_MS } from "./context.ts";
import type { OnceResult, UpContext, UpMode } from "./context.ts";
import { chooseManifest } from "./manifests.ts";
import { computePodRows, computeWaitsFor, isPodReady } from "./pods.ts";
import type { PodView } from "./pods.ts";
import { createTableScreen } from "./table.ts";

const TABLE_PERIOD_MS = 500;
/** How often --once asks; it measures, so it must look closely. */
const ONCE_PERIOD_MS = 10;

const openKubelet = async (context: UpContext, lab: Lab, manifests: string): Promise<RunningKubelet> =>
  context.progress.step("starting the kubelet", async () => {
    const entry = join(context.root, "apps/kubelet/src/main.ts");
    const kubelet = await startKubelet({ entry, lab, manifests, logFile: context.logs.file("kubelet.log"), nodeName: NODE_NAME });
    try {
      await Promise.race([kubelet.untilHealthy(context.signal), kubelet.failed]);
      return kubelet;
    } catch (error) {
      await kubelet.stop();
      throw error;
    }
  });

/** Reads the pods; undefined for a look that failed, which a busy kubelet may do for a while. Its death is told elsewhere, in better words. */
const createLook = (kubelet: RunningKubelet, signal: AbortSignal): (() => Promise<readonly PodView[] | undefined>) => {
  let lastSuccessMs = systemClock.monotonicMs();
  return async () => {
    try {
      const pods = await kubelet.listPods(signal);
      lastSuccessMs = systemClock.monotonicMs();
      return pods;
    } catch (error) {
      if (signal.aborted || systemClock.monotonicMs() - lastSuccessMs > PATIENCE_MS) throw error;
      return undefined;
    }
  };
};

const untilPodReady = async (kubelet: RunningKubelet, signal: AbortSignal): Promise<void> => {
  const deadline = systemClock.monotonicMs() + POD_TIMEOUT_MS;
  const look = createLook(kubelet, signal);
  let waitsFor = "the kubelet to see the manifest";
  while (systemClock.monotonicMs() < deadline) {
    const pod = (await look())?.[0];
    if (pod) {
      if (isPodReady(pod)) return;
      waitsFor = computeWaitsFor(pod);
    }
    await systemClock.sleep(ONCE_PERIOD_MS, { signal });
  }
  throw new Error(`the pod was not ready after ${POD_TIMEOUT_MS / 1000} s; it waits for ${waitsFor}`);
};

/** Runs one pod to Ready in the lab and says how long that took. */
const runOnce = async (context: UpContext, lab: Lab): Promise<OnceResult> => {
  const source = resolve(context.options.manifests);
  const name = await chooseManifest(source);
  const manifests = join(lab.dir, "manifests");
  await mkdir(manifests);
  const kubelet = await openKubelet(context, lab, manifests);
  try {
    return await context.progress.step(`running the pod of ${name}`, async () => {
      const dropMs = systemClock.monotonicMs();
      await copyFile(join(source, name), join(manifests, name));
      await Promise.race([untilPodReady(kubelet, context.signal), kubelet.failed]);
      const readyMs = systemClock.monotonicMs();
      return { ok: true, podReadyMs: Math.round(readyMs - dropMs), setupMs: Math.round(dropMs - context.startMs) };
    });
  } finally {
    await context.progress.step("stopping the kubelet", () => kubelet.stop());
  }
};

/** Shows the pods until the user stops it. */
const runTable = async (context: UpContext, lab: Lab): Promise<void> => {
  const kubelet = await openKubelet(context, lab, resolve(context.options.manifests));
  const screen = createTableScreen(process.stdout);
  context.progress.say(`pods of ${context.options.manifests}; Ctrl-C stops everything`);
  const look = createLook(kubelet, context.signal);
  const show = async (): Promise<void> => {
    for (;;) {
      const pods = await look();
      if (pods) screen.show(computePodRows(pods, systemClock.nowMs()));
      await systemClock.sleep(TABLE_PERIOD_MS, { signal: context.signal });
    }
  };
  try {
    await Promise.race([show(), kubelet.failed]);
  } finally {
    await context.progress.step("stopping the kubelet", () => kubelet.stop());
  }
};

/** The kubelet alone: pods of a folder, seen through its own read-only server. */
export const standaloneMode: UpMode = { once: runOnce, table: runTable };
