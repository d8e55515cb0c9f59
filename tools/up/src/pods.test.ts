import { expect, it } from "vitest";
import { computePodRows, computeWaitsFor, formatAge, isPodReady } from "./pods.ts";
import type { PodView } from "./pods.ts";
import { createTableScreen, renderTable } from "./table.ts";

const crashing: PodView = {
  metadata: { name: "crash" },
  spec: { containers: [{}] },
  status: {
    phase: "Running",
    startTime: "2026-01-01T00:00:00Z",
    conditions: [{ type: "Ready", status: "False", reason: "ContainersNotReady", message: "containers with unready status: [app]" }],
    containerStatuses: [
      {
        name: "app",
        ready: false,
        restartCount: 3,
        state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 40s restarting failed container" } },
      },
    ],
  },
};

const withSidecar: PodView = {
  metadata: { name: "sidecar" },
  spec: { containers: [{}], initContainers: [{ name: "proxy", restartPolicy: "Always" }] },
  status: {
    phase: "Pending",
    initContainerStatuses: [{ name: "proxy", ready: false, started: false, restartCount: 1, state: { running: {} } }],
    containerStatuses: [{ name: "app", ready: false, restartCount: 0, state: { waiting: { reason: "PodInitializing" } } }],
  },
};

it("shows a crash loop with its back-off", () => {
  const [row] = computePodRows([crashing], Date.parse("2026-01-01T00:01:05Z"));
  expect(row).toEqual({
    name: "crash",
    phase: "Running",
    ready: "0/1",
    restarts: "3",
    age: "65s",
    waitsFor: "app: CrashLoopBackOff: back-off 40s restarting failed container",
  });
});

it("names the sidecar that must start first, and counts it", () => {
  const [row] = computePodRows([withSidecar], 0);
  expect(row).toMatchObject({ ready: "0/2", restarts: "1", waitsFor: "sidecar proxy to start" });
});

it("names the init container that runs", () => {
  const pod: PodView = { status: { phase: "Pending", initContainerStatuses: [{ name: "first", state: { running: {} } }] } };
  expect(computeWaitsFor(pod)).toBe("init container first to finish");
});

it("falls back to a failing condition, and to nothing", () => {
  const unready = [{ type: "Ready", status: "False", message: "containers with unready status: [httpd]" }];
  expect(computeWaitsFor({ status: { phase: "Running", conditions: unready } })).toBe("containers with unready status: [httpd]");
  expect(computeWaitsFor({ status: { phase: "Running" } })).toBe("");
  expect(computeWaitsFor({})).toBe("the kubelet");
});

it("calls a pod ready only if it runs and says so", () => {
  expect(isPodReady({ status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] } })).toBe(true);
  expect(isPodReady(crashing)).toBe(false);
});

it("shortens ages", () => {
  expect([0, 119_000, 125_000, 7_260_000].map(formatAge)).toEqual(["0s", "119s", "2m5s", "2h1m"]);
});

it("cuts lines at the terminal's width", () => {
  for (const line of renderTable(computePodRows([crashing], 0), 40)) expect(line.length).toBeLessThanOrEqual(40);
});

it("prints the table again only when more than an age changed, where there is no terminal", () => {
  const written: string[] = [];
  const screen = createTableScreen({ write: (text) => written.push(text) });
  const start = Date.parse("2026-01-01T00:00:00Z");
  screen.show(computePodRows([crashing], start));
  screen.show(computePodRows([crashing], start + 1000));
  screen.show(computePodRows([crashing, withSidecar], start + 2000));
  expect(written).toHaveLength(2);
});
