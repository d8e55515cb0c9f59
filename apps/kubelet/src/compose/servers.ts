import { allowAll, createAuthenticator, createReadOnlyRoutes, createSecureRoutes, createWebhookAuthorizer } from "@nk/kubelet-api";
import { containerLogsRoute, explainRoute, healthzRoute, openCaFile, openHttpServer, openHttpsServer } from "@nk/kubelet-api";
import { METRICS_CONTENT_TYPE, openKeyPairFiles, runningPodsRoute } from "@nk/kubelet-api";
import type { Authenticator, Authorizer, DebugPorts, HttpServer, MetricsPort, PublicPorts } from "@nk/kubelet-api";
import type { KubeletSettings } from "@nk/kubelet-config";
import { explanations } from "../adapters/explain.ts";
import { createHealthChecks } from "../adapters/health-checks.ts";
import type { HealthChecks } from "../adapters/health-checks.ts";
import { createLogs } from "../adapters/logs.ts";
import { accessReviews, tokenReviews } from "../adapters/reviews.ts";
import { toRunningPods } from "../adapters/running-pods.ts";
import { ensureServingCertificate } from "../adapters/serving-certificate.ts";
import { commandsOf, containersOf, streamingOf } from "../adapters/streaming.ts";
import type { PrometheusRegister } from "../telemetry/prometheus.ts";
import type { Cluster } from "./cluster.ts";
import type { PodLoop } from "./pods.ts";
import type { Runtime } from "./runtime.ts";
import type { Telemetry } from "./telemetry.ts";
import type { KubeletSelf } from "./self.ts";

/** What the servers show. */
export interface ServerParts {
  readonly runtime: Runtime;
  readonly pods: PodLoop;
  /** Absent without an API server. */
  readonly cluster: Cluster | undefined;
  readonly self: KubeletSelf;
  readonly stack: AsyncDisposableStack;
}

const healthChecks = ({ runtime }: ServerParts): HealthChecks => createHealthChecks(() => runtime.pleg.health.problem());

const publicPorts = (telemetry: Telemetry, parts: ServerParts): PublicPorts => {
  const { runtime, pods, self } = parts;
  const { main, probes, slis } = telemetry.pages;
  const { startedAtMs } = self.facts.status();
  const page = (register: PrometheusRegister): MetricsPort => ({
    contentType: METRICS_CONTENT_TYPE,
    startedAtMs,
    render: () => register.render(),
  });
  return {
    pods: {
      listPods: () => pods.listPods(),
      listRunningPods: async (options) => toRunningPods(await runtime.view.listPods(options)),
    },
    checks: healthChecks(parts).api,
    checkMetrics: slis,
    metrics: { "/metrics": page(main), "/metrics/probes": page(probes), "/metrics/slis": page(slis) },
  };
};

const debugPorts = (parts: ServerParts): DebugPorts => {
  const { runtime, pods, self } = parts;
  const { cache, cri } = runtime;
  return {
    logs: createLogs({ findPod: (namespace, name) => pods.findPod(namespace, name), observed: (uid) => cache.get(uid) }),
    containers: containersOf({
      findPod: (namespace, name) => pods.findPod(namespace, name),
      observed: (uid) => cache.get(uid),
      refresh: (uid, options) => cache.refresh(uid, options),
    }),
    streaming: streamingOf(cri),
    commands: commandsOf(cri),
    self: self.facts,
    verbosity: self,
    nodeLogs: { rootDirectory: "/var/log" },
    explain: explanations({ pods, cache }),
  };
};

const authenticatorOf = (settings: KubeletSettings, telemetry: Telemetry, cluster: Cluster | undefined): Authenticator => {
  const { server } = settings;
  const usesTokens = server.tokenReview.enabled && cluster !== undefined;
  return createAuthenticator({
    x509: server.clientCaFile !== "",
    anonymous: server.allowAnonymous,
    ...(usesTokens ? { tokenReviews: tokenReviews(cluster.client), tokenTtlMs: server.tokenReview.cacheMs } : {}),
    clock: telemetry.clock,
    logger: telemetry.logger.child({ part: "authn" }),
    metrics: telemetry.metrics,
  });
};

/** Without an API server nobody can be asked: whoever is authenticated is then refused, unless the configuration allows all. */
const authorizerOf = (settings: KubeletSettings, telemetry: Telemetry, cluster: Cluster | undefined): Authorizer => {
  const { mode, cacheAuthorizedMs, cacheUnauthorizedMs } = settings.server.authorization;
  if (mode === "AlwaysAllow") return allowAll;
  const nobody = { reviewAccess: () => Promise.resolve({ allowed: false }) };
  return createWebhookAuthorizer({
    nodeName: settings.nodeName,
    accessReviews: cluster === undefined ? nobody : accessReviews(cluster.client),
    allowedTtlMs: cacheAuthorizedMs,
    deniedTtlMs: cacheUnauthorizedMs,
    clock: telemetry.clock,
    logger: telemetry.logger.child({ part: "authz" }),
    metrics: telemetry.metrics,
  });
};

const openSecure = async (settings: KubeletSettings, telemetry: Telemetry, parts: ServerParts): Promise<HttpServer> => {
  const { server, certDir, nodeName } = settings;
  const { clock, metrics } = telemetry;
  const logger = telemetry.logger.child({ part: "api" });
  const { stack, cluster } = parts;
  const files = { certFile: server.tlsCertFile, keyFile: server.tlsPrivateKeyFile };
  const serving =
    server.tlsCertFile === ""
      ? await ensureServingCertificate({ certDir, host: nodeName, clock, logger })
      : stack.use(await openKeyPairFiles(files, { clock, logger }));
  return openHttpsServer({
    address: settings.address,
    port: server.port,
    serving,
    ...(server.clientCaFile === "" ? {} : { clientCa: stack.use(await openCaFile(server.clientCaFile, { clock, logger })) }),
    tls: { minVersion: server.tlsMinVersion, cipherSuites: server.tlsCipherSuites },
    authenticator: authenticatorOf(settings, telemetry, cluster),
    authorizer: authorizerOf(settings, telemetry, cluster),
    routes: createSecureRoutes(
      { ...publicPorts(telemetry, parts), ...debugPorts(parts) },
      {
        enableDebuggingHandlers: server.enableDebuggingHandlers,
        enableSystemLogHandler: server.enableSystemLogHandler,
        enableProfilingHandler: server.enableProfilingHandler,
        enableDebugFlagsHandler: server.enableDebugFlagsHandler,
        metrics,
        clock,
      },
    ),
    serverType: "readwrite",
    metrics,
    clock,
    logger,
  });
};

const openReadOnly = (settings: KubeletSettings, telemetry: Telemetry, parts: ServerParts): Promise<HttpServer> => {
  const { pods, ...open } = publicPorts(telemetry, parts);
  const { logs, explain } = debugPorts(parts);
  // Three of the refused routes are open here to callers on the same host, who had nothing else in standalone mode.
  const local = [
    runningPodsRoute(pods),
    containerLogsRoute(logs, telemetry.clock),
    ...(explain === undefined ? [] : [explainRoute(explain)]),
  ];
  const bare = (path: string): string => path.replace(/\/$/, "");
  const taken = new Set(local.flatMap(({ path }) => path).map(bare));
  const others = createReadOnlyRoutes({ pods, ...open }).flatMap((route) => {
    const path = [route.path].flat().filter((one) => !taken.has(bare(one)));
    return path.length === 0 ? [] : [{ ...route, path }];
  });
  return openHttpServer({
    address: settings.address,
    port: settings.readOnlyPort,
    routes: [...local, ...others],
    serverType: "readonly",
    metrics: telemetry.metrics,
    clock: telemetry.clock,
    logger: telemetry.logger.child({ part: "api" }),
  });
};

/** Opens the servers that the settings ask for. They serve until the stack is disposed of. */
export const openServers = async (settings: KubeletSettings, telemetry: Telemetry, parts: ServerParts): Promise<void> => {
  const logger = telemetry.logger.child({ part: "api" });
  const announce = (what: string, server: HttpServer): void => {
    parts.stack.use(server);
    logger.info("Started to listen", { server: what, address: server.address, port: server.port });
  };
  const { enableServer, healthzBindAddress, healthzPort } = settings;
  if (enableServer) announce("https", await openSecure(settings, telemetry, parts));
  if (enableServer && settings.readOnlyPort !== 0) announce("read-only", await openReadOnly(settings, telemetry, parts));
  if (healthzPort === 0) return;
  // Last: whoever is told that the kubelet is well may ask the others.
  const routes = [healthzRoute(healthChecks(parts).process, telemetry.pages.slis)];
  announce("healthz", await openHttpServer({ address: healthzBindAddress, port: healthzPort, routes, logger }));
};
