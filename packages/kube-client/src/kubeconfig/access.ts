/** PEM text given as it is, or a file that is read again when it changes. */
export type PemSource = { readonly pem: string } | { readonly file: string };

/** A program that gives credentials (client.authentication.k8s.io), as a kubeconfig configures it. */
export interface ExecPluginConfig {
  readonly apiVersion: "client.authentication.k8s.io/v1" | "client.authentication.k8s.io/v1beta1";
  /** A program of PATH, or an absolute path. */
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Whether KUBERNETES_EXEC_INFO holds the cluster. */
  readonly provideClusterInfo: boolean;
  /** Shown when the program is not there. */
  readonly installHint?: string | undefined;
  /** The cluster's `client.authentication.k8s.io/exec` extension, passed on with the cluster. */
  readonly clusterConfig?: unknown;
}

/** How to say who we are. Of `token`, `tokenFile`, `basic` and `exec` at most one counts; a certificate may come beside the first three. */
export interface CredentialConfig {
  /** A file may hold certificate and key together: give it twice. */
  readonly certificate?: { readonly certificate: PemSource; readonly key: PemSource } | undefined;
  readonly token?: string | undefined;
  /** Read again when it changes. Wins over `token`. */
  readonly tokenFile?: string | undefined;
  readonly basic?: { readonly username: string; readonly password: string } | undefined;
  /** Used only when nothing else is given, as client-go does. */
  readonly exec?: ExecPluginConfig | undefined;
}

/** Everything needed to reach one API server as one user: what a context of a kubeconfig comes down to. */
export interface ClusterAccess {
  /** `https://host:port`, a path may follow; `http://` for tests. */
  readonly server: string;
  /** Default: the certificate authorities that Node trusts. */
  readonly ca?: PemSource | undefined;
  /** Accepts any serving certificate. */
  readonly skipTlsVerify?: boolean | undefined;
  /** The name the serving certificate must have, when it is not the host's. */
  readonly tlsServerName?: string | undefined;
  readonly credentials?: CredentialConfig | undefined;
  /** The context's namespace; the client itself does not use it. */
  readonly namespace?: string | undefined;
}
