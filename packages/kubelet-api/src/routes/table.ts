import { noopMetrics, systemClock } from "@nk/stdx";
import type { Clock, MetricRegister } from "@nk/stdx";
import type {
  CheckpointPort,
  CommandPort,
  ContainersPort,
  ExplainPort,
  HealthCheck,
  LogsPort,
  MetricsPort,
  PodsPort,
  SelfPort,
  StatsPort,
  StreamingPort,
  VerbosityPort,
} from "../ports.ts";
import type { Route } from "../route.ts";
import type { StreamLimits } from "../streaming/proxy.ts";
import { createWebSocketCounter } from "../streaming/websocket-metrics.ts";
import { attachRoute } from "./attach.ts";
import { checkpointRoute } from "./checkpoint.ts";
import { configzRoute } from "./configz.ts";
import { containerLogsRoute } from "./container-logs.ts";
import { debugFlagsRoute } from "./debug-flags.ts";
import { debuggingDisabledRoutes, disabledRoute } from "./disabled.ts";
import { execRoute } from "./exec.ts";
import { explainRoute } from "./explain.ts";
import { flagzRoute } from "./flagz.ts";
import { healthzRoute } from "./healthz.ts";
import { metricsRoute } from "./metrics.ts";
import type { MetricsPath } from "./metrics.ts";
import { nodeLogsRoute } from "./node-logs.ts";
import type { NodeLogsOptions } from "./node-logs.ts";
import { podsRoute } from "./pods.ts";
import { portForwardRoute } from "./port-forward.ts";
import { pprofRoute } from "./pprof.ts";
import { runRoute } from "./run.ts";
import { runningPodsRoute } from "./running-pods.ts";
import { statsRoute } from "./stats.ts";
import { statuszRoute } from "./statusz.ts";

/** What the routes of every kubelet server need. */
export interface PublicPorts {
  readonly pods: PodsPort;
  readonly checks: readonly HealthCheck[];
  /** Where the outcomes of the checks are measured, in the reference the page /metrics/slis. Absent: nowhere. */
  readonly checkMetrics?: MetricRegister;
  /** By path; a page without a port does not exist. */
  readonly metrics: { readonly [path in MetricsPath]?: MetricsPort };
  /** Absent: no /stats/. */
  readonly stats?: StatsPort;
}

/** What the routes of the authenticated server need besides. */
export interface DebugPorts {
  readonly logs: LogsPort;
  readonly containers: ContainersPort;
  readonly streaming: StreamingPort;
  readonly commands: CommandPort;
  readonly self: SelfPort;
  readonly verbosity: VerbosityPort;
  readonly nodeLogs: NodeLogsOptions;
  /** Absent: no /checkpoint/. */
  readonly checkpoints?: CheckpointPort;
  /** Absent: no /explain. */
  readonly explain?: ExplainPort;
}

/** The switches of a KubeletConfiguration; all default true, as there. */
export interface RouteSwitches {
  readonly enableDebuggingHandlers?: boolean;
  readonly enableSystemLogHandler?: boolean;
  readonly enableProfilingHandler?: boolean;
  readonly enableDebugFlagsHandler?: boolean;
  readonly limits?: StreamLimits;
  readonly metrics?: MetricRegister;
  readonly clock?: Clock;
}

const METRICS_PATHS: readonly MetricsPath[] = ["/metrics", "/metrics/cadvisor", "/metrics/probes", "/metrics/resource", "/metrics/slis"];

const publicRoutes = ({ pods, checks, checkMetrics, metrics, stats }: PublicPorts): readonly Route[] => [
  healthzRoute(checks, checkMetrics),
  podsRoute(pods),
  ...METRICS_PATHS.flatMap((path) => {
    const port = metrics[path];
    return port === undefined ? [] : [metricsRoute(port, path)];
  }),
  ...(stats === undefined ? [] : [statsRoute(stats)]),
];

const debugRoutes = (ports: PublicPorts & DebugPorts, switches: RouteSwitches): readonly Route[] => {
  const { limits = {}, clock = systemClock } = switches;
  const { containers, checkpoints, explain } = ports;
  const counted = createWebSocketCounter(switches.metrics ?? noopMetrics);
  return [
    switches.enableSystemLogHandler === false
      ? disabledRoute("logs endpoint is", { path: "/logs/", subresources: ["log"] })
      : nodeLogsRoute(ports.nodeLogs),
    switches.enableProfilingHandler === false ? disabledRoute("profiling endpoint is", { path: "/debug/pprof/" }) : pprofRoute,
    switches.enableDebugFlagsHandler === false
      ? { ...disabledRoute("flags endpoint is", { path: "/debug/flags/v" }), scope: "exact" }
      : debugFlagsRoute(ports.verbosity),
    runRoute(ports),
    counted(execRoute(ports, limits), "exec"),
    counted(attachRoute(ports, limits), "attach"),
    counted(portForwardRoute(ports, limits), "portforward"),
    containerLogsRoute(ports.logs, clock),
    configzRoute(ports.self),
    runningPodsRoute(ports.pods),
    flagzRoute(ports.self),
    ...(checkpoints === undefined ? [] : [checkpointRoute({ containers, checkpoints })]),
    ...(explain === undefined ? [] : [explainRoute(explain)]),
  ];
};

/** The routes of the HTTPS server (pkg/kubelet/server, NewServer with authentication). */
export const createSecureRoutes = (ports: PublicPorts & DebugPorts, switches: RouteSwitches = {}): readonly Route[] => {
  if (switches.enableDebuggingHandlers === false) return [...publicRoutes(ports), ...debuggingDisabledRoutes];
  const routes = [...publicRoutes(ports), ...debugRoutes(ports, switches)];
  const paths = [...routes, { path: "/statusz" }].flatMap(({ path }) => path);
  return [...routes, statuszRoute(ports.self, { clock: switches.clock ?? systemClock, paths })];
};

/** The routes of the read-only server, as the reference has them: nothing that changes a pod or shows its inside. */
export const createReadOnlyRoutes = (ports: PublicPorts): readonly Route[] => [...publicRoutes(ports), ...debuggingDisabledRoutes];
