export { createAuthenticator } from "./auth/authenticator.ts";
export type { Authenticator, AuthenticatorOptions } from "./auth/authenticator.ts";
export { allowAll, createWebhookAuthorizer } from "./auth/authorizer.ts";
export type { AccessRequest, Authorizer, WebhookAuthorizerOptions } from "./auth/authorizer.ts";
export type { ReviewLimits } from "./auth/review-cache.ts";
export { isKubeletApiError, KUBELET_API_ERROR_CODES, KubeletApiError } from "./errors.ts";
export type { KubeletApiErrorCode, KubeletApiErrorOptions } from "./errors.ts";
export type { ServerType } from "./http/access-metrics.ts";
export type { HttpServer, ServerOptions } from "./http/serving.ts";
export type { ClientUpgrade } from "./http/upgrade.ts";
export { openHttpsServer } from "./https-server.ts";
export type { HttpsServerOptions } from "./https-server.ts";
export { parseLogRequest } from "./log-options.ts";
export type { ContainerLogRequest } from "./log-options.ts";
export type {
  AccessReviewPort,
  Changing,
  CheckpointPort,
  CommandPort,
  ContainersPort,
  ExplainPort,
  HealthCheck,
  KeyPair,
  LogsPort,
  MetricsPort,
  NodeAccess,
  PodsPort,
  SelfPort,
  StatsPort,
  StreamChoice,
  StreamingPort,
  TokenReview,
  TokenReviewPort,
  UserInfo,
  VerbosityPort,
} from "./ports.ts";
export type { NodeSubresource, Route, RouteRequest } from "./route.ts";
export { attachRoute } from "./routes/attach.ts";
export { checkpointRoute } from "./routes/checkpoint.ts";
export { configzRoute } from "./routes/configz.ts";
export { containerLogsRoute } from "./routes/container-logs.ts";
export { debugFlagsRoute } from "./routes/debug-flags.ts";
export { debuggingDisabledRoutes, disabledRoute } from "./routes/disabled.ts";
export type { DisabledWhat } from "./routes/disabled.ts";
export { execRoute } from "./routes/exec.ts";
export { explainRoute } from "./routes/explain.ts";
export { flagzRoute } from "./routes/flagz.ts";
export { healthzRoute } from "./routes/healthz.ts";
export { METRICS_CONTENT_TYPE, metricsRoute } from "./routes/metrics.ts";
export type { MetricsPath } from "./routes/metrics.ts";
export { nodeLogsRoute } from "./routes/node-logs.ts";
export type { NodeLogsOptions } from "./routes/node-logs.ts";
export { podsRoute } from "./routes/pods.ts";
export { portForwardRoute } from "./routes/port-forward.ts";
export { pprofRoute } from "./routes/pprof.ts";
export { runRoute } from "./routes/run.ts";
export { runningPodsRoute } from "./routes/running-pods.ts";
export { statsRoute } from "./routes/stats.ts";
export { statuszRoute } from "./routes/statusz.ts";
export { createReadOnlyRoutes, createSecureRoutes } from "./routes/table.ts";
export type { DebugPorts, PublicPorts, RouteSwitches } from "./routes/table.ts";
export { openHttpServer } from "./server.ts";
export type { HttpServerOptions } from "./server.ts";
export type { StreamLimits } from "./streaming/proxy.ts";
export { openCaFile, openKeyPairFiles } from "./tls/changing-file.ts";
export type { ChangingFile, ChangingFileOptions } from "./tls/changing-file.ts";
export type { TlsSettings } from "./tls/settings.ts";
