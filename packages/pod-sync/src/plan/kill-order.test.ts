import { expect, test } from "vitest";
import { samplePod } from "../testing/index.ts";
import { computeGraceSeconds } from "./grace-period.ts";
import { computeKillOrder } from "./kill-order.ts";

const pod = samplePod({
  terminationGracePeriodSeconds: 30,
  initContainers: [
    { name: "i1", image: "x" },
    { name: "s1", image: "x", restartPolicy: "Always" },
    { name: "s2", image: "x", restartPolicy: "Always" },
  ],
  containers: [
    { name: "a", image: "x", livenessProbe: { terminationGracePeriodSeconds: 5 }, startupProbe: { terminationGracePeriodSeconds: 7 } },
    { name: "b", image: "x" },
  ],
});

test.each([
  [["a", "b"], { a: [], b: [] }],
  [["a", "b", "s1", "s2"], { a: [], b: [], s1: ["a", "b", "s2"], s2: ["a", "b"] }],
  [["s1", "s2"], { s1: ["s2"], s2: [] }],
  [["i1", "s1"], { i1: [], s1: [] }],
  [["b", "s1"], { b: [], s1: ["b"] }],
  [["stranger", "s2"], { stranger: [], s2: [] }],
])("of %j sidecars wait for apps and for later sidecars", (running, expected) => {
  expect(Object.fromEntries(computeKillOrder(pod, running))).toEqual(expected);
});

const [a, b] = pod.spec?.containers ?? [];

test.each([
  ["the pod's grace by default", { pod }, 30],
  ["the liveness probe's own", { pod, container: a, reason: "liveness" }, 5],
  ["the startup probe's own", { pod, container: a, reason: "startup" }, 7],
  ["the pod's when the probe states none", { pod, container: b, reason: "liveness" }, 30],
  ["the pod's for any other reason", { pod, container: a, reason: "definition-changed" }, 30],
  [
    "that of the deletion before a probe's",
    { pod: { ...pod, metadata: { deletionGracePeriodSeconds: 9 } }, container: a, reason: "liveness" },
    9,
  ],
  ["the override before everything", { pod: { ...pod, metadata: { deletionGracePeriodSeconds: 9 } }, overrideSeconds: 1 }, 1],
  ["two seconds when nothing is stated", { pod: { spec: { containers: [] } } }, 2],
] as const)("a kill takes %s", (_name, input, expected) => {
  expect(computeGraceSeconds(input as Parameters<typeof computeGraceSeconds>[0])).toBe(expected);
});
