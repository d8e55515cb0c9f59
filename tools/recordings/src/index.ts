export { readApiMatrix } from "./api-matrix.ts";
export type { ApiMatrix, RecordedRequest } from "./api-matrix.ts";
export { compareJson, toProtoJson } from "./proto-json.ts";
export type { Difference, Json } from "./proto-json.ts";
export { readRecordedMetrics } from "./metrics.ts";
export type { MetricsPage, RecordedMetric } from "./metrics.ts";
export { readRecording, readStandalone, recordedPod, recordingNames } from "./recording.ts";
export type {
  JsonObject,
  RecordedCall,
  RecordedEvent,
  RecordedObject,
  RecordedStatus,
  Recording,
  ShownPod,
  StandaloneStep,
} from "./recording.ts";
export { openRecordingProxy } from "./recording-proxy.ts";
export type { MadeCall, ProxiedCall, RecordingProxy } from "./recording-proxy.ts";
