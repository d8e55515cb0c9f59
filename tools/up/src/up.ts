import { copyFile, mkdir, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { systemClock } from "@nk/stdx";
import {
  DEFAULT_CACHE_DIR,
  checkLabHost,
  ensureDebianPackages,
  findCachedContainerd,
  isLeakFree,
  listLabPackages,
  startKubelet,
  startLab,
  sweepStaleLabs,
} from "@nk/tool-lab";
import type { Lab, RunningKubelet } from "@nk/tool-lab";
import { buildPackages } from "./build.ts";
import type { RunLogs } from "./logs.ts";
import type { UpOptions } from "./options.ts";
import { computePodRows, computeWaitsFor, isPodReady } from "./pods.ts";
import type { PodView } from "./pods.ts";
import type { Progress } from "./progress.ts";
import { createTableScreen } from "./table.ts";

/** What a run works with. */
export interface UpContext {
  readonly root: string;
  readonly options: UpOptions;
  readonly progress: Progress;
  readonly logs: RunLogs;
  /** Aborts when the user wants to stop. */
  readonly signal: AbortSignal;
  /** When the program started, on the monotonic clock. */
  readonly startMs: number;
}

/** The result of --once, in milliseconds. */
export interface OnceResult {
  readonly ok: true;
  /** From the manifest's appearance in the folder to the pod being Running and Ready. */
  readonly podReadyMs: number;
  /** Everything before that. */
  readonly setupMs: number;
}

const POD_TIMEOUT_MS = 60_000;
const TABLE_PERIOD_MS = 500;
/** How long the kubelet may fail to list its pods. */
const PATIENCE_MS = 10_000;
/** How often --once asks; it measures, so it must look closely. */
const ONCE_PERIOD_MS = 10;

const openLab = async ({ options, progress, logs, signal }: UpContext): Promise<Lab> => {
  const containerd = options.containerd ?? (findCachedContainerd(DEFAULT_CACHE_DIR) === undefined ? "1.6" : "2.1");
  const say = (message: string): void => progress.say(message);
  // Not a step: it may have to ask on the same terminal.
  const installed = await ensureDebianPackages(listLabPackages(containerd), { yes: options.yes, signal, onProgress: say });
  if (installed.length > 0) progress.say(`installed ${installed.join(", ")}`);
  return progress.step(`starting a private containerd ${containerd} with the demo image`, (onProgress) =>
    startLab({ containerd, signal, onProgress, logFile: logs.file("containerd.log") }),
  );
};

const openKubelet = async (context: UpContext, lab: Lab, manifests: string): Promise<RunningKubelet> =>
  context.progress.step("starting the kubelet", async () => {
    const entry = join(context.root, "apps/kubelet/src/main.ts");
    const kubelet = await startKubelet({ entry, lab, manifests, logFile: context.logs.file("kubelet.log"), nodeName: "nk-up" });
    try {
      await Promise.race([kubelet.untilHealthy(context.signal), kubelet.failed]);
      return kubelet;
    } catch (error) {
      await kubelet.stop();
      throw error;
    }
  });

/** The manifest that --once runs: the web server if the folder has one, else the first. */
const chooseManifest = async (dir: string): Promise<string> => {
  const names = (await readdir(dir)).filter((name) => /\.(ya?ml|json)$/.test(name)).toSorted();
  const name = names.find((one) => one.startsWith("web.")) ?? names[0];
  if (name === undefined) throw new Error(`no manifest (*.yaml, *.json) in ${dir}`);
  return name;
};

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

/** Takes the lab down; what is left on the host is the error, or is only said if there is an earlier one. */
const closeLab = async (lab: Lab, progress: Progress, failure: { readonly error: unknown } | undefined): Promise<void> => {
  const report = await progress.step("stopping pods and containerd", () => lab.close());
  const leaks = isLeakFree(report) ? undefined : `something of the run is left on the host: ${JSON.stringify(report, undefined, 2)}`;
  if (leaks !== undefined && failure !== undefined) progress.say(leaks);
  if (failure !== undefined) throw failure.error;
  if (leaks !== undefined) throw new Error(leaks);
};

/** Sets everything up, runs, and takes everything down whatever happened. A stop by the user is no failure. */
export const runUp = async (context: UpContext): Promise<OnceResult | undefined> => {
  const { progress, signal, logs, root } = context;
  checkLabHost();
  await sweepStaleLabs({ onProgress: (message) => progress.say(message) });
  await progress.step("building (cached by turbo)", () => buildPackages(root, { logFile: logs.file("build.log"), signal }));
  const lab = await openLab(context);
  let result: OnceResult | undefined;
  let failure: { readonly error: unknown } | undefined;
  try {
    if (context.options.once) result = await runOnce(context, lab);
    else await runTable(context, lab);
  } catch (error) {
    failure = { error };
  }
  await closeLab(lab, progress, failure);
  return result;
};
