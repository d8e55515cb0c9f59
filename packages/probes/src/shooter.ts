import { createSemaphore } from "@nk/stdx";
import { isProbesError } from "./errors.ts";
import { capitalize, createProbesMetrics } from "./metrics.ts";
import type { ResolvedProbesOptions } from "./options.ts";
import type { ProbeOutcome } from "./outcome.ts";
import type { ProbesPorts } from "./ports.ts";
import { runProbe } from "./run-probe.ts";
import { readAction, readSchedule } from "./spec.ts";
import type { Worker } from "./worker.ts";

/** Fires one shot for a worker, with its retries, events and metrics. */
export interface Shooter {
  /** What counts; undefined when the shot says nothing. Rejects only with the signal's reason. */
  shoot(worker: Worker, signal: AbortSignal): Promise<"success" | "failure" | undefined>;
  /** Nobody probes for this worker any more. */
  forget(worker: Worker): void;
}

export const createShooter = (ports: ProbesPorts, options: ResolvedProbesOptions): Shooter => {
  const { clock, logger, userAgent, lateToleranceMs, maxErrorRetries } = options;
  const execs = createSemaphore(options.maxConcurrentExecs);
  const connections = createSemaphore(options.maxConcurrentConnections);
  const metrics = createProbesMetrics(options.metrics);

  const attempt = async ({ probe, container, host, running }: Worker, signal: AbortSignal): Promise<ProbeOutcome> => {
    let action: ReturnType<typeof readAction>;
    try {
      action = readAction(probe, container);
    } catch (error) {
      if (!isProbesError(error)) throw error;
      return { verdict: "error", output: error.message, durationMs: 0 };
    }
    using _slot = await (action.type === "exec" ? execs : connections).acquire({ signal });
    const { timeoutMs } = readSchedule(probe);
    const { exec } = ports;
    const outcome = await runProbe(
      { action, timeoutMs },
      { host, containerId: running.containerId },
      { signal, clock, userAgent, ...(exec && { exec }) },
    );
    if ((outcome.lateByMs ?? 0) <= lateToleranceMs) return outcome;
    logger.warn("probe was too late to judge", { key: running.containerId, lateByMs: outcome.lateByMs });
    return { ...outcome, verdict: "error" };
  };

  const record = ({ ref, fieldPath, probeType }: Worker, { verdict, output }: ProbeOutcome): void => {
    if (verdict === "success") return;
    const what = capitalize(probeType);
    const message = {
      warning: `${what} probe warning: ${output}`,
      failure: `${what} probe failed: ${output}`,
      error: `${what} probe errored and resulted in unknown state: ${output}`,
    }[verdict];
    ports.events.record({ ref, fieldPath, type: "Warning", reason: verdict === "warning" ? "ProbeWarning" : "Unhealthy", message });
  };

  const subjectOf = ({ ref, container, probeType }: Worker) => ({ ref, containerName: container.name, probeType });

  return {
    forget: (worker) => metrics.forget(subjectOf(worker)),
    shoot: async (worker, signal) => {
      let outcome = await attempt(worker, signal);
      for (let count = 0; outcome.verdict === "error" && count < maxErrorRetries; count += 1) outcome = await attempt(worker, signal);
      signal.throwIfAborted();
      record(worker, outcome);
      if (outcome.verdict === "error") return undefined;
      const isFailure = outcome.verdict === "failure";
      metrics.observe(subjectOf(worker), isFailure ? "failed" : "successful", outcome.durationMs);
      return isFailure ? "failure" : "success";
    },
  };
};
