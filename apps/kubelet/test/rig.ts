import { copyFile, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { createCriClient } from "@nk/cri-client";
import type { CriClient } from "@nk/cri-client";
import type { Pod } from "@nk/pod-model";
import { systemClock } from "@nk/stdx";
import { isLeakFree, startKubelet, startLab } from "@nk/tool-lab";
import type { ContainerdVersion, KubeletPorts, Lab, LeakReport, RunningKubelet } from "@nk/tool-lab";
import { until } from "./until.ts";

/** What a rig can be told. */
export interface RigOptions {
  readonly containerd: ContainerdVersion;
  /** Fields of the KubeletConfiguration that differ from what the lab needs. */
  readonly config?: { readonly [field: string]: unknown };
  /** Told where the real runtime is, answers where the kubelet shall look for it: for a proxy between them. */
  readonly endpointFor?: (lab: Lab) => Promise<string>;
  readonly startsKubelet?: boolean;
}

/** A lab with the kubelet running in it, and a client of its own beside the kubelet's. */
export interface Rig {
  readonly lab: Lab;
  /** Of this test's own; the kubelet knows nothing of it. */
  readonly cri: CriClient;
  readonly manifests: string;
  readonly podLogsDir: string;
  readonly containerLogsDir: string;
  readonly logFile: string;
  readonly kubelet: RunningKubelet;
  /** Writes a manifest in one piece: beside the directory, then renamed into it. */
  write(file: string, manifest: object | string): Promise<void>;
  /** Writes a manifest in place, as an editor might: the kubelet can see it half written. */
  writeInPlace(file: string, manifest: object): Promise<void>;
  remove(file: string): Promise<void>;
  /** The pod as `/pods` shows it. */
  pod(name: string): Promise<Pod | undefined>;
  startKubelet(): Promise<void>;
  /** Waits until every part of it answers. */
  untilHealthy(): Promise<void>;
  /** Ends kubelet and lab and says what is left; the kubelet's log is kept if `NK_KEEP_LOG` names a file. */
  close(): Promise<LeakReport>;
}

const ENTRY = resolve(import.meta.dirname, "../src/main.ts");

/** Node name of every rig; the static pods' names end in it. */
export const NODE_NAME = "node-1";

/** Starts a lab and the kubelet in it. */
export const openRig = async (options: RigOptions): Promise<Rig> => {
  const lab = await startLab({ containerd: options.containerd, yes: true });
  const manifests = join(lab.dir, "manifests");
  const logFile = join(lab.dir, "kubelet.log");
  const cri = createCriClient({ endpoint: lab.endpoint });
  let kubelet: RunningKubelet | undefined;
  let ports: KubeletPorts | undefined;
  let writes = 0;
  const current = (): RunningKubelet => {
    if (kubelet === undefined) throw new Error("the kubelet has not been started");
    return kubelet;
  };
  const start = async (): Promise<void> => {
    const endpoint = (await options.endpointFor?.(lab)) ?? lab.endpoint;
    kubelet = await startKubelet({
      entry: ENTRY,
      lab,
      manifests,
      logFile,
      nodeName: NODE_NAME,
      config: { logging: { verbosity: 4 }, containerRuntimeEndpoint: endpoint, ...options.config },
      ...(ports === undefined ? {} : { ports }),
    });
    ports = kubelet.ports;
  };
  const untilHealthy = async (): Promise<void> => {
    await Promise.race([current().failed, current().untilHealthy(AbortSignal.timeout(20_000))]);
  };
  const close = async (): Promise<LeakReport> => {
    await kubelet?.stop();
    cri.close();
    const keep = process.env["NK_KEEP_LOG"];
    if (keep !== undefined) await copyFile(logFile, `${keep}-${options.containerd}`);
    return lab.close();
  };
  try {
    await mkdir(manifests);
    if (options.startsKubelet !== false) {
      await start();
      await untilHealthy();
    }
  } catch (error) {
    await close();
    throw error;
  }
  return {
    lab,
    cri,
    manifests,
    podLogsDir: join(lab.dir, "pod-logs"),
    containerLogsDir: join(lab.dir, "containers"),
    logFile,
    get kubelet() {
      return current();
    },
    write: async (file, manifest) => {
      writes += 1;
      const draft = join(lab.dir, `draft-${writes}`);
      await writeFile(draft, typeof manifest === "string" ? manifest : JSON.stringify(manifest));
      await rename(draft, join(manifests, file));
    },
    writeInPlace: (file, manifest) => writeFile(join(manifests, file), JSON.stringify(manifest)),
    remove: (file) => rm(join(manifests, file), { force: true }),
    pod: async (name) => {
      const wanted = `${name}-${NODE_NAME}`;
      return (await current().listPods()).find(({ metadata }) => metadata?.name === wanted);
    },
    startKubelet: start,
    untilHealthy,
    close,
  };
};

/** Closes the rig, if it was opened, and throws unless nothing of it is left on the host. */
export const closeLeakFree = async (rig: Rig | undefined): Promise<void> => {
  if (rig === undefined) return;
  const report = await rig.close();
  if (!isLeakFree(report)) throw new Error(`the lab left something behind: ${JSON.stringify(report)}`);
};

/** Waits until `/pods` shows the pod as `accept` wants it. */
export const untilPod = (rig: Rig, name: string, accept: (pod: Pod) => boolean | undefined): Promise<Pod> => {
  let last: Pod | undefined;
  return until(
    () => `pod ${name} to be as wanted; its status is ${JSON.stringify(last?.status)}`,
    async () => {
      last = await rig.pod(name);
      return last !== undefined && accept(last) === true ? last : undefined;
    },
  );
};

/** Milliseconds that `task` takes, with its answer. */
export const timed = async <T>(task: () => Promise<T>): Promise<{ readonly tookMs: number; readonly value: T }> => {
  const beganMs = systemClock.monotonicMs();
  const value = await task();
  return { tookMs: Math.round(systemClock.monotonicMs() - beganMs), value };
};

/** Prints what a test counted or measured. */
export const report = (text: string): void => {
  process.stdout.write(`  ${text}\n`);
};
