import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { systemClock } from "@nk/stdx";
import type { Pod } from "@nk/pod-model";
import type { Lab } from "./lab.ts";

/** Where the kubelet's entry point lies and what it shall run. */
export interface KubeletSetup {
  readonly entry: string;
  readonly lab: Lab;
  /** Folder of static pod manifests. */
  readonly manifests: string;
  readonly logFile: string;
  /** Default `nk`. */
  readonly nodeName?: string;
  /** Fields of the KubeletConfiguration that differ from what the lab needs. */
  readonly config?: { readonly [field: string]: unknown };
  /** Ports of an earlier kubelet in the same lab, so that a restart is found where it was. */
  readonly ports?: KubeletPorts;
}

/** Where a kubelet listens, on 127.0.0.1. */
export interface KubeletPorts {
  readonly port: number;
  readonly readOnlyPort: number;
  readonly healthzPort: number;
}

/** A kubelet that this program started. */
export interface RunningKubelet {
  readonly pid: number;
  readonly ports: KubeletPorts;
  /** The pods as its read-only server tells them. */
  listPods(signal?: AbortSignal): Promise<readonly Pod[]>;
  /** Waits until its health endpoint says ok. */
  untilHealthy(signal: AbortSignal): Promise<void>;
  /** Rejects when it ends by itself. */
  readonly failed: Promise<never>;
  /** Text of a path of its read-only server. */
  get(path: string): Promise<string>;
  /** SIGTERM, and SIGKILL after 10 s. */
  stop(): Promise<void>;
  /** SIGKILL, as a crash would. */
  kill(): Promise<void>;
}

const findFreePorts = async (): Promise<KubeletPorts> => {
  const servers = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const server = createServer().listen(0, "127.0.0.1");
      await once(server, "listening");
      return server;
    }),
  );
  const [port = 0, readOnlyPort = 0, healthzPort = 0] = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" && address ? address.port : 0;
  });
  // All are open at once, so that no port is found twice.
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return { port, readOnlyPort, healthzPort };
};

/** A KubeletConfiguration that touches nothing outside the lab's folder, cgroup and network. */
export const computeKubeletConfig = (
  lab: Lab,
  setup: { readonly manifests: string; readonly ports: KubeletPorts; readonly config?: KubeletSetup["config"] },
): Record<string, unknown> => {
  const { port, readOnlyPort, healthzPort } = setup.ports;
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    staticPodPath: setup.manifests,
    containerRuntimeEndpoint: lab.endpoint,
    podLogsDir: join(lab.dir, "pod-logs"),
    address: "127.0.0.1",
    port,
    readOnlyPort,
    healthzPort,
    authentication: { anonymous: { enabled: false }, webhook: { enabled: false } },
    authorization: { mode: "AlwaysAllow" },
    cgroupRoot: lab.cgroupRoot,
    cgroupDriver: "cgroupfs",
    failCgroupV1: false,
    failSwapOn: false,
    resolvConf: existsSync("/etc/resolv.conf") ? "/etc/resolv.conf" : "",
    ...setup.config,
  };
};

const lastWords = (logFile: string): string => {
  try {
    return readFileSync(logFile, "utf8").trimEnd().split("\n").slice(-8).join("\n");
  } catch {
    return "";
  }
};

const isAlive = (child: ChildProcess): boolean => child.pid !== undefined && child.exitCode === null && child.signalCode === null;

const stopChild = async (child: ChildProcess): Promise<void> => {
  if (!isAlive(child)) return;
  const exited = once(child, "exit");
  const patience = new AbortController();
  child.kill("SIGTERM");
  void systemClock
    .sleep(10_000, { signal: patience.signal })
    .then(() => child.kill("SIGKILL"))
    .catch(() => undefined);
  await exited;
  patience.abort();
};

/** Starts the kubelet from its sources as a process of its own, so that what is shown is the real thing. */
export const startKubelet = async (setup: KubeletSetup): Promise<RunningKubelet> => {
  const { lab, logFile } = setup;
  const ports = setup.ports ?? (await findFreePorts());
  const { readOnlyPort, healthzPort } = ports;
  const configFile = join(lab.dir, "kubelet.json");
  await mkdir(join(lab.dir, "pod-logs"), { recursive: true });
  await writeFile(configFile, JSON.stringify(computeKubeletConfig(lab, { ...setup, ports }), undefined, 2));
  const flags = [
    `--config=${configFile}`,
    `--root-dir=${lab.kubeletDir}`,
    `--cert-dir=${join(lab.kubeletDir, "pki")}`,
    `--hostname-override=${setup.nodeName ?? "nk"}`,
  ];
  const log = openSync(logFile, "a");
  // A session of its own: Ctrl-C reaches only this program, which then stops things in order.
  const child = spawn(process.execPath, ["--conditions=@nk/source", setup.entry, ...flags], {
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  let isStopping = false;
  const failed = new Promise<never>((_, reject) => {
    child.once("error", (error) => reject(new Error(`cannot start the kubelet: ${error.message}`, { cause: error })));
    child.once("exit", (code, signal) => {
      if (!isStopping) reject(new Error(`the kubelet ended with ${signal ?? `code ${code}`}; its last words:\n${lastWords(logFile)}`));
    });
  });
  failed.catch(() => undefined);
  return {
    pid: child.pid ?? -1,
    ports,
    failed,
    listPods: async (signal) => {
      const timeout = AbortSignal.timeout(5000);
      const answer = await fetch(`http://127.0.0.1:${readOnlyPort}/pods`, {
        signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
      });
      if (!answer.ok) throw new Error(`the kubelet answered /pods with ${answer.status}`);
      return ((await answer.json()) as { items?: Pod[] }).items ?? [];
    },
    untilHealthy: (signal) => untilHealthy(`http://127.0.0.1:${healthzPort}/healthz`, signal),
    get: async (path) => {
      const answer = await fetch(`http://127.0.0.1:${readOnlyPort}${path}`, { signal: AbortSignal.timeout(5000) });
      if (!answer.ok) throw new Error(`the kubelet answered ${path} with ${answer.status}: ${await answer.text()}`);
      return answer.text();
    },
    stop: () => {
      isStopping = true;
      return stopChild(child);
    },
    kill: async () => {
      isStopping = true;
      if (!isAlive(child)) return;
      const exited = once(child, "exit");
      child.kill("SIGKILL");
      await exited;
    },
  };
};

const untilHealthy = async (url: string, signal: AbortSignal): Promise<void> => {
  const deadline = systemClock.monotonicMs() + 30_000;
  let last = "";
  while (systemClock.monotonicMs() < deadline) {
    try {
      const answer = await fetch(url, { signal });
      const text = await answer.text();
      if (answer.ok) return;
      last = text;
    } catch (error) {
      signal.throwIfAborted();
      last = String(error);
    }
    await systemClock.sleep(20, { signal });
  }
  throw new Error(`the kubelet did not become healthy within 30 s: ${last}`);
};
