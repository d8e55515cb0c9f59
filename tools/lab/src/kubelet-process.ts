import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { systemClock } from "@nk/stdx";
import type { Pod } from "@nk/pod-model";
import { startChild } from "./child-process.ts";
import type { RunningChild } from "./child-process.ts";
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

/** Three ports that are free now. */
export const findFreePorts = async (): Promise<KubeletPorts> => {
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

/** How to run a kubelet: TypeScript sources or a bundle by this Node, anything else as a program of its own. */
export const kubeletCommand = (entry: string): readonly [string, ...string[]] =>
  /\.[cm]?[jt]s$/u.test(entry) ? [process.execPath, "--conditions=@nk/source", entry] : [entry];

/** Starts the kubelet from its sources as a process of its own, so that what is shown is the real thing. */
export const startKubelet = async (setup: KubeletSetup): Promise<RunningKubelet> => {
  const { lab, logFile } = setup;
  const ports = setup.ports ?? (await findFreePorts());
  const { healthzPort } = ports;
  const configFile = join(lab.dir, "kubelet.json");
  await mkdir(join(lab.dir, "pod-logs"), { recursive: true });
  await writeFile(configFile, JSON.stringify(computeKubeletConfig(lab, { ...setup, ports }), undefined, 2));
  const flags = [
    `--config=${configFile}`,
    `--root-dir=${lab.kubeletDir}`,
    `--cert-dir=${join(lab.kubeletDir, "pki")}`,
    `--hostname-override=${setup.nodeName ?? "nk"}`,
  ];
  const child = startChild({ name: "the kubelet", argv: [...kubeletCommand(setup.entry), ...flags], logFile });
  return createRunningKubelet({ child, ports, address: "127.0.0.1", untilHealthy: (signal) => untilHealthy(healthzPort, signal) });
};

/** The handle of a kubelet that has been started. */
export const createRunningKubelet = (parts: {
  readonly child: RunningChild;
  readonly ports: KubeletPorts;
  /** Where its read-only server listens. */
  readonly address: string;
  readonly untilHealthy: (signal: AbortSignal) => Promise<void>;
}): RunningKubelet => {
  const { child, ports } = parts;
  const get = async (path: string, signal?: AbortSignal): Promise<string> => {
    const timeout = AbortSignal.timeout(5000);
    const answer = await fetch(`http://${parts.address}:${ports.readOnlyPort}${path}`, {
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`the kubelet answered ${path} with ${answer.status}: ${text}`);
    return text;
  };
  return {
    pid: child.pid,
    ports,
    failed: child.failed,
    listPods: async (signal) => (JSON.parse(await get("/pods", signal)) as { items?: Pod[] }).items ?? [],
    untilHealthy: parts.untilHealthy,
    get: (path) => get(path),
    stop: () => child.stop(),
    kill: () => child.stop({ signal: "SIGKILL" }),
  };
};

/** Waits until the health endpoint on 127.0.0.1 says ok. */
export const untilHealthy = async (healthzPort: number, signal: AbortSignal): Promise<void> => {
  const url = `http://127.0.0.1:${healthzPort}/healthz`;
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
