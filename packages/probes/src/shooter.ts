import { createTurns, formatGoDuration } from "@nk/stdx";
import { isProbesError } from "./errors.ts";
import { capitalize, createProbesMetrics } from "./metrics.ts";
import type { ProbeMetricResult, ProbeSubject } from "./metrics.ts";
import type { ResolvedProbesOptions } from "./options.ts";
import type { ProbeOutcome } from "./outcome.ts";
import type { ProbesPorts } from "./ports.ts";
import { runProbe } from "./run-probe.ts";
import { readAction, readSchedule } from "./spec.ts";
import type { Worker } from "./worker.ts";

/** Fires one shot for a worker, with its repetitions, events and metrics. */
export interface Shooter {
  /** What counts; undefined when the shot says nothing. Rejects only with the signal's reason. */
  shoot(worker: Worker, signal: AbortSignal): Promise<"success" | "failure" | undefined>;
  /** A shot was due so often, and was not fired. */
  skip(worker: Worker, count: number): void;
  /** Nobody probes for this worker any more. */
  forget(worker: Worker): void;
}

/** What became of one attempt. */
type Attempt = Omit<ProbeOutcome, "verdict"> & { readonly verdict: ProbeOutcome["verdict"] | "inconclusive" };

/** How many shots were skipped is said once in so long. */
const SKIP_LOG_INTERVAL_MS = 60_000;

const reasonOf = (verdict: Attempt["verdict"]): string =>
  verdict === "warning" || verdict === "inconclusive" ? "ProbeWarning" : "Unhealthy";

const messageOf = (probeType: string, { verdict, output, lateByMs = 0 }: Attempt): string => {
  switch (verdict) {
    case "warning":
      return `${probeType} probe warning: ${output}`;
    case "inconclusive":
      return `${probeType} probe warning: inconclusive, the node was too busy to look for an answer for ${formatGoDuration(Math.round(lateByMs))}`;
    case "error":
      return `${probeType} probe errored and resulted in unknown state: ${output}`;
    default:
      return `${probeType} probe failed: ${output}`;
  }
};

/** The result as metrics call it. */
const resultOf = (verdict: Attempt["verdict"]): ProbeMetricResult => {
  if (verdict === "failure") return "failed";
  return verdict === "success" || verdict === "warning" ? "successful" : "unknown";
};

const subjectOf = ({ ref, container, probeType }: Worker): ProbeSubject => ({ ref, containerName: container.name, probeType });

/** Says now and then how many shots were skipped: a node that is too busy must not be busied by its log. */
const createSkipLog = ({ clock, logger }: ResolvedProbesOptions): ((count: number) => void) => {
  let nextMs = 0;
  let skipped = 0;
  return (count) => {
    skipped += count;
    if (clock.monotonicMs() < nextMs) return;
    nextMs = clock.monotonicMs() + SKIP_LOG_INTERVAL_MS;
    logger.warn("probes were skipped", { count: skipped });
    skipped = 0;
  };
};

export const createShooter = (ports: ProbesPorts, options: ResolvedProbesOptions): Shooter => {
  const { clock, logger, userAgent, lateToleranceMs, maxErrorRetries, maxInconclusive } = options;
  const slots = { patienceMs: options.slotPatienceMs, clock };
  const execs = createTurns({ ...slots, limit: options.maxConcurrentExecs });
  const connections = createTurns({ ...slots, limit: options.maxConcurrentConnections });
  const metrics = createProbesMetrics(options.metrics);
  const logSkipped = createSkipLog(options);

  const attempt = async ({ probe, container, host, running }: Worker, signal: AbortSignal): Promise<Attempt> => {
    let action: ReturnType<typeof readAction>;
    try {
      action = readAction(probe, container);
    } catch (error) {
      if (!isProbesError(error)) throw error;
      return { verdict: "error", output: error.message, durationMs: 0 };
    }
    using _slot = await (action.type === "exec" ? execs : connections).take(signal);
    const { timeoutMs } = readSchedule(probe);
    const { exec } = ports;
    const outcome = await runProbe(
      { action, timeoutMs },
      { host, containerId: running.containerId },
      { signal, clock, userAgent, ...(exec && { exec }) },
    );
    if ((outcome.lateByMs ?? 0) <= lateToleranceMs) return outcome;
    logger.debug("probe was too late to judge", { key: running.containerId, lateByMs: outcome.lateByMs });
    return { ...outcome, verdict: "inconclusive" };
  };

  const attemptAgain = async (worker: Worker, signal: AbortSignal): Promise<Attempt> => {
    for (let count = 0; ; count += 1) {
      const made = await attempt(worker, signal);
      signal.throwIfAborted();
      if (count >= maxErrorRetries || (made.verdict !== "error" && made.verdict !== "inconclusive")) return made;
    }
  };

  return {
    forget: (worker) => metrics.forget(subjectOf(worker)),
    skip: (worker, count) => {
      metrics.skip(subjectOf(worker), count);
      logSkipped(count);
    },
    shoot: async (worker, signal) => {
      const made = await attemptAgain(worker, signal);
      worker.inconclusiveCount = made.verdict === "inconclusive" ? worker.inconclusiveCount + 1 : 0;
      const judged: Attempt = worker.inconclusiveCount > maxInconclusive ? { ...made, verdict: "failure" } : made;
      const { ref, fieldPath, probeType } = worker;
      if (judged.verdict !== "success") {
        const message = messageOf(capitalize(probeType), judged);
        ports.events.record({ ref, fieldPath, type: "Warning", reason: reasonOf(judged.verdict), message });
      }
      const result = resultOf(judged.verdict);
      metrics.observe(subjectOf(worker), result, judged.durationMs);
      if (result === "unknown") return undefined;
      return result === "failed" ? "failure" : "success";
    },
  };
};
