import type { ContainerState, ContainerStatus, Pod } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { ALL_KINDS } from "../kinds/all-kinds.ts";
import type { KindDefinition } from "../kinds/kind-definition.ts";
import { formatAge, formatSpan } from "./age.ts";
import { computePodState } from "./pod-state.ts";
import { renderTable } from "./render.ts";

describe("a span", () => {
  it.each([
    [-5000, "<invalid>"],
    [-1500, "0s"],
    [0, "0s"],
    [119_999, "119s"],
    [120_000, "2m"],
    [200_000, "3m20s"],
    [600_000, "10m"],
    [179 * 60_000, "179m"],
    [180 * 60_000, "3h"],
    [200 * 60_000, "3h20m"],
    [8 * 3_600_000, "8h"],
    [47.9 * 3_600_000, "47h"],
    [50 * 3_600_000, "2d2h"],
    [8 * 86_400_000, "8d"],
    [365 * 2 * 86_400_000, "2y"],
    [(365 * 2 + 20) * 86_400_000, "2y20d"],
    [365 * 8 * 86_400_000, "8y"],
  ])("of %i ms reads %s", (spanMs, text) => {
    expect(formatSpan(spanMs)).toBe(text);
  });

  it("since never, or since nonsense, is unknown", () => {
    expect(formatAge(undefined, 0)).toBe("<unknown>");
    expect(formatAge(null, 0)).toBe("<unknown>");
    expect(formatAge("yesterday", 0)).toBe("<unknown>");
  });
});

const status = (name: string, state: ContainerState, more: Partial<ContainerStatus> = {}): ContainerStatus => ({
  name,
  state,
  ready: false,
  restartCount: 0,
  image: "",
  imageID: "",
  ...more,
});

const RUNNING: ContainerState = { running: { startedAt: "2026-01-01T00:00:00Z" } };
const ended = (exitCode: number, reason?: string): ContainerState => ({
  terminated: { exitCode, ...(reason === undefined ? {} : { reason }) },
});
const waits = (reason: string): ContainerState => ({ waiting: { reason } });
const READY = [{ type: "Ready", status: "True" }];

const pod = (podStatus: Pod["status"], more: Partial<Pod> = {}): Pod => ({
  spec: { containers: [{ name: "a" }, { name: "b" }], ...more.spec },
  status: { phase: "Pending", ...podStatus },
  ...(more.metadata === undefined ? {} : { metadata: more.metadata }),
});

const withInit = (initContainers: NonNullable<Pod["spec"]>["initContainers"], podStatus: Pod["status"]): Pod =>
  pod(podStatus, { spec: { containers: [{ name: "a" }], ...(initContainers === undefined ? {} : { initContainers }) } });

describe("the state of a pod in kubectl get pods", () => {
  it.each<[string, Pod, string, string]>([
    ["nothing known", pod({}), "0/2", "Pending"],
    [
      "one runs",
      pod({ phase: "Running", containerStatuses: [status("a", RUNNING, { ready: true }), status("b", RUNNING)] }),
      "1/2",
      "Running",
    ],
    [
      "one waits",
      pod({ containerStatuses: [status("a", waits("ContainerCreating")), status("b", waits("ContainerCreating"))] }),
      "0/2",
      "ContainerCreating",
    ],
    [
      "the first container's reason counts",
      pod({ containerStatuses: [status("a", waits("CrashLoopBackOff")), status("b", waits("ErrImagePull"))] }),
      "0/2",
      "CrashLoopBackOff",
    ],
    [
      "all ended well",
      pod({ phase: "Succeeded", containerStatuses: [status("a", ended(0, "Completed")), status("b", ended(0, "Completed"))] }),
      "0/2",
      "Completed",
    ],
    [
      "one ended, one runs and the pod is ready",
      pod({
        phase: "Running",
        conditions: READY,
        containerStatuses: [status("a", ended(0, "Completed")), status("b", RUNNING, { ready: true })],
      }),
      "1/2",
      "Running",
    ],
    [
      "one ended, one runs, the pod is not ready",
      pod({ phase: "Running", containerStatuses: [status("a", ended(0, "Completed")), status("b", RUNNING, { ready: true })] }),
      "1/2",
      "NotReady",
    ],
    [
      "one failed without a reason",
      pod({ phase: "Failed", containerStatuses: [status("a", ended(3)), status("b", ended(0, "Completed"))] }),
      "0/2",
      "ExitCode:3",
    ],
    ["one was killed", pod({ containerStatuses: [status("a", { terminated: { exitCode: 137, signal: 9 } })] }), "0/2", "Signal:9"],
    ["one was out of memory", pod({ phase: "Failed", containerStatuses: [status("a", ended(137, "OOMKilled"))] }), "0/2", "OOMKilled"],
    ["evicted", pod({ phase: "Failed", reason: "Evicted" }), "0/2", "Evicted"],
    ["gated", pod({ conditions: [{ type: "PodScheduled", status: "False", reason: "SchedulingGated" }] }), "0/2", "SchedulingGated"],
    ["deleted", pod({ phase: "Running" }, { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } }), "0/2", "Terminating"],
    ["deleted and over", pod({ phase: "Succeeded" }, { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } }), "0/2", "Succeeded"],
    [
      "deleted on a lost node",
      pod({ phase: "Running", reason: "NodeLost" }, { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } }),
      "0/2",
      "Unknown",
    ],
  ])("%s", (_what, given, ready, text) => {
    expect(computePodState(given)).toMatchObject({ ready, status: text });
  });

  it.each<[string, Pod, string, string]>([
    [
      "the first of two runs",
      withInit([{ name: "i" }, { name: "j" }], { initContainerStatuses: [status("i", RUNNING), status("j", waits("PodInitializing"))] }),
      "0/1",
      "Init:0/2",
    ],
    [
      "the first is through",
      withInit([{ name: "i" }, { name: "j" }], { initContainerStatuses: [status("i", ended(0)), status("j", RUNNING)] }),
      "0/1",
      "Init:1/2",
    ],
    [
      "one crashes",
      withInit([{ name: "i" }], { initContainerStatuses: [status("i", waits("CrashLoopBackOff"))] }),
      "0/1",
      "Init:CrashLoopBackOff",
    ],
    ["one failed", withInit([{ name: "i" }], { initContainerStatuses: [status("i", ended(1, "Error"))] }), "0/1", "Init:Error"],
    [
      "one failed without a reason",
      withInit([{ name: "i" }], { initContainerStatuses: [status("i", ended(2))] }),
      "0/1",
      "Init:ExitCode:2",
    ],
    [
      "a sidecar has started",
      withInit([{ name: "s", restartPolicy: "Always" }], {
        phase: "Running",
        initContainerStatuses: [status("s", RUNNING, { ready: true, started: true })],
        containerStatuses: [status("a", RUNNING, { ready: true })],
      }),
      "2/2",
      "Running",
    ],
    [
      "a sidecar has not",
      withInit([{ name: "s", restartPolicy: "Always" }], { initContainerStatuses: [status("s", RUNNING, { started: false })] }),
      "0/2",
      "Init:0/1",
    ],
    [
      "initialized, though a sidecar restarts",
      withInit([{ name: "s", restartPolicy: "Always" }], {
        phase: "Running",
        conditions: [{ type: "Initialized", status: "True" }],
        initContainerStatuses: [status("s", waits("CrashLoopBackOff"), { restartCount: 3 })],
        containerStatuses: [status("a", RUNNING, { ready: true, restartCount: 1 })],
      }),
      "1/2",
      "Init:CrashLoopBackOff",
    ],
  ])("with init containers: %s", (_what, given, ready, text) => {
    expect(computePodState(given)).toMatchObject({ ready, status: text });
  });

  it("counts restarts, and since when", () => {
    const lastState: ContainerState = { terminated: { exitCode: 1, finishedAt: "2026-01-01T00:00:00Z" } };
    const state = computePodState(
      pod({ containerStatuses: [status("a", RUNNING, { restartCount: 2, lastState }), status("b", RUNNING, { restartCount: 1 })] }),
    );
    expect(state).toMatchObject({ restarts: 3, lastRestartMs: Date.UTC(2026, 0, 1) });
  });
});

describe("every kind's table", () => {
  const options = { version: "v1", includeObject: "None", nowMs: 0 };

  it.each(ALL_KINDS.map((definition) => [definition.resource, definition] as [string, KindDefinition]))(
    "%s has a cell for each column, also of an empty object",
    (_name, definition) => {
      const { columnDefinitions, rows } = renderTable(definition, [{ metadata: { name: "x" } }], options) as unknown as {
        readonly columnDefinitions: readonly object[];
        readonly rows: readonly { readonly cells: readonly unknown[] }[];
      };
      expect(rows[0]?.cells).toHaveLength(columnDefinitions.length);
      expect(rows[0]?.cells).not.toContain(undefined);
    },
  );

  it("carries metadata, the object or nothing with each row, as asked", () => {
    const [definition] = ALL_KINDS;
    if (definition === undefined) throw new Error("no kinds");
    const row = (includeObject: string): unknown =>
      (renderTable(definition, [{ metadata: { name: "x" }, data: {} }], { ...options, includeObject })["rows"] as readonly object[])[0];
    expect(row("Metadata")).toMatchObject({ object: { kind: "PartialObjectMetadata", metadata: { name: "x" } } });
    expect(row("Object")).toMatchObject({ object: { data: {} } });
    expect(row("None")).toMatchObject({ object: null });
  });
});
