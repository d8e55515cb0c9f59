import type { Clock, Logger, Tracer } from "@nk/stdx";
import { isCsiError } from "./errors.ts";
import { goStatusName } from "./grpc-error.ts";
import type { CsiMetrics } from "./metrics.ts";

/** What an observer of calls may know: never the request, which may hold secrets. */
export interface CallFacts {
  /** The RPC, e.g. `NodeStageVolume`. */
  readonly method: string;
  readonly path: string;
  readonly subject: string | undefined;
}

/** Who watches calls. */
export interface Observers {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: CsiMetrics;
  readonly tracer: Tracer;
  /** The driver's name once it is known. */
  driverName(): string;
}

/** Of an error its code alone: whoever asked tells of the rest. */
const codeOf = (error: unknown): string => (isCsiError(error) ? error.code : "given up by its caller");

/** Counts, times and traces a call with all its attempts, and writes one debug line. */
export const observeCall = async <T>(observers: Observers, facts: CallFacts, next: () => Promise<T>): Promise<T> => {
  const { clock, logger, metrics, tracer } = observers;
  const startMs = clock.monotonicMs();
  const span = tracer.startSpan(`csi ${facts.method}`, { "rpc.system": "grpc", "rpc.method": facts.method });
  const end = (code: string, error?: unknown): void => {
    const durationMs = clock.monotonicMs() - startMs;
    const labels = { driver_name: observers.driverName(), method_name: facts.path, migrated: "false" };
    const status = error === undefined ? "OK" : isCsiError(error) ? goStatusName(error.code) : "Canceled";
    metrics.operationSeconds.observe(durationMs / 1000, { ...labels, grpc_status_code: status });
    logger.debug(error === undefined ? "csi call" : "csi call failed", { method: facts.method, subject: facts.subject, durationMs, code });
    if (error !== undefined) span.recordError(error);
    span.end();
  };
  try {
    const result = await next();
    end("ok");
    return result;
  } catch (error) {
    end(codeOf(error), error);
    throw error;
  }
};
