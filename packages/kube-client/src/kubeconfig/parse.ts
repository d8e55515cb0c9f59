import type { ClusterAccess, CredentialConfig, ExecPluginConfig, PemSource } from "./access.ts";
import { readTextDocument } from "./document.ts";
import { FieldReader } from "./field-reader.ts";
import type { DocumentOrigin } from "./field-reader.ts";
import { isAbsolute, resolve } from "node:path";

/** A kubeconfig that was read. Contexts, clusters and users are checked only when one is used, as client-go does. */
export interface Kubeconfig {
  readonly currentContext: string | undefined;
  readonly contextNames: readonly string[];
  /** What a context, default the current one, comes down to. @throws KubeClientError "config" with file, line and field */
  readonly access: (context?: string) => ClusterAccess;
}

/** What {@link parseKubeconfig} takes beside the text. */
export interface ParseKubeconfigOptions {
  /** For messages. */
  readonly file?: string | undefined;
  /** Relative paths start here; without it they are refused. */
  readonly directory?: string | undefined;
}

const EXEC_API_VERSIONS = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"] as const;
const EXEC_EXTENSION = "client.authentication.k8s.io/exec";

const readPem = (fields: FieldReader, name: string): PemSource | undefined => {
  const pem = fields.decoded(`${name}-data`);
  // Data wins over the file, as in client-go.
  if (pem !== undefined) return { pem };
  const file = fields.path(name);
  return file === undefined ? undefined : { file };
};

const readServer = (cluster: FieldReader): string => {
  const server = cluster.requiredString("server");
  const hasTls =
    cluster.has("certificate-authority") || cluster.has("certificate-authority-data") || cluster.boolean("insecure-skip-tls-verify");
  // client-go's DefaultServerURL: an address without a scheme is https as soon as anything of TLS is configured.
  const text = /^[a-z][a-z0-9+.-]*:\/\//iu.test(server) ? server : `${hasTls ? "https" : "http"}://${server}`;
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw cluster.error("is no URL", "server");
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") throw cluster.error("is neither an https nor an http URL", "server");
  if (url.username !== "" || url.password !== "") throw cluster.error("holds credentials, which belong to a user", "server");
  if (url.search !== "" || url.hash !== "") throw cluster.error("has a query or a fragment", "server");
  return text;
};

const readCluster = (cluster: FieldReader): Pick<ClusterAccess, "server" | "ca" | "skipTlsVerify" | "tlsServerName"> => {
  if (cluster.has("proxy-url")) {
    throw cluster.error("is set, and proxies are not supported: reach the API server directly", "proxy-url");
  }
  const server = readServer(cluster);
  const ca = readPem(cluster, "certificate-authority");
  const skipTlsVerify = cluster.boolean("insecure-skip-tls-verify");
  if (skipTlsVerify && ca !== undefined) {
    throw cluster.error("is true beside a certificate authority: only one of them can be meant", "insecure-skip-tls-verify");
  }
  return { server, ca, skipTlsVerify, tlsServerName: cluster.string("tls-server-name") };
};

/** A command with a slash is a path, relative to the kubeconfig's folder; one without is looked for on PATH. */
const readCommand = (exec: FieldReader, directory: string | undefined): string => {
  const command = exec.requiredString("command");
  if (!command.includes("/") || isAbsolute(command)) return command;
  if (directory === undefined) throw exec.error("is a relative path, and there is no file it could be relative to", "command");
  return resolve(directory, command);
};

const readExec = (
  user: FieldReader,
  options: { readonly directory?: string | undefined; readonly clusterConfig: unknown },
): ExecPluginConfig => {
  const exec = user.map("exec");
  const text = exec.requiredString("apiVersion");
  const apiVersion = EXEC_API_VERSIONS.find((known) => known === text);
  if (apiVersion === undefined) throw exec.error(`is none of ${EXEC_API_VERSIONS.join(", ")}`, "apiVersion");
  const mode = exec.string("interactiveMode");
  if (mode === undefined && apiVersion === EXEC_API_VERSIONS[0]) throw exec.error("is missing", "interactiveMode");
  if (mode === "Always") throw exec.error("is Always, and there is no standard input to ask on", "interactiveMode");
  if (mode !== undefined && mode !== "Never" && mode !== "IfAvailable")
    throw exec.error("is none of Never, IfAvailable, Always", "interactiveMode");
  const env: Record<string, string> = {};
  for (const entry of exec.list("env")) env[entry.requiredString("name")] = entry.string("value") ?? "";
  return {
    apiVersion,
    command: readCommand(exec, options.directory),
    args: exec.strings("args"),
    env,
    provideClusterInfo: exec.boolean("provideClusterInfo"),
    installHint: exec.string("installHint"),
    clusterConfig: options.clusterConfig,
  };
};

const IMPERSONATION = ["as", "as-uid", "as-groups", "as-user-extra"];

const readCertificate = (user: FieldReader): CredentialConfig["certificate"] => {
  const certificate = readPem(user, "client-certificate");
  const key = readPem(user, "client-key");
  if (certificate !== undefined && key !== undefined) return { certificate, key };
  if (certificate !== undefined) throw user.error("is missing beside the client certificate", "client-key");
  if (key !== undefined) throw user.error("is missing beside the client key", "client-certificate");
  return undefined;
};

const readUser = (
  user: FieldReader,
  options: { readonly directory?: string | undefined; readonly clusterConfig: unknown },
): CredentialConfig => {
  if (user.has("auth-provider")) {
    throw user.error("is not supported (Kubernetes removed these in v1.26): use exec, a token or a client certificate", "auth-provider");
  }
  for (const name of IMPERSONATION) if (user.has(name)) throw user.error("is not supported: an agent on a node acts as itself", name);
  const username = user.string("username");
  const password = user.string("password");
  const token = user.string("token");
  const basic = username === undefined && password === undefined ? undefined : { username: username ?? "", password: password ?? "" };
  if (basic !== undefined && token !== undefined)
    throw user.error("is set beside username or password: only one of them can be meant", "token");
  return {
    certificate: readCertificate(user),
    token,
    tokenFile: user.path("tokenFile"),
    basic,
    exec: user.has("exec") ? readExec(user, options) : undefined,
  };
};

const findNamed = (root: FieldReader, list: string, name: string): FieldReader | undefined =>
  // The first of a name counts, as in client-go.
  root.list(list).find((entry) => entry.string("name") === name);

const readAccess = (root: FieldReader, contextName: string | undefined, origin: DocumentOrigin): ClusterAccess => {
  const name = contextName ?? root.string("current-context");
  const contexts = root.list("contexts");
  if (name === undefined) {
    throw root.error(contexts.length === 0 ? "is missing, and there are no contexts" : "is missing", "current-context");
  }
  const entry = findNamed(root, "contexts", name);
  if (entry === undefined) throw root.error(`has no context ${JSON.stringify(name)}`, "contexts");
  const context = entry.map("context");
  const clusterName = context.requiredString("cluster");
  const clusterEntry = findNamed(root, "clusters", clusterName);
  if (clusterEntry === undefined) throw context.error(`names ${JSON.stringify(clusterName)}, which is not among the clusters`, "cluster");
  const userName = context.string("user");
  const userEntry = userName === undefined ? undefined : findNamed(root, "users", userName);
  if (userName !== undefined && userEntry === undefined) {
    throw context.error(`names ${JSON.stringify(userName)}, which is not among the users`, "user");
  }
  const cluster = clusterEntry.map("cluster");
  const extension = cluster.list("extensions").find((item) => item.string("name") === EXEC_EXTENSION);
  const options = { directory: origin.directory, clusterConfig: extension?.raw("extension") };
  return {
    ...readCluster(cluster),
    credentials: userEntry === undefined ? {} : readUser(userEntry.map("user"), options),
    namespace: context.string("namespace"),
  };
};

const fromDocument = (value: unknown, origin: DocumentOrigin): Kubeconfig => {
  const root = new FieldReader(value, [], origin);
  const kind = root.string("kind");
  if (kind !== undefined && kind !== "Config") throw root.error("is not Config", "kind");
  const apiVersion = root.string("apiVersion");
  if (apiVersion !== undefined && apiVersion !== "v1") throw root.error("is not v1", "apiVersion");
  return {
    currentContext: root.string("current-context"),
    contextNames: root.list("contexts").map((entry) => entry.requiredString("name")),
    access: (context) => readAccess(root, context, origin),
  };
};

/** Reads a kubeconfig's text (YAML or JSON). @throws KubeClientError "config" with file, line and field */
export const parseKubeconfig = (text: string, options: ParseKubeconfigOptions = {}): Kubeconfig => {
  const { value, lineOf } = readTextDocument(text, options.file);
  return fromDocument(value, { ...options, lineOf });
};

/** Reads a kubeconfig that is an object already. @throws KubeClientError "config" with the field */
export const kubeconfigFromObject = (value: object, options: ParseKubeconfigOptions = {}): Kubeconfig =>
  fromDocument(value, { ...options, lineOf: () => undefined });
