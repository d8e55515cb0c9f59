import type { PodSpec } from "@nk/pod-model";
import { describe, expect, test } from "vitest";
import { samplePod, sampleStatus } from "../testing/index.ts";
import { briefPlan, container, exited, facts, NOW_MS, planOf, probe, sidecar } from "../testing/plan-cases.ts";
import type { Case, Cases } from "../testing/plan-cases.ts";
import { computePlan } from "./compute-plan.ts";
import { crashBackoffUpTo } from "./crash-backoff.ts";

const probedSide = { initContainers: [sidecar("side", { startupProbe: probe, livenessProbe: probe }), container("i2")] };

const side = { initContainers: [container("i1"), sidecar("side"), container("i2")] };

const restartAllPod: Partial<PodSpec> = {
  restartPolicy: "Never",
  initContainers: [container("i1")],
  containers: [
    container("main"),
    container("watch", {
      restartPolicy: "Never",
      restartPolicyRules: [{ action: "RestartAllContainers", exitCodes: { operator: "In", values: [88] } }],
    }),
  ],
};

describe("restart of all containers", () => {
  const cases: Cases = {
    "kills and removes everything, the source last": {
      pod: restartAllPod,
      has: [exited("i1"), { name: "main" }, exited("watch", 88)],
      plan: [
        "restart all: watch",
        "kill main-0: restart-all",
        "remove i1-0: restart-all",
        "remove main-0: restart-all",
        "remove watch-0: restart-all",
      ],
    },
    "begins again from the first init container": { pod: restartAllPod, plan: ["start init i1 ?: missing"] },
    "waits for the back-off of the source": {
      pod: restartAllPod,
      has: [exited("i1"), { name: "main" }, exited("watch", 88, { attempt: 2 })],
      plan: ["wait crash-backoff watch"],
    },
    "takes no other exit code": { pod: restartAllPod, has: [exited("i1"), { name: "main" }, exited("watch", 1)], plan: [] },
  };
  test.each(Object.entries(cases))("%s", (_name, given) => {
    expect(briefPlan(planOf(given))).toEqual(given.plan);
  });
});

const entry = (backoffMs: number, more: { readonly lastRestartMs?: number; readonly specKey?: string } = {}) => ({
  specKey: "busybox {}",
  backoffMs,
  lastRestartMs: 1_000_000,
  ...more,
});

describe("crash back-off", () => {
  test.each([
    [300_000, 10_000],
    [10_000, 10_000],
    [2_000, 2_000],
  ])("of at most %i ms begins with %i ms", (maxMs, initialMs) => {
    expect(crashBackoffUpTo(maxMs)).toMatchObject({ initialMs, maxMs });
  });

  const decide = (given: {
    attempt?: number;
    entry?: ReturnType<typeof entry>;
    nowMs?: number;
    startedAtNanos?: bigint;
    image?: string;
  }) => {
    const plan = planOf({
      has: [
        exited("main", 1, {
          attempt: given.attempt ?? 0,
          ...(given.startedAtNanos !== undefined && { startedAtNanos: given.startedAtNanos }),
          ...(given.image !== undefined && { image: given.image }),
        }),
      ],
      facts: {
        nowMs: given.nowMs ?? NOW_MS,
        backoffs: new Map(given.entry === undefined ? [] : [["main", given.entry]]),
      },
      plan: [],
    });
    const [start] = plan.containersToStart;
    return start === undefined ? `wait until ${plan.retryAtMs}` : `start, then ${start.nextBackoffMs}`;
  };

  test.each([
    ["the first crash is restarted at once", {}, "start, then 10000"],
    ["the second waits ten seconds from its end", { attempt: 1, entry: entry(10_000) }, "wait until 1015000"],
    ["it is restarted at the very end of its wait", { attempt: 1, entry: entry(10_000), nowMs: 1_015_000 }, "start, then 20000"],
    ["a millisecond before, it is not", { attempt: 1, entry: entry(10_000), nowMs: 1_014_999 }, "wait until 1015000"],
    ["the wait doubles", { attempt: 2, entry: entry(20_000), nowMs: 1_030_000 }, "start, then 40000"],
    ["the wait is never longer than five minutes", { attempt: 9, entry: entry(300_000), nowMs: 1_400_000 }, "start, then 300000"],
    ["a long run is forgiven", { attempt: 9, entry: entry(300_000, { lastRestartMs: 1_005_000 - 600_001 }) }, "start, then 10000"],
    [
      "a run of exactly ten minutes is not",
      { attempt: 9, entry: entry(300_000, { lastRestartMs: 1_005_000 - 600_000 }) },
      "wait until 1305000",
    ],
    ["another image starts afresh", { attempt: 9, entry: entry(300_000, { specKey: "old {}" }) }, "start, then 10000"],
    ["a forgetful kubelet takes restarts for crashes", { attempt: 1 }, "wait until 1015000"],
    ["a forgetful kubelet doubles for each of them", { attempt: 3 }, "wait until 1045000"],
    ["a forgetful kubelet waits five minutes at most", { attempt: 1000 }, "wait until 1305000"],
    ["a forgetful kubelet forgives a long run", { attempt: 9, startedAtNanos: 300_000_000_000n }, "start, then 10000"],
    ["a forgetful kubelet takes the end of another image for no crash", { attempt: 9, image: "older" }, "start, then 10000"],
    ["a forgetful kubelet takes a start that was broken off for no crash", { attempt: 9, startedAtNanos: 0n }, "start, then 10000"],
    ["a start that fails again is a crash", { attempt: 9, startedAtNanos: 0n, entry: entry(20_000) }, "wait until 1025000"],
    ["a clock that was set back makes no wait longer", { attempt: 1, entry: entry(10_000), nowMs: 500_000 }, "wait until 510000"],
  ] as const)("%s", (_name, given, expected) => {
    expect(decide(given)).toBe(expected);
  });

  test("the end before the running instance counts when a probe fails", () => {
    const plan = planOf({
      has: [{ name: "main", attempt: 2 }, exited("main", 137, { attempt: 1 })],
      probes: { "main-2": { liveness: "failure" } },
      facts: { backoffs: new Map([["main", entry(20_000)]]) },
      plan: [],
    });
    expect(briefPlan(plan)).toEqual(["kill main-2: liveness", "wait crash-backoff main"]);
  });

  test("the earliest of several ends is when to plan again", () => {
    const plan = planOf({
      pod: { containers: [container("a"), container("b")] },
      has: [exited("a", 1, { attempt: 3 }), exited("b", 1, { attempt: 1 })],
      plan: [],
    });
    expect(plan.retryAtMs).toBe(1_015_000);
  });
});

describe("texts of kills", () => {
  const messages = (given: Case): readonly string[] => planOf(given).containersToKill.map((kill) => kill.message);

  test.each<readonly [string, Case]>([
    ["Container main definition changed, will be restarted", { has: [{ name: "main", image: "old" }], plan: [] }],
    [
      "Container main failed liveness probe, will be restarted",
      { has: [{ name: "main" }], probes: { "main-0": { liveness: "failure" } }, plan: [] },
    ],
    [
      "Container main failed startup probe, will be restarted",
      { has: [{ name: "main" }], probes: { "main-0": { startup: "failure" } }, plan: [] },
    ],
    [
      "Container main failed liveness probe",
      { pod: { restartPolicy: "Never" }, has: [{ name: "main" }], probes: { "main-0": { liveness: "failure" } }, plan: [] },
    ],
    ['Container is in "unknown" state, try killing it before restart', { has: [{ name: "main", state: "unknown" }], plan: [] }],
    [
      "Init container side failed startup probe",
      { pod: probedSide, has: [{ name: "side" }], probes: { "side-0": { startup: "failure" } }, plan: [] },
    ],
  ])("%s", (message, given) => {
    expect(messages(given)).toEqual([message]);
  });
});

test("a plan changes nothing it was given", () => {
  const freeze = <T>(value: T): T => {
    if (typeof value === "object" && value !== null && !(value instanceof Map)) Object.values(value).forEach(freeze);
    return typeof value === "object" ? Object.freeze(value) : value;
  };
  const input = freeze({
    pod: samplePod(side),
    observed: sampleStatus([exited("i1"), exited("side", 1), { name: "i2", state: "unknown" }]),
    facts: facts(),
  });
  expect(computePlan(input)).toEqual(computePlan(input));
});
