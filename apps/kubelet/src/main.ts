#!/usr/bin/env node
import "./telemetry/v8-flags.ts";
import { formatWarning, isKubeletConfigError, loadSettings } from "@nk/kubelet-config";
import type { LoadedConfig } from "@nk/kubelet-config";
import { systemClock } from "@nk/stdx";
import { onStopSignal } from "./adapters/stop-signals.ts";
import { runKubelet } from "./compose/kubelet.ts";
import { createSelf } from "./compose/self.ts";
import { createKlog } from "./telemetry/klog.ts";
import { createMetricsPages } from "./telemetry/metrics-pages.ts";

const start = async (config: LoadedConfig): Promise<void> => {
  const { settings, warnings } = config;
  let verbosity = settings.logVerbosity;
  const logger = createKlog({
    format: settings.logFormat,
    verbosity: () => verbosity,
    pid: process.pid,
    nowMs: () => systemClock.nowMs(),
    write: (line) => process.stderr.write(line),
  });
  for (const warning of warnings) logger.warn("Configuration", { problem: formatWarning(warning) });
  const stopping = new AbortController();
  onStopSignal(process, (name) => {
    logger.info("Stopping", { signal: name });
    stopping.abort(new Error(`received ${name}`));
  });
  // Node would print the error with all its fields, a request's among them; here its words and its place are enough.
  process.on("uncaughtException", (error) => {
    logger.error("Kubelet crashed", { error, stack: error.stack?.split("\n").slice(1, 12).join("\n") });
    process.exit(1);
  });
  logger.info("Starting kubelet", { node: settings.nodeName });
  const self = createSelf(config, {
    startedAtMs: systemClock.nowMs(),
    runtimeVersion: process.version,
    changeVerbosity: (level) => {
      verbosity = level;
    },
  });
  try {
    const pages = createMetricsPages({ startedAtMs: systemClock.nowMs() - process.uptime() * 1000 });
    const telemetry = { clock: systemClock, logger, metrics: pages.main, pages };
    await runKubelet({ settings, self }, telemetry, stopping.signal);
  } catch (error) {
    // Whoever waits when the kubelet is stopped is told so by the signal's reason.
    if (error === stopping.signal.reason) return;
    logger.error("Kubelet failed", { error });
    process.exitCode = 1;
  }
};

/** `explain` and `timeline` ask a kubelet that runs, and are loaded only then. */
const ask = async (verb: "explain" | "timeline", argv: readonly string[]): Promise<void> => {
  const { runAsk } = await import("./ask/run-ask.ts");
  process.exitCode = await runAsk(verb, argv, {
    clock: systemClock,
    defaults: {
      configFile: "/var/lib/kubelet/config.yaml",
      kubeconfigs: [process.env["KUBECONFIG"] ?? "", "/etc/kubernetes/admin.conf"],
    },
    writeOut: (text) => void process.stdout.write(text),
    writeError: (text) => void process.stderr.write(text),
  });
};

const main = async (): Promise<void> => {
  try {
    const [verb, ...rest] = process.argv.slice(2);
    if (verb === "explain" || verb === "timeline") return await ask(verb, rest);
    const config = await loadSettings({ argv: process.argv.slice(2) });
    if (config.kind === "run") await start(config);
    else process.stdout.write(config.text);
  } catch (error) {
    process.stderr.write(`kubelet: ${isKubeletConfigError(error) || error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
};

await main();
