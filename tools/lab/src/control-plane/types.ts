import type { ApiClient } from "./api-client.ts";

/** Which control plane: separate processes of the real thing, or the one of this repository. */
export type ControlPlaneKind = "real" | "embedded";

/** How to run kubectl. */
export interface KubectlOptions {
  /**
   * e.g. `1.32`. Of a real control plane: the file `kubectl-1.32` beside its binaries, default `kubectl`. Of the embedded one: Debian's
   * `1.32` or `1.36`, fetched once, default `1.36`.
   */
  readonly version?: string;
  readonly stdin?: string;
  readonly signal?: AbortSignal;
  /** Default 60 000. */
  readonly timeoutMs?: number;
  /** Default: the administrator's. */
  readonly kubeconfig?: string;
  /** Exit codes that count as success; default only 0. */
  readonly okCodes?: readonly number[];
}

/** Who a kubeconfig is for. */
export interface Identity {
  /** The certificate's common name; also the file's name, with `:` as `-`. */
  readonly user: string;
  readonly groups: readonly string[];
}

/** A Kubernetes API server with what belongs to it, for one node, in a lab's folder. */
export interface ControlPlane extends AsyncDisposable {
  readonly kind: ControlPlaneKind;
  readonly url: string;
  /** Whether scheduler and controllers run. */
  readonly hasControllers: boolean;
  /** Its folder in the lab's: keys, data, logs. */
  readonly dir: string;
  /** Path; group system:masters. */
  readonly adminKubeconfig: string;
  /** Path; CN=system:node:NAME, O=system:nodes. */
  readonly nodeKubeconfig: string;
  /** The CA of clients' certificates, the API server's own among them: a kubelet's `authentication.x509.clientCAFile`. */
  readonly clientCaFile: string;
  /** As the administrator. */
  readonly api: ApiClient;
  /** Makes a kubeconfig with a new client certificate; resolves with its path. */
  addIdentity(identity: Identity): Promise<string>;
  /** Creates a namespace and waits until pods can be created in it. */
  createNamespace(name: string, options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Runs kubectl and returns what it prints; it leaves nothing in the user's home. */
  kubectl(args: readonly string[], options?: KubectlOptions): Promise<string>;
  /** The API goes away; its data stay. Default SIGTERM, which lets requests end, and SIGKILL after 3 s. */
  pause(signal?: NodeJS.Signals): Promise<void>;
  /** The API is back: same address, keys and data. Resolves when it is ready. */
  continue(): Promise<void>;
  /** The API falls silent: connections stay open, and nothing answers on them or on new ones. */
  freeze(): void;
  /** The API goes on where {@link ControlPlane.freeze} stopped it. */
  thaw(): void;
  /** Ends all its processes; data, keys and ports stay. */
  stop(): Promise<void>;
  /** Ends what runs and starts all of it again. */
  restart(): Promise<void>;
  /** Ends all for good; idempotent. The files go with the lab. */
  close(): Promise<void>;
}
