import type { ContainerStatus, PodStatus } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { describeWaiting, findPodWait } from "./describe-waiting.ts";
import { computePodExplanation } from "./explanation.ts";
import type { ExplanationInput, WorkFacts } from "./explanation.ts";

const T0 = Date.UTC(2026, 0, 1);
const at = (seconds: number): string => `2026-01-01T00:00:${String(seconds).padStart(2, "0")}Z`;
const ref = { namespace: "default", name: "web", uid: "u1" };

const container = (name: string, state: ContainerStatus["state"], more: Partial<ContainerStatus> = {}): ContainerStatus =>
  ({ name, image: "i", imageID: "", ready: false, restartCount: 0, state, ...more }) as ContainerStatus;
const pending = (reason: string, message?: string, more: Partial<ContainerStatus> = {}): PodStatus => ({
  phase: "Pending",
  startTime: at(1),
  containerStatuses: [container("main", { waiting: { reason, ...(message === undefined ? {} : { message }) } }, more)],
});
const condition = (type: string, status: string, message?: string) => ({
  type,
  status,
  lastTransitionTime: at(5),
  ...(message === undefined ? {} : { message }),
});

describe("findPodWait", () => {
  it.each<[what: string, status: PodStatus, text: string, since: string | undefined]>([
    ["nothing at all", {}, "", undefined],
    ["ready", { phase: "Running", conditions: [condition("Ready", "True")] }, "", undefined],
    ["a container's reason", pending("ErrImagePull"), "main: ErrImagePull", at(1)],
    ["its message", pending("ErrImagePull", "no such image"), "main: ErrImagePull: no such image", at(1)],
    [
      "since its last end",
      pending("CrashLoopBackOff", "back-off 10s", { lastState: { terminated: { exitCode: 1, finishedAt: at(9) } } }),
      "main: CrashLoopBackOff: back-off 10s",
      at(9),
    ],
    ["since it is not ready", { ...pending("ErrImagePull"), conditions: [condition("Ready", "False", "x")] }, "main: ErrImagePull", at(5)],
    [
      "the init container, not who waits for it",
      { ...pending("PodInitializing"), initContainerStatuses: [container("setup", { waiting: { reason: "ErrImagePull" } })] },
      "setup: ErrImagePull",
      at(1),
    ],
    [
      "init containers that run",
      { ...pending("PodInitializing"), conditions: [condition("Initialized", "False", "containers with incomplete status: [setup]")] },
      "containers with incomplete status: [setup]",
      at(5),
    ],
    [
      "readiness",
      {
        phase: "Running",
        conditions: [condition("Initialized", "True"), condition("Ready", "False", "containers with unready status: [main]")],
      },
      "containers with unready status: [main]",
      at(5),
    ],
    ["succeeded", { phase: "Succeeded", conditions: [condition("Ready", "False", "x")] }, "", undefined],
    ["failed", { phase: "Failed", reason: "Evicted", message: "low on memory", conditions: [] }, "", undefined],
  ])("%s", (_, status, text, since) => {
    expect([findPodWait(status)?.text ?? "", findPodWait(status)?.since]).toEqual([text, since]);
  });

  it("describes how a pod ended instead", () => {
    expect(describeWaiting({ phase: "Failed", reason: "Evicted", message: "low on memory" })).toBe("Evicted: low on memory");
    expect(describeWaiting({ phase: "Succeeded" })).toBe("");
  });
});

describe("computePodExplanation", () => {
  const work = (more: Partial<WorkFacts> = {}): WorkFacts => ({ ref, state: "syncing", sinceMs: T0, isPassRunning: false, ...more });
  const input = (more: Partial<ExplanationInput> = {}): ExplanationInput => ({
    work: work(),
    status: undefined,
    steps: [],
    decisions: [],
    ...more,
  });
  const open = { step: "pull" as const, container: "main", spans: [{ beginMs: T0 + 2000 }] };
  const closed = { step: "sandbox" as const, spans: [{ beginMs: T0, endMs: T0 + 1000 }] };

  it.each<[what: string, given: ExplanationInput, summary: string, since: number | undefined]>([
    ["before anything is known", input(), "syncing: waits for its first pass", 0],
    ["admission", input({ work: work({ waitingFor: "admission" }) }), "syncing: waits for admission", 0],
    ["a step under way", input({ work: work({ isPassRunning: true }), steps: [closed, open] }), "syncing: is pulling the image of main", 2],
    [
      "the oldest of two",
      input({ work: work({ isPassRunning: true }), steps: [open, { step: "volumes", spans: [{ beginMs: T0 + 1000 }] }] }),
      "syncing: is setting up volumes",
      1,
    ],
    [
      "a step of a pass that is over",
      input({ steps: [open], status: pending("ErrImagePull") }),
      "syncing: waits for main: ErrImagePull",
      1,
    ],
    [
      "a step before the status",
      input({ work: work({ isPassRunning: true }), steps: [open], status: pending("ContainerCreating") }),
      "syncing: is pulling the image of main",
      2,
    ],
    [
      "creating a container",
      input({ work: work({ isPassRunning: true }), steps: [{ step: "create", container: "main", spans: [{ beginMs: T0 }] }] }),
      "syncing: is creating container main",
      0,
    ],
    [
      "a pod that is ready",
      input({ status: { phase: "Running", conditions: [condition("Ready", "True")] } }),
      "syncing: nothing is left to do",
      undefined,
    ],
    [
      "an unreadable runtime before all",
      input({ status: pending("ErrImagePull"), unreadable: { sinceMs: T0 + 3000, message: "connect: refused" } }),
      "syncing: waits for the runtime to be readable: connect: refused",
      3,
    ],
    [
      "terminating",
      input({ work: work({ state: "terminating" }), status: pending("ErrImagePull") }),
      "terminating: waits for its containers to stop",
      0,
    ],
    ["terminated", input({ work: work({ state: "terminated" }) }), "terminated: waits for what it held to be given back", 0],
    [
      "finished",
      input({ work: work({ state: "finished" }), status: { phase: "Failed", reason: "Evicted", message: "low" } }),
      "finished, Failed: Evicted: low",
      undefined,
    ],
    ["finished well", input({ work: work({ state: "finished" }), status: { phase: "Succeeded" } }), "finished, Succeeded", undefined],
  ])("%s", (_, given, summary, since) => {
    const explanation = computePodExplanation(given);
    expect(explanation.summary).toBe(summary);
    expect(explanation.waitsSince).toBe(
      since === undefined
        ? undefined
        : since === 1 && summary.includes("Err")
          ? "2026-01-01T00:00:01.000Z"
          : `2026-01-01T00:00:0${since}.000Z`,
    );
  });

  it("is data fit for JSON, with the last error, the next try and the decisions", () => {
    const explanation = computePodExplanation(
      input({
        work: work({ lastError: new Error("no sandbox"), nextPassAtMs: T0 + 500 }),
        decisions: [{ atMs: T0, text: "added" }],
        steps: [closed],
      }),
    );
    expect(JSON.parse(JSON.stringify(explanation))).toEqual({
      pod: ref,
      state: "syncing",
      since: "2026-01-01T00:00:00.000Z",
      summary: "syncing: waits for its first pass",
      waitsFor: "its first pass",
      waitsSince: "2026-01-01T00:00:00.000Z",
      isPassRunning: false,
      lastError: "no sandbox",
      nextPassAt: "2026-01-01T00:00:00.500Z",
      runtime: { readable: true },
      timeline: [closed],
      decisions: [{ atMs: T0, text: "added" }],
    });
    expect(computePodExplanation(input({ work: work({ lastError: "text" }) })).lastError).toBe("failed without an error");
  });
});
