export { createFakeClock } from "./fake-clock.ts";
export type { FakeClock } from "./fake-clock.ts";
export { createRecordingLogger } from "./recording-logger.ts";
export type { LogEntry, RecordingLogger } from "./recording-logger.ts";
export { createRecordingMetrics } from "./recording-metrics.ts";
export type { DeclaredMetric, RecordingMetrics } from "./recording-metrics.ts";
export { playTranscript } from "./transcripts.ts";
export type { TranscriptOptions, TranscriptSession } from "./transcripts.ts";
export { createSeededRandom } from "../random.ts";
