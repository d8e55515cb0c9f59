import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { networkInterfaces } from "node:os";
import { join } from "node:path";
import { LabError } from "../errors.ts";
import { askReadiness } from "./api-client.ts";
import { requireAsset } from "./assets.ts";
import { openIdentities } from "./identities.ts";
import { runKubectl } from "./kubectl.ts";
import { openNamespace } from "./namespace.ts";
import { openAuthority, openTokenKeys, writeKubeconfig } from "./pki.ts";
import type { Authority } from "./pki.ts";
import { findLastingPorts } from "./ports.ts";
import { createProcesses } from "./processes.ts";
import { COMPONENTS } from "./real-commands.ts";
import type { Component, RealPorts, RealSetup } from "./real-commands.ts";
import type { ControlPlane } from "./types.ts";

/** What a real control plane is made from; the defaults have been filled in. */
export interface RealOptions {
  readonly assetsDir: string;
  readonly dir: string;
  readonly logDir: string;
  readonly withControllers: boolean;
  readonly nodeName: string;
  readonly bindAddress: string;
  readonly advertiseAddress: string;
  readonly serviceCidr: string;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((message: string) => void) | undefined;
}

/** The first address of a /16 or longer: where the service `kubernetes` will be. */
const firstServiceAddress = (cidr: string): string => {
  const [a, b, c, d] = (cidr.split("/")[0] ?? "").split(".").map(Number);
  if (a === undefined || b === undefined || c === undefined || d === undefined || [a, b, c, d].some(Number.isNaN))
    throw new LabError("bad-option", `the service CIDR is no IPv4 network: ${cidr}`);
  return `${a}.${b}.${c}.${d + 1}`;
};

const serverAltNames = ({ advertiseAddress, serviceCidr, bindAddress }: RealOptions): readonly string[] => {
  const own = Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).filter(({ family }) => family === "IPv4").map(({ address }) => address),
  );
  const addresses = new Set([
    "127.0.0.1",
    firstServiceAddress(serviceCidr),
    advertiseAddress,
    ...own,
    ...(bindAddress === "0.0.0.0" ? [] : [bindAddress]),
  ]);
  const names = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"];
  return [...[...addresses].map((address) => `IP:${address}`), ...names.map((name) => `DNS:${name}`)];
};

/** Ports stay the same when everything is started again, even by another program. */
const openPorts = async (dir: string): Promise<RealPorts> => {
  const file = join(dir, "ports.json");
  if (existsSync(file)) return JSON.parse(await readFile(file, "utf8")) as RealPorts;
  const [etcd = 0, etcdPeer = 0, api = 0, controllerManager = 0, scheduler = 0] = await findLastingPorts(5);
  const ports: RealPorts = { etcd, etcdPeer, api, controllerManager, scheduler };
  await writeFile(file, JSON.stringify(ports));
  return ports;
};

/** The authority and what is signed by it. */
interface Trust {
  readonly authority: Authority;
  readonly url: string;
  readonly setup: RealSetup;
}

const openTrust = async (options: RealOptions): Promise<Trust> => {
  const { dir, assetsDir, bindAddress, advertiseAddress, serviceCidr } = options;
  const pki = join(dir, "pki");
  const [ports, authority, frontAuthority] = await Promise.all([
    openPorts(dir),
    openAuthority(pki, "lab-ca"),
    openAuthority(join(pki, "front-proxy"), "lab-front-proxy-ca"),
  ]);
  const url = `https://${bindAddress === "0.0.0.0" ? "127.0.0.1" : bindAddress}:${ports.api}`;
  const [serving, kubeletClient, frontClient, tokenKeys] = await Promise.all([
    authority.issue("apiserver", { user: "kube-apiserver", altNames: serverAltNames(options) }),
    authority.issue("apiserver-kubelet-client", { user: "kube-apiserver-kubelet-client", groups: ["system:masters"] }),
    frontAuthority.issue("client", { user: "front-proxy-client" }),
    openTokenKeys(pki),
  ]);
  const component = async (user: string, name: string): Promise<string> =>
    writeKubeconfig(join(dir, `${name}.kubeconfig`), { url, caFile: authority.cert, user, files: await authority.issue(name, { user }) });
  const [controllerManager, scheduler] = await Promise.all([
    component("system:kube-controller-manager", "controller-manager"),
    component("system:kube-scheduler", "scheduler"),
  ]);
  const ca = { cert: authority.cert, key: join(pki, "ca.key") };
  const setup: RealSetup = {
    assetsDir,
    dir,
    ports,
    bindAddress,
    advertiseAddress,
    serviceCidr,
    ca,
    serving,
    kubeletClient,
    tokenKeys,
    frontProxy: { ca: frontAuthority.cert, client: frontClient },
    kubeconfigs: { controllerManager, scheduler },
  };
  return { authority, url, setup };
};

/** etcd and kube-apiserver, and with controllers kube-controller-manager and kube-scheduler, as processes of their own. */
export const startRealControlPlane = async (options: RealOptions): Promise<ControlPlane> => {
  const { dir, assetsDir, withControllers, nodeName, signal, onProgress } = options;
  const components: readonly Component[] = withControllers ? COMPONENTS : ["etcd", "kube-apiserver"];
  for (const component of components) requireAsset(assetsDir, component);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const { authority, url, setup } = await openTrust(options);
  const identities = await openIdentities({ dir, url, authority, nodeName });
  const { api, adminKubeconfig } = identities;
  const askApi = (patience: AbortSignal): Promise<void> => askReadiness(api, patience);
  const processes = createProcesses({ setup, logDir: options.logDir, components, askApi, signal });
  const createNamespace: ControlPlane["createNamespace"] = (name, more) =>
    openNamespace(api, { name, caFile: authority.cert, hasControllers: withControllers, signal: more?.signal });
  const close = async (): Promise<void> => {
    await processes.stop(components, "SIGTERM");
    api.close();
  };
  onProgress?.(`starting ${components.join(", ")} at ${url}`);
  try {
    await processes.start(components);
    for (const name of ["default", "kube-system"]) await createNamespace(name, signal === undefined ? {} : { signal });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    kind: "real",
    hasControllers: withControllers,
    url,
    dir,
    ...identities,
    clientCaFile: authority.cert,
    createNamespace,
    close,
    kubectl: (args, { version, kubeconfig = adminKubeconfig, ...more } = {}) => {
      const name = version === undefined ? "kubectl" : `kubectl-${version}`;
      return runKubectl([requireAsset(assetsDir, name), ...args], { dir, kubeconfig, ...more });
    },
    pause: (how) => processes.stop(["kube-apiserver"], how),
    continue: () => processes.start(["kube-apiserver"]),
    freeze: () => processes.send("kube-apiserver", "SIGSTOP"),
    thaw: () => processes.send("kube-apiserver", "SIGCONT"),
    stop: () => processes.stop(components),
    restart: async () => {
      await processes.stop(components);
      await processes.start(components);
    },
    [Symbol.asyncDispose]: close,
  };
};
