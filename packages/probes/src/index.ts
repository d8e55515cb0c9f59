export { createProbes } from "./probes.ts";
export { isProbesError, PROBES_ERROR_CODES, ProbesError } from "./errors.ts";
export { runProbe } from "./run-probe.ts";
export { readAction, readSchedule } from "./spec.ts";
export type { ProbesErrorCode } from "./errors.ts";
export type { ProbesOptions } from "./options.ts";
export type { ProbeOutcome } from "./outcome.ts";
export type {
  EventPort,
  ExecAnswer,
  ExecPort,
  ExecRequest,
  ProbeEvent,
  ProbesPorts,
  RememberedVerdicts,
  VerdictMemoryPort,
} from "./ports.ts";
export type { Probes } from "./probes.ts";
export type { ProbeResult, ProbeResultChange, ProbeResults, ProbeType } from "./results.ts";
export type { ProbeTarget, RunProbeOptions } from "./run-probe.ts";
export type { HttpHeader, ProbeAction, ProbeSchedule, ProbeSpec } from "./spec.ts";
export type { RunningContainer } from "./worker.ts";
