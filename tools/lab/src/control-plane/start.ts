import { join } from "node:path";
import { networkInterfaces } from "node:os";
import { LabError } from "../errors.ts";
import type { Lab } from "../lab.ts";
import { findAssetsDir } from "./assets.ts";
import { startEmbeddedControlPlane } from "./embedded.ts";
import { startRealControlPlane } from "./real.ts";
import type { ControlPlane, ControlPlaneKind } from "./types.ts";

/** What a control plane can be told. */
export interface ControlPlaneOptions {
  /** Its files lie in the lab's folder and go with it. */
  readonly lab: Pick<Lab, "dir">;
  /** Default: real when KUBEBUILDER_ASSETS is set, else embedded. */
  readonly kind?: ControlPlaneKind | undefined;
  /** Holds etcd, kube-apiserver, kubectl and, with controllers, kube-controller-manager and kube-scheduler. Default: KUBEBUILDER_ASSETS. */
  readonly assetsDir?: string | undefined;
  /** With scheduler and controllers; default true. The embedded one always has them. */
  readonly withControllers?: boolean;
  /** Of the node that gets credentials; default `node-1`. */
  readonly nodeName?: string;
  /** Default 127.0.0.1. */
  readonly bindAddress?: string;
  /** Where pods find a real API server. Default: the host's first address that is not loopback. */
  readonly advertiseAddress?: string;
  /** Default 10.96.0.0/16; the embedded one has no other. */
  readonly serviceCidr?: string;
  /** Where its processes log; default its folder in the lab's. */
  readonly logDir?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((message: string) => void) | undefined;
}

/** The folder of a lab's control plane in the lab's own: processes that name a file below it are the lab's. */
export const CONTROL_PLANE_DIR = "control-plane";

/** The host's first IPv4 address that is not loopback: a node's address and the API's. @throws LabError "host-unfit" without one */
export const findHostAddress = (): string => {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const address = all.find(({ family, internal }) => family === "IPv4" && !internal)?.address;
  if (address === undefined) throw new LabError("host-unfit", "a cluster needs an IPv4 address that is not loopback; this host has none");
  return address;
};

/** Starts a Kubernetes API server for one node. Anything that fails on the way is undone. */
export const startControlPlane = async (options: ControlPlaneOptions): Promise<ControlPlane> => {
  const { lab, signal, onProgress, withControllers = true, nodeName = "node-1", serviceCidr = "10.96.0.0/16" } = options;
  const assetsDir = options.assetsDir ?? findAssetsDir();
  const kind = options.kind ?? (assetsDir === undefined ? "embedded" : "real");
  const dir = join(lab.dir, CONTROL_PLANE_DIR);
  const filled = {
    withControllers,
    nodeName,
    serviceCidr,
    signal,
    onProgress,
    dir,
    logDir: options.logDir ?? dir,
    bindAddress: options.bindAddress ?? "127.0.0.1",
  };
  if (kind === "embedded") return startEmbeddedControlPlane(filled);
  if (assetsDir === undefined)
    throw new LabError("bad-option", "a real control plane needs KUBEBUILDER_ASSETS or assetsDir: the folder of its binaries");
  return startRealControlPlane({ ...filled, assetsDir, advertiseAddress: options.advertiseAddress ?? findHostAddress() });
};
