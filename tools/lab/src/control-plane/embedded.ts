import { mkdir, readFile, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startChild, waitUntil } from "../child-process.ts";
import type { RunningChild } from "../child-process.ts";
import { LabError } from "../errors.ts";
import { fetchKubectl } from "../kubectl-binaries.ts";
import type { KubectlVersion } from "../kubectl-binaries.ts";
import { askReadiness } from "./api-client.ts";
import { openIdentities } from "./identities.ts";
import { runKubectl } from "./kubectl.ts";
import { openNamespace } from "./namespace.ts";
import { openAuthority } from "./pki.ts";
import { findLastingPorts } from "./ports.ts";
import type { RealOptions } from "./real.ts";
import type { ControlPlane } from "./types.ts";

/** What the embedded control plane is made from. */
export type EmbeddedOptions = Pick<RealOptions, "dir" | "logDir" | "nodeName" | "bindAddress" | "serviceCidr" | "signal" | "onProgress">;

/** Its program; not an import, because it runs as a process of its own, which can be frozen and killed as the real one can. */
const ENTRY = fileURLToPath(new URL("../../../mini-apiserver/src/main.ts", import.meta.url));
const NAME = "the embedded control plane";
const READY_TIMEOUT_MS = 30_000;
/** The only one it gives addresses of. */
const SERVICE_CIDR = "10.96.0.0/16";
const KUBECTL_VERSIONS: readonly string[] = ["1.32", "1.36"] satisfies readonly KubectlVersion[];

const isKubectlVersion = (version: string): version is KubectlVersion => KUBECTL_VERSIONS.includes(version);

/** The port stays the same when it is started again, even by another program. */
const openPort = async (dir: string, address: string): Promise<number> => {
  const file = join(dir, "port");
  if (existsSync(file)) return Number(await readFile(file, "utf8"));
  const [port = 0] = await findLastingPorts(1, address);
  await writeFile(file, String(port));
  return port;
};

/** The one process, started and ended at will. */
interface EmbeddedProcess {
  /** Does nothing while it runs. */
  start(): void;
  failure(): string | undefined;
  stop(signal?: NodeJS.Signals): Promise<void>;
  send(signal: NodeJS.Signals): void;
}

const createProcess = (options: {
  readonly dir: string;
  readonly logDir: string;
  readonly address: string;
  readonly port: number;
}): EmbeddedProcess => {
  const { dir, logDir, address, port } = options;
  let child: RunningChild | undefined;
  return {
    start: () => {
      if (child !== undefined && child.failure() === undefined) return;
      child = startChild({
        name: NAME,
        argv: [
          process.execPath,
          "--conditions=@nk/source",
          ENTRY,
          `--data-dir=${dir}`,
          `--persist=${join(dir, "objects.sqlite")}`,
          `--address=${address}`,
          `--port=${port}`,
        ],
        logFile: join(logDir, "mini-apiserver.log"),
        holdsLoop: false,
      });
    },
    failure: () => child?.failure(),
    send: (signal) => child?.send(signal),
    stop: async (signal = "SIGTERM") => {
      await child?.stop({ signal, patienceMs: 3000 });
      child = undefined;
    },
  };
};

const openKubectl =
  (plane: { readonly dir: string; readonly adminKubeconfig: string }): ControlPlane["kubectl"] =>
  async (args, { version = "1.36", kubeconfig = plane.adminKubeconfig, ...more } = {}) => {
    if (!isKubectlVersion(version))
      throw new LabError(
        "bad-option",
        `the embedded control plane is tried with kubectl ${KUBECTL_VERSIONS.join(" and ")}, not ${version}`,
      );
    const binary = await fetchKubectl(version, more.signal === undefined ? {} : { signal: more.signal });
    return runKubectl([binary, ...args], { dir: plane.dir, kubeconfig, ...more });
  };

/** The control plane of this repository, as one process: API server, scheduler and controllers, its objects in a file of `dir`. */
export const startEmbeddedControlPlane = async (options: EmbeddedOptions): Promise<ControlPlane> => {
  const { dir, logDir, nodeName, bindAddress: address, serviceCidr, signal, onProgress } = options;
  if (serviceCidr !== SERVICE_CIDR)
    throw new LabError("bad-option", `the embedded control plane has its services in ${SERVICE_CIDR}, not in ${serviceCidr}`);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const [port, authority] = await Promise.all([openPort(dir, address), openAuthority(join(dir, "pki"), "kubernetes")]);
  const url = `https://${address === "0.0.0.0" ? "127.0.0.1" : address}:${port}`;
  const child = createProcess({ dir, logDir, address, port });
  onProgress?.(`starting the embedded control plane at ${url}`);
  child.start();
  const identities = await openIdentities({ dir, url, authority, nodeName });
  const { api } = identities;
  const start = async (): Promise<void> => {
    child.start();
    const ask = (patience: AbortSignal): Promise<void> => askReadiness(api, patience);
    await waitUntil(`readiness of ${NAME}`, ask, { timeoutMs: READY_TIMEOUT_MS, failure: () => child.failure(), signal });
  };
  const createNamespace: ControlPlane["createNamespace"] = (name, more) =>
    openNamespace(api, { name, caFile: authority.cert, hasControllers: true, signal: more?.signal });
  const close = async (): Promise<void> => {
    await child.stop();
    api.close();
  };
  try {
    await start();
    for (const name of ["default", "kube-system"]) await createNamespace(name, signal === undefined ? {} : { signal });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    kind: "embedded",
    hasControllers: true,
    url,
    dir,
    ...identities,
    clientCaFile: authority.cert,
    createNamespace,
    close,
    kubectl: openKubectl({ dir, adminKubeconfig: identities.adminKubeconfig }),
    pause: (how) => child.stop(how),
    continue: start,
    freeze: () => child.send("SIGSTOP"),
    thaw: () => child.send("SIGCONT"),
    stop: () => child.stop(),
    restart: async () => {
      await child.stop();
      await start();
    },
    [Symbol.asyncDispose]: close,
  };
};
