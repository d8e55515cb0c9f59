import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startChild, waitUntil } from "./child-process.ts";
import { findHostAddress } from "./control-plane/start.ts";
import type { ControlPlane } from "./control-plane/types.ts";
import { computeKubeletConfig, createRunningKubelet, findFreePorts, kubeletCommand, untilHealthy } from "./kubelet-process.ts";
import type { KubeletPorts, RunningKubelet } from "./kubelet-process.ts";
import type { Lab } from "./lab.ts";
import { withPrivateMounts } from "./private-mounts.ts";

/** What shall run, and where. */
export interface ClusterKubeletSetup {
  /** Our main.ts, a bundle of it, or any other kubelet's binary. */
  readonly entry: string;
  readonly lab: Lab;
  readonly controlPlane: ControlPlane;
  readonly logFile: string;
  /** The node's name; the control plane must have made its credentials. Default `node-1`. */
  readonly nodeName?: string;
  /** Default: `lab.endpoint`; another one for a proxy between kubelet and runtime. */
  readonly endpoint?: string;
  /** Fields of the KubeletConfiguration that differ from what the lab needs. */
  readonly config?: { readonly [field: string]: unknown };
  /** More flags, e.g. `--v=4`. */
  readonly flags?: readonly string[];
  /** Ports of an earlier kubelet in the same lab, so that a restart is found where it was. */
  readonly ports?: KubeletPorts;
  readonly signal?: AbortSignal | undefined;
}

/** A kubelet that is a node of a control plane. */
export interface ClusterKubelet extends RunningKubelet {
  readonly nodeName: string;
  /** Where its servers listen, and the node's InternalIP. */
  readonly nodeAddress: string;
  /** Waits until the API shows the node as Ready with a heartbeat of this process. */
  untilReady(signal: AbortSignal): Promise<void>;
}

/** What containers get of the node's resolver; the host's own file may hold anything. */
const RESOLV_CONF = "nameserver 192.0.2.53\n";

/** How long a kubelet may take until its node is Ready. */
const READY_TIMEOUT_MS = 60_000;

/** Settings for what our own kubelet does not do, and refuses to be told of. */
const foreignConfig = (lab: Lab): Record<string, unknown> => ({
  // Pods must not be evicted because the developer's disk is full.
  evictionHard: { "memory.available": "100Mi", "nodefs.available": "1%", "nodefs.inodesFree": "1%", "imagefs.available": "1%" },
  volumePluginDir: join(lab.dir, "volume-plugins"),
  // The host keeps its iptables.
  makeIPTablesUtilChains: false,
});

const isForeign = (entry: string): boolean => kubeletCommand(entry).length === 1;

const computeClusterConfig = (
  setup: ClusterKubeletSetup,
  parts: { readonly ports: KubeletPorts; readonly nodeAddress: string },
): Record<string, unknown> => {
  const { lab, controlPlane } = setup;
  return computeKubeletConfig(lab, {
    manifests: join(lab.dir, "manifests"),
    ports: parts.ports,
    config: {
      address: parts.nodeAddress,
      // Nobody but the API server asks it, with a certificate; identities are looked up at the API.
      authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: controlPlane.clientCaFile } },
      authorization: { mode: "Webhook" },
      healthzBindAddress: "127.0.0.1",
      clusterDNS: ["10.96.0.10"],
      clusterDomain: "cluster.local",
      resolvConf: join(lab.dir, "resolv.conf"),
      maxPods: 250,
      ...(isForeign(setup.entry) ? foreignConfig(lab) : {}),
      ...(setup.endpoint === undefined ? {} : { containerRuntimeEndpoint: setup.endpoint }),
      ...setup.config,
    },
  });
};

interface NodeLike {
  readonly spec?: { readonly taints?: readonly { readonly key: string }[] };
  readonly status?: {
    readonly conditions?: readonly {
      readonly type: string;
      readonly status: string;
      readonly lastHeartbeatTime: string;
      readonly message?: string;
    }[];
    readonly daemonEndpoints?: { readonly kubeletEndpoint?: { readonly Port?: number } };
  };
}

/** Resolves when the node is Ready and can be reached where this kubelet listens. @throws Error saying what is missing */
const askNode = async (
  setup: ClusterKubeletSetup,
  nodeName: string,
  expected: { readonly port: number; readonly signal: AbortSignal },
): Promise<void> => {
  const node = (await setup.controlPlane.api.json(`/api/v1/nodes/${nodeName}`, { signal: expected.signal })) as NodeLike;
  const ready = node.status?.conditions?.find(({ type }) => type === "Ready");
  if (ready?.status !== "True") throw new Error(`node ${nodeName} is not Ready: ${ready?.message ?? "it says nothing of it"}`);
  // The scheduler goes by the taint, which a controller takes away some time after.
  const isTainted = node.spec?.taints?.some(({ key }) => key === "node.kubernetes.io/not-ready") === true;
  if (isTainted && setup.controlPlane.hasControllers) throw new Error(`node ${nodeName} is Ready, but still tainted as not ready`);
  const port = node.status?.daemonEndpoints?.kubeletEndpoint?.Port;
  if (port !== expected.port) throw new Error(`node ${nodeName} gives port ${port} for its kubelet, which listens on ${expected.port}`);
};

/** Starts a kubelet as a node of the control plane; `untilReady` waits for it. */
export const startClusterKubelet = async (setup: ClusterKubeletSetup): Promise<ClusterKubelet> => {
  const { lab, controlPlane, logFile, nodeName = "node-1" } = setup;
  const ports = setup.ports ?? (await findFreePorts());
  const nodeAddress = findHostAddress();
  const configFile = join(lab.dir, `kubelet-${nodeName}.json`);
  for (const dir of ["manifests", "pod-logs", "volume-plugins"]) await mkdir(join(lab.dir, dir), { recursive: true });
  await writeFile(join(lab.dir, "resolv.conf"), RESOLV_CONF);
  await writeFile(configFile, JSON.stringify(computeClusterConfig(setup, { ports, nodeAddress }), undefined, 2));
  const command = kubeletCommand(setup.entry);
  const argv = [
    ...command,
    `--config=${configFile}`,
    `--kubeconfig=${controlPlane.nodeKubeconfig}`,
    `--hostname-override=${nodeName}`,
    `--root-dir=${lab.kubeletDir}`,
    `--cert-dir=${join(lab.kubeletDir, "pki")}`,
    `--node-ip=${nodeAddress}`,
    ...(setup.flags ?? []),
  ] as const satisfies readonly string[];
  const child = startChild({
    name: "the kubelet",
    argv: isForeign(setup.entry) ? await withPrivateMounts(argv, { sharedDir: lab.kubeletDir }) : argv,
    logFile,
  });
  const running = createRunningKubelet({
    child,
    ports,
    address: nodeAddress,
    untilHealthy: (signal) => untilHealthy(ports.healthzPort, signal),
  });
  return {
    ...running,
    nodeName,
    nodeAddress,
    untilReady: (signal) =>
      waitUntil(`readiness of node ${nodeName}`, (patience) => askNode(setup, nodeName, { port: ports.port, signal: patience }), {
        timeoutMs: READY_TIMEOUT_MS,
        failure: () => child.failure(),
        signal,
      }),
  };
};
