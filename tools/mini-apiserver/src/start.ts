import { mkdir, open } from "node:fs/promises";
import { hostname } from "node:os";
import { isIP } from "node:net";
import { dirname } from "node:path";
import { noopLogger, runTaskGroup, systemClock, writeFileAtomic } from "@nk/stdx";
import type { Clock, Logger } from "@nk/stdx";
import type { Controller, Store } from "./contracts.ts";
import { createCertificateSigning } from "./controllers/certificate-signing.ts";
import { createEventExpiry } from "./controllers/event-expiry.ts";
import { createNamespaceContents } from "./controllers/namespace-contents.ts";
import { createNamespaceDeletion } from "./controllers/namespace-deletion.ts";
import { createNodeLifecycle } from "./controllers/node-lifecycle.ts";
import { createPodCollection } from "./controllers/pod-collection.ts";
import { createScheduler } from "./controllers/scheduler.ts";
import { ALL_KINDS } from "./kinds/all-kinds.ts";
import { createInitialObjects } from "./kinds/initial-objects.ts";
import { createLocalClient } from "./rest/local-client.ts";
import type { LocalClient } from "./rest/local-client.ts";
import type { StaticToken } from "./security/bearer-tokens.ts";
import { withProtobufBodies } from "./protobuf/protobuf-bodies.ts";
import { ensureBootstrapRoles } from "./security/bootstrap-roles.ts";
import { createNodeRestriction } from "./security/node-restriction.ts";
import { KUBELET_CLIENT, openPki } from "./security/pki.ts";
import type { Pki } from "./security/pki.ts";
import { GROUP } from "./security/users.ts";
import { createApiServer } from "./server/create-api-server.ts";
import { listen } from "./server/listen.ts";
import { issuerDocuments, withDocuments } from "./start/documents.ts";
import { formatKubeconfig } from "./start/kubeconfig.ts";
import { composeSecurity } from "./start/security.ts";
import type { Security } from "./start/security.ts";
import { createMemoryStore } from "./storage/memory-store.ts";
import { noPersistence } from "./storage/persistence.ts";
import { openSqlitePersistence } from "./storage/sqlite-persistence.ts";
import { createBackend } from "./streaming/backend.ts";
import { createPodLog } from "./streaming/pod-log.ts";
import { createPodStreams } from "./streaming/pod-streams.ts";
import { createProxies } from "./streaming/proxies.ts";
import { createBindings, createPodBinding } from "./subresources/binding.ts";
import { createEviction } from "./subresources/eviction.ts";
import { createServiceAccountToken } from "./subresources/service-account-token.ts";

/** What {@link startMiniApiserver} takes. Everything has a default. */
export interface MiniApiserverOptions {
  /** Keeps authority and keys in `pki/`, so that kubeconfigs outlive the process; default: they are new each time. */
  readonly dataDir?: string;
  /** Keeps the objects in this SQLite file; default: in memory. */
  readonly persistFile?: string;
  /** Default 127.0.0.1. */
  readonly address?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** More names and addresses for the serving certificate: what clients on other machines call this one. */
  readonly names?: readonly string[];
  /** Tokens that never change, such as `{ token: "abcdef.0123456789abcdef", user: { username: "system:bootstrap:abcdef", groups: ["system:bootstrappers"] } }`. */
  readonly staticTokens?: readonly StaticToken[];
  /** Verify kubelets' serving certificates by this, PEM; default: not at all, as the reference without --kubelet-certificate-authority. */
  readonly kubeletCaPem?: string;
  /** Until a node that is not heard of is unreachable, milliseconds; default 50,000. */
  readonly nodeGraceMs?: number;
  readonly clock?: Clock;
  readonly logger?: Logger;
}

/** For whom {@link MiniApiserver.writeKubeconfig} is. */
export type KubeconfigUser = { readonly user: "admin" } | { readonly user: "node"; readonly nodeName: string };

/** A control plane that runs. */
export interface MiniApiserver extends AsyncDisposable {
  /** `https://127.0.0.1:PORT`. */
  readonly url: string;
  readonly caPem: string;
  /** The text of a kubeconfig of group system:masters. It holds a private key. */
  readonly adminKubeconfig: string;
  /** The text of a kubeconfig for the kubelet of this node. It holds a private key. */
  issueNodeKubeconfig(nodeName: string): Promise<string>;
  /** Writes a kubeconfig at mode 0600, making the folder. */
  writeKubeconfig(path: string, user: KubeconfigUser): Promise<void>;
  /** The objects themselves, for tests. */
  readonly store: Store;
  /** Ends requests and controllers; resolves when nothing is left. */
  close(): Promise<void>;
}

interface Parts {
  readonly store: Store;
  readonly client: LocalClient;
  readonly pki: Pki;
  readonly security: Security;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly options: MiniApiserverOptions;
}

const createControllers = (parts: Parts): readonly Controller[] => {
  const { pki, security, options } = parts;
  const { authority } = pki;
  return [
    createNamespaceContents({ ...parts, caPem: authority.certificatePem }),
    createNamespaceDeletion({ ...parts, kinds: ALL_KINDS }),
    createNodeLifecycle({ ...parts, ...(options.nodeGraceMs === undefined ? {} : { graceMs: options.nodeGraceMs }) }),
    createPodCollection(parts),
    createScheduler(parts),
    createEventExpiry(parts),
    createCertificateSigning({ ...parts, authority, authorizer: security.authorizer }),
  ];
};

const createServer = async (parts: Parts): Promise<ReturnType<typeof createApiServer>> => {
  const { store, security, clock, logger, pki, options } = parts;
  const backend = createBackend({ credential: await pki.issueClient(KUBELET_CLIENT), kubeletCaPem: options.kubeletCaPem });
  const { authenticator, authorizer, signer, audiences } = security;
  const server = createApiServer({
    store,
    authenticator,
    authorizer,
    clock,
    logger,
    subresources: [
      createPodLog({ store, backend }),
      ...createPodStreams({ store, backend, authorizer }),
      ...createProxies({ store, backend }),
      createPodBinding(parts),
      createEviction(parts),
      createServiceAccountToken({ store, signer, clock, audiences }),
    ],
    virtualResources: [createBindings(parts), ...security.reviews],
    admitters: [createNodeRestriction(store)],
  });
  const documents = issuerDocuments(signer);
  return withProtobufBodies(withDocuments(server, { documents, authenticator, authorizer }));
};

const servingNames = (
  address: string,
  more: readonly string[],
): { readonly dnsNames: readonly string[]; readonly ipAddresses: readonly string[] } => {
  const cluster = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"];
  const all = [...new Set(["127.0.0.1", "::1", "localhost", hostname().toLowerCase(), ...cluster, address, ...more])];
  return { dnsNames: all.filter((name) => isIP(name) === 0), ipAddresses: all.filter((name) => isIP(name) !== 0) };
};

/** Secrets are in it: nobody else may read it, nor the files that SQLite puts beside it with the same mode. */
const preparePersistFile = async (path: string): Promise<void> => {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await using file = await open(path, "a", 0o600);
  await file.chmod(0o600);
};

/** Where clients on this machine find a server that listens there. */
const urlOf = (address: string, port: number): string => {
  const host = address === "0.0.0.0" ? "127.0.0.1" : address === "::" ? "::1" : address;
  return `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
};

/**
 * Starts a control plane in this process: API server, scheduler and the controllers that one node needs. A development tool: one process, one
 * authority, no high availability, no audit. Resolves when it answers.
 */
export const startMiniApiserver = async (options: MiniApiserverOptions = {}): Promise<MiniApiserver> => {
  const { address = "127.0.0.1", port = 0, clock = systemClock, logger = noopLogger, persistFile } = options;
  await using failing = new AsyncDisposableStack();
  const pki = await openPki({ dataDir: options.dataDir, clock });
  if (persistFile !== undefined) await preparePersistFile(persistFile);
  const persistence = persistFile === undefined ? noPersistence : openSqlitePersistence({ path: persistFile });
  failing.defer(() => persistence.close());
  const store = createMemoryStore({ clock, persistence });
  const client = createLocalClient({ store, clock });
  const security = composeSecurity({ store, pki, clock, staticTokens: options.staticTokens ?? [] });
  const parts: Parts = { store, client, pki, security, clock, logger, options };
  createInitialObjects(store, port === 0 ? {} : { apiPort: port });
  ensureBootstrapRoles(store);
  const serving = await pki.issueServer(servingNames(address, options.names ?? []));
  const caPem = pki.authority.certificatePem;
  const tls = { cert: serving.certificatePem, key: serving.privateKeyPem, ca: caPem };
  const listening = await listen({ server: await createServer(parts), tls, host: address, port });
  failing.defer(() => listening.close());
  const stopping = new AbortController();
  const controllers = createControllers(parts).map(
    (controller) => [controller.name, (signal: AbortSignal) => controller.run(signal)] as const,
  );
  const running = runTaskGroup(stopping.signal, Object.fromEntries(controllers)).catch((error: unknown) => {
    logger.error("a controller failed, and all have stopped", { error });
  });
  failing.defer(async () => {
    stopping.abort();
    await running;
  });
  const url = urlOf(address, listening.port);
  const adminCredential = await pki.issueClient({ commonName: "kubernetes-admin", organizations: [GROUP.masters] });
  const adminKubeconfig = formatKubeconfig({ url, caPem, user: "kubernetes-admin", credential: adminCredential });
  const issueNodeKubeconfig = async (nodeName: string): Promise<string> => {
    const user = `system:node:${nodeName}`;
    return formatKubeconfig({ url, caPem, user, credential: await pki.issueClient({ commonName: user, organizations: [GROUP.nodes] }) });
  };
  const stack = failing.move();
  const close = (): Promise<void> => stack.disposeAsync();
  return {
    url,
    caPem,
    adminKubeconfig,
    issueNodeKubeconfig,
    store,
    writeKubeconfig: async (path, who) => {
      const text = who.user === "admin" ? adminKubeconfig : await issueNodeKubeconfig(who.nodeName);
      await mkdir(dirname(path), { recursive: true });
      await writeFileAtomic(path, text, { mode: 0o600 });
    },
    close,
    [Symbol.asyncDispose]: close,
  };
};
