export { computeBackoffMs } from "./backoff.ts";
export type { BackoffOptions } from "./backoff.ts";
export { createChannel } from "./channel.ts";
export type { Channel, ChannelOptions } from "./channel.ts";
export { systemClock } from "./clock.ts";
export type { Clock } from "./clock.ts";
export { createDelayQueue } from "./delay-queue.ts";
export type { DelayQueue, DelayQueueOptions } from "./delay-queue.ts";
export { createEmitter } from "./emitter.ts";
export type { Emitter } from "./emitter.ts";
export { DeadlineError, isAbortError, isDeadlineError, isStdxError, STDX_ERROR_CODES, StdxError } from "./errors.ts";
export type { StdxErrorCode } from "./errors.ts";
export { joinWithin, writeFileAtomic } from "./files.ts";
export type { WriteFileAtomicOptions } from "./files.ts";
export { formatGoDuration, parseGoDuration } from "./go-duration.ts";
export { formatGoFloat } from "./go-float.ts";
export { createKeyedExecutor } from "./keyed-executor.ts";
export type { KeyedExecutor, KeyedExecutorOptions } from "./keyed-executor.ts";
export { noopLogger } from "./logger.ts";
export type { LogFields, Logger } from "./logger.ts";
export { nearestName } from "./nearest-name.ts";
export { noopMetrics } from "./metrics.ts";
export type {
  Counter,
  Gauge,
  GaugeOptions,
  Histogram,
  HistogramOptions,
  MetricLabels,
  MetricOptions,
  MetricRegister,
  MetricSeries,
} from "./metrics.ts";
export { refuseOldNode } from "./node-version.ts";
export type { VersionedProcess } from "./node-version.ts";
export { guardOutput } from "./output-guard.ts";
export type { OutputGuardOptions, OutputProcess } from "./output-guard.ts";
export { createSeededRandom, systemRandom } from "./random.ts";
export type { RandomSource } from "./random.ts";
export { promptFiles } from "./prompt-files.ts";
export type { FileCalls, WritableFile } from "./prompt-files.ts";
export { createRateLimiter } from "./rate-limiter.ts";
export type { RateLimiter, RateLimiterOptions } from "./rate-limiter.ts";
export { createSemaphore } from "./semaphore.ts";
export type { Semaphore } from "./semaphore.ts";
export { createTurns } from "./turns.ts";
export type { Turns, TurnsOptions } from "./turns.ts";
export { linkSignals, raceSignal, withDeadline } from "./signals.ts";
export type { DeadlineOptions, ScopedSignal } from "./signals.ts";
export { isSubprocessError, runSubprocess, SUBPROCESS_ERROR_CODES, SubprocessError } from "./subprocess.ts";
export type { SubprocessErrorCode, SubprocessOptions, SubprocessResult } from "./subprocess.ts";
export { runTaskGroup } from "./task-group.ts";
export { noopTracer } from "./tracer.ts";
export type { Span, SpanAttributeValue, Tracer } from "./tracer.ts";
