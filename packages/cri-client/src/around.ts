import type { Clock, Logger, Tracer } from "@nk/stdx";
import { isCriError } from "./errors.ts";
import type { CriMetrics } from "./metrics.ts";

/** What an observer of calls may know: never the request, which may hold credentials and environment values. */
export interface CallFacts {
  /** The RPC, e.g. `RunPodSandbox`. */
  readonly method: string;
  /** The reference's name of it, e.g. `run_podsandbox`. */
  readonly operation: string;
}

/** Something done around every call, streams included: those last until they end. */
export type Around = <T>(facts: CallFacts, next: () => Promise<T>) => Promise<T>;

/** Counts and times calls. A call that its own caller gave up is not an error of the runtime. */
export const aroundWithMetrics =
  (metrics: CriMetrics, clock: Clock): Around =>
  async (facts, next) => {
    const labels = { operation_type: facts.operation };
    const startMs = clock.monotonicMs();
    metrics.operations.inc(labels);
    try {
      return await next();
    } catch (error) {
      if (isCriError(error)) metrics.operationErrors.inc(labels);
      throw error;
    } finally {
      metrics.operationDurationSeconds.observe((clock.monotonicMs() - startMs) / 1000, labels);
    }
  };

/** One span per call. */
export const aroundWithTracing =
  (tracer: Tracer): Around =>
  async (facts, next) => {
    const span = tracer.startSpan(`cri ${facts.method}`, { "rpc.system": "grpc", "rpc.method": facts.method });
    try {
      return await next();
    } catch (error) {
      span.recordError(error);
      throw error;
    } finally {
      span.end();
    }
  };

/** One debug line per call. Of an error its code alone: the runtime's words may quote the request, and whoever asked tells of them. */
export const aroundWithLogging =
  (logger: Logger, clock: Clock): Around =>
  async (facts, next) => {
    const startMs = clock.monotonicMs();
    try {
      const result = await next();
      logger.debug("cri call", { method: facts.method, durationMs: clock.monotonicMs() - startMs });
      return result;
    } catch (error) {
      logger.debug("cri call failed", { method: facts.method, durationMs: clock.monotonicMs() - startMs, code: codeOf(error) });
      throw error;
    }
  };

const codeOf = (error: unknown): string => (isCriError(error) ? error.code : "given up by its caller");

/** The first of the list is outermost. */
export const composeArounds = (arounds: readonly Around[]): Around =>
  arounds.reduceRight<Around>(
    (inner, outer) => (facts, next) => outer(facts, () => inner(facts, next)),
    (_facts, next) => next(),
  );
