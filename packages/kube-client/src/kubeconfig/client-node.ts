import type { ClusterAccess } from "./access.ts";
import { kubeconfigFromObject } from "./parse.ts";

/** What is needed of a `KubeConfig` of @kubernetes/client-node 1.x and 2.x. */
export interface ClientNodeKubeConfig {
  getCurrentCluster(): ClientNodeCluster | null;
  getCurrentUser(): ClientNodeUser | null;
}

/** Its `Cluster`. */
export interface ClientNodeCluster {
  readonly name: string;
  readonly server: string;
  readonly caData?: string | undefined;
  readonly caFile?: string | undefined;
  readonly skipTLSVerify?: boolean | undefined;
  readonly tlsServerName?: string | undefined;
  readonly proxyUrl?: string | undefined;
}

/** Its `User`. */
export interface ClientNodeUser {
  readonly name: string;
  readonly certData?: string | undefined;
  readonly certFile?: string | undefined;
  readonly keyData?: string | undefined;
  readonly keyFile?: string | undefined;
  readonly exec?: unknown;
  readonly authProvider?: unknown;
  readonly token?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly impersonateUser?: string | undefined;
}

/** client-node's in-cluster configuration keeps the token's file in an auth provider of its own; every other provider is refused. */
const tokenFileOf = (provider: unknown): string | undefined => {
  if (typeof provider !== "object" || provider === null || !("name" in provider) || provider.name !== "tokenFile") return undefined;
  const config = "config" in provider ? provider.config : undefined;
  return typeof config === "object" && config !== null && "tokenFile" in config && typeof config.tokenFile === "string"
    ? config.tokenFile
    : undefined;
};

/**
 * The access that a client-node `KubeConfig` stands for: its current context. Nothing of client-node is loaded, and its own refreshing of
 * tokens is not used: files and exec plugins are, by this package's rules.
 * @throws KubeClientError "config"
 */
export const accessFromClientNode = (config: ClientNodeKubeConfig): ClusterAccess => {
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  const tokenFile = tokenFileOf(user?.authProvider);
  return kubeconfigFromObject({
    "current-context": "current",
    contexts: [{ name: "current", context: { cluster: "current", user: "current" } }],
    clusters: [
      {
        name: "current",
        cluster: {
          server: cluster?.server,
          "certificate-authority-data": cluster?.caData,
          "certificate-authority": cluster?.caFile,
          "insecure-skip-tls-verify": cluster?.skipTLSVerify,
          "tls-server-name": cluster?.tlsServerName,
          "proxy-url": cluster?.proxyUrl,
        },
      },
    ],
    users: [
      {
        name: "current",
        user: {
          "client-certificate-data": user?.certData,
          "client-certificate": user?.certFile,
          "client-key-data": user?.keyData,
          "client-key": user?.keyFile,
          token: user?.token,
          tokenFile,
          username: user?.username,
          password: user?.password,
          exec: user?.exec,
          "auth-provider": tokenFile === undefined ? user?.authProvider : undefined,
          as: user?.impersonateUser,
        },
      },
    ],
  }).access();
};
