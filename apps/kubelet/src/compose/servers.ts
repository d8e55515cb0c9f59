import { containerLogsRoute, explainRoute, healthzRoute, metricsRoute, openHttpServer, podsRoute, runningPodsRoute } from "@nk/kubelet-api";
import type { HealthCheck, HttpServer } from "@nk/kubelet-api";
import type { KubeletSettings } from "@nk/kubelet-config";
import { createLogs } from "../adapters/logs.ts";
import { explainPod } from "../adapters/explain.ts";
import { toRunningPods } from "../adapters/running-pods.ts";
import type { PodLoop } from "./pods.ts";
import type { Runtime } from "./runtime.ts";
import type { Telemetry } from "./telemetry.ts";

/** Opens the health server and the read-only server, where the settings ask for them. They serve until the stack is disposed of. */
export const openServers = async (
  settings: KubeletSettings,
  telemetry: Telemetry,
  parts: { readonly runtime: Runtime; readonly pods: PodLoop; readonly stack: AsyncDisposableStack },
): Promise<void> => {
  const { runtime, pods, stack } = parts;
  const logger = telemetry.logger.child({ part: "api" });
  const checks: readonly HealthCheck[] = [
    { name: "ping", check: () => undefined },
    { name: "log", check: () => undefined },
    {
      name: "syncloop",
      check: () => {
        const problem = runtime.pleg.health.problem();
        if (problem !== undefined) throw new Error(problem);
      },
    },
  ];
  const open = async (what: string, options: Parameters<typeof openHttpServer>[0]): Promise<HttpServer> => {
    const server = stack.use(await openHttpServer(options));
    logger.info("Started to listen", { server: what, address: server.address, port: server.port });
    return server;
  };
  if (settings.healthzPort !== 0)
    await open("healthz", { address: settings.healthzBindAddress, port: settings.healthzPort, routes: [healthzRoute(checks)], logger });
  if (!settings.enableServer || settings.readOnlyPort === 0) return;
  await open("read-only", {
    address: settings.address,
    port: settings.readOnlyPort,
    logger,
    routes: [
      healthzRoute(checks),
      podsRoute({
        listPods: () => pods.listPods(),
        listRunningPods: async (options) => toRunningPods(await runtime.view.listPods(options)),
      }),
      runningPodsRoute({ listPods: () => [], listRunningPods: async (options) => toRunningPods(await runtime.view.listPods(options)) }),
      containerLogsRoute(
        createLogs({ findPod: (namespace, name) => pods.findPod(namespace, name), observed: (uid) => runtime.cache.get(uid) }),
        telemetry.clock,
      ),
      metricsRoute({ contentType: telemetry.metrics.contentType, render: () => telemetry.metrics.render() }),
      explainRoute({ explainPod: (uid) => explainPod(uid, { pods, cache: runtime.cache }) }),
    ],
  });
};
