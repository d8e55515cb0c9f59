import type { Container, Pod, Probe } from "@nk/pod-model";
import type { Clock } from "@nk/stdx";
import { createFakeClock, createRecordingMetrics } from "@nk/stdx/testing";
import { expect } from "vitest";
import type { ProbesOptions } from "../src/options.ts";
import type { ExecAnswer, ExecRequest, VerdictMemoryPort } from "../src/ports.ts";
import { createProbes } from "../src/probes.ts";
import type { ProbeType } from "../src/results.ts";
import type { RunningContainer } from "../src/worker.ts";
import { createEventRecorder, createFakeExec } from "../src/testing/index.ts";

export const START_MS = 1_000_000;
export const OK: ExecAnswer = { type: "exited", exitCode: 0, output: "" };
export const BAD: ExecAnswer = { type: "exited", exitCode: 1, output: "broken" };

export const exec = (name: string, more: Partial<Probe> = {}): Probe => ({
  exec: { command: [name] },
  periodSeconds: 10,
  failureThreshold: 1,
  ...more,
});

export const podOf = (container: Partial<Container>, metadata: Pod["metadata"] = {}): Pod => ({
  metadata: { name: "p", namespace: "n", uid: "u", ...metadata },
  spec: { containers: [{ name: "c", ...container }] },
});

export const setUp = (
  answer: (request: ExecRequest) => ExecAnswer | Promise<ExecAnswer> = () => OK,
  {
    memory,
    clockOf = (clock) => clock,
    ...options
  }: ProbesOptions & {
    readonly memory?: VerdictMemoryPort;
    readonly clockOf?: (clock: Clock) => Clock;
  } = {},
) => {
  const clock = createFakeClock({ startMs: START_MS });
  const shots: string[] = [];
  const fake = createFakeExec((request) => {
    shots.push(`${(clock.nowMs() - START_MS) / 1000} ${request.command[0]} ${request.containerId}`);
    return answer(request);
  });
  const events = createEventRecorder();
  const metrics = createRecordingMetrics();
  const probes = createProbes(
    { exec: fake, events, ...(memory && { memory }) },
    { clock: clockOf(clock), metrics, random: () => 0.5, ...options },
  );
  const changes: string[] = [];
  probes.results.subscribe(({ containerId, probeType, result }) =>
    changes.push(`${(clock.nowMs() - START_MS) / 1000} ${containerId} ${probeType} ${result}`),
  );
  const controller = new AbortController();
  const ran = probes.run(controller.signal);
  const stop = async (): Promise<void> => {
    controller.abort(new Error("stop"));
    await ran;
    expect(clock.pendingCount).toBe(0);
  };
  const start = (pod: Pod, running: Partial<RunningContainer> = {}): void =>
    probes.applyPod(pod, [{ name: "c", containerId: "c1", startedAtMs: clock.nowMs(), ...running }], "10.0.0.1");
  const get = (probeType: ProbeType, containerId = "c1") => probes.results.get(containerId, probeType);
  return { clock, shots, events, metrics, probes, changes, stop, start, get };
};
