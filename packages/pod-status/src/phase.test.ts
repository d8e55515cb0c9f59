import type { Container, ContainerStatus, Pod } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { computePhase } from "./phase.ts";

/**
 * How a container is: `waits` (never ran), `runs`, `starts` (runs, its startup probe has not succeeded), `ended N`, `waits after N` (has ended
 * with N and is to be started again), `lost` (nobody knows).
 */
type State = string;
type States = { readonly [container: string]: State };

interface Row {
  readonly policy?: "Always" | "OnFailure" | "Never";
  readonly init?: States;
  readonly sidecars?: States;
  readonly apps: States;
  /** Of a container: its own restartPolicy, and exit codes that a rule of its own restarts it on. */
  readonly own?: { readonly [container: string]: { readonly policy?: string; readonly restartsOn?: readonly number[] } };
  /** All containers were stopped for good. */
  readonly isOver?: true;
  readonly phase: string;
}

const statusOf = ([name, state]: readonly [string, State]): ContainerStatus => {
  const base = { name, image: "busybox", imageID: "", ready: false, restartCount: 0 };
  const ended = (code: string | undefined) => ({ exitCode: Number(code), reason: Number(code) === 0 ? "Completed" : "Error" });
  if (state === "runs" || state === "starts") return { ...base, started: state === "runs", state: { running: {} } };
  if (state === "waits") return { ...base, state: { waiting: {} } };
  if (state === "lost") return { ...base, state: {} };
  const [, how, code] = /^(ended|waits after) (\d+)$/.exec(state) ?? [];
  if (how === "ended") return { ...base, state: { terminated: ended(code) } };
  if (how === "waits after") return { ...base, state: { waiting: {} }, lastState: { terminated: ended(code) } };
  throw new Error(`no container is like this: ${state}`);
};

const phaseOf = ({ policy = "Always", init = {}, sidecars = {}, apps, own = {}, isOver }: Row): string => {
  const specOf = (name: string, more: Partial<Container> = {}): Container => {
    const { policy: restartPolicy, restartsOn } = own[name] ?? {};
    const rule = { action: "Restart", exitCodes: { operator: "In", values: restartsOn ?? [] } };
    return {
      name,
      ...more,
      ...(restartPolicy === undefined ? {} : { restartPolicy }),
      ...(restartsOn === undefined ? {} : { restartPolicyRules: [rule] }),
    };
  };
  const initContainers = [
    ...Object.keys(init).map((name) => specOf(name)),
    ...Object.keys(sidecars).map((name) => specOf(name, { restartPolicy: "Always" })),
  ];
  const pod: Pod = { spec: { restartPolicy: policy, initContainers, containers: Object.keys(apps).map((name) => specOf(name)) } };
  return computePhase({
    pod,
    initContainers: [...Object.entries(init), ...Object.entries(sidecars)].map(statusOf),
    containers: Object.entries(apps).map(statusOf),
    stoppedForGood: isOver ?? false,
  });
};

describe("a pod with one container", () => {
  it.each([
    ["Always", "waits", "Pending"],
    ["Always", "runs", "Running"],
    ["Always", "ended 0", "Running"],
    ["Always", "ended 1", "Running"],
    ["Always", "waits after 0", "Running"],
    ["Always", "waits after 1", "Running"],
    ["Always", "lost", "Pending"],
    ["OnFailure", "waits", "Pending"],
    ["OnFailure", "runs", "Running"],
    ["OnFailure", "ended 0", "Succeeded"],
    ["OnFailure", "ended 1", "Running"],
    ["OnFailure", "waits after 0", "Succeeded"],
    ["OnFailure", "waits after 1", "Running"],
    ["OnFailure", "lost", "Pending"],
    ["Never", "waits", "Pending"],
    ["Never", "runs", "Running"],
    ["Never", "ended 0", "Succeeded"],
    ["Never", "ended 1", "Failed"],
    ["Never", "ended 137", "Failed"],
    ["Never", "lost", "Pending"],
  ] as const)("with restartPolicy %s that %s is %s", (policy, main, phase) => {
    expect(phaseOf({ policy, apps: { main }, phase })).toBe(phase);
  });

  it.each([
    ["Always", "ended 0", "Succeeded"],
    ["Always", "ended 1", "Failed"],
    ["Always", "waits after 0", "Succeeded"],
    ["Always", "waits after 1", "Failed"],
    ["OnFailure", "ended 0", "Succeeded"],
    ["OnFailure", "ended 1", "Failed"],
    ["Never", "ended 0", "Succeeded"],
    ["Never", "ended 137", "Failed"],
    ["Always", "waits", "Pending"],
  ] as const)("with restartPolicy %s that %s and was stopped for good is %s", (policy, main, phase) => {
    expect(phaseOf({ policy, apps: { main }, isOver: true, phase })).toBe(phase);
  });
});

describe("a pod with an init container before its container", () => {
  it.each([
    ["Always", "waits", "waits", "Pending"],
    ["Always", "runs", "waits", "Pending"],
    ["Always", "ended 0", "waits", "Pending"],
    ["Always", "ended 0", "runs", "Running"],
    ["Always", "ended 1", "waits", "Pending"],
    ["Always", "waits after 1", "waits", "Pending"],
    ["OnFailure", "ended 1", "waits", "Pending"],
    ["OnFailure", "ended 0", "ended 0", "Succeeded"],
    ["Never", "runs", "waits", "Pending"],
    ["Never", "ended 1", "waits", "Failed"],
    ["Never", "waits after 1", "waits", "Failed"],
    ["Never", "ended 0", "waits", "Pending"],
    ["Never", "ended 0", "ended 1", "Failed"],
    ["Never", "ended 0", "ended 0", "Succeeded"],
  ] as const)("with restartPolicy %s: init container %s, container %s: %s", (policy, i1, main, phase) => {
    expect(phaseOf({ policy, init: { i1 }, apps: { main }, phase })).toBe(phase);
  });
});

const rows: { readonly [sentence: string]: Row } = {
  "runs as long as one of its containers does": { policy: "Never", apps: { a: "ended 0", b: "runs" }, phase: "Running" },
  "runs as long as one of its containers does, whatever became of the others": {
    policy: "Never",
    apps: { a: "ended 5", b: "runs" },
    phase: "Running",
  },
  "is Pending while one of its containers has never run": { apps: { a: "runs", b: "waits" }, phase: "Pending" },
  "is Pending when one of its containers is lost": { apps: { a: "runs", b: "lost" }, phase: "Pending" },
  "runs when one container runs and another is in its back-off": { apps: { a: "runs", b: "waits after 1" }, phase: "Running" },
  "has succeeded when all have": { policy: "Never", apps: { a: "ended 0", b: "ended 0" }, phase: "Succeeded" },
  "has failed when one has": { policy: "Never", apps: { a: "ended 0", b: "ended 1" }, phase: "Failed" },
  "goes on with OnFailure when one has failed": { policy: "OnFailure", apps: { a: "ended 0", b: "ended 1" }, phase: "Running" },
  "is Pending while the second of its init containers waits": {
    init: { i1: "ended 0", i2: "waits" },
    apps: { main: "waits" },
    phase: "Pending",
  },
  "has failed when the second of its init containers has": {
    policy: "Never",
    init: { i1: "ended 0", i2: "ended 2" },
    apps: { main: "waits" },
    phase: "Failed",
  },
  "is Pending while its sidecar starts": { sidecars: { side: "starts" }, apps: { main: "waits" }, phase: "Pending" },
  "is Pending while its sidecar has never run": { sidecars: { side: "waits" }, apps: { main: "waits" }, phase: "Pending" },
  "runs with its sidecar": { sidecars: { side: "runs" }, apps: { main: "runs" }, phase: "Running" },
  "runs while its sidecar starts once more": { sidecars: { side: "starts" }, apps: { main: "runs" }, phase: "Running" },
  "runs while its sidecar is in its back-off": { sidecars: { side: "waits after 1" }, apps: { main: "runs" }, phase: "Running" },
  "runs when its sidecar has ended": { sidecars: { side: "ended 1" }, apps: { main: "runs" }, phase: "Running" },
  "runs while its sidecar does, although its containers have ended": {
    policy: "Never",
    sidecars: { side: "runs" },
    apps: { main: "ended 0" },
    phase: "Running",
  },
  "has succeeded when its sidecar has ended after its containers": {
    policy: "Never",
    sidecars: { side: "ended 0" },
    apps: { main: "ended 0" },
    phase: "Succeeded",
  },
  "has succeeded however its sidecar ended": {
    policy: "Never",
    sidecars: { side: "ended 137" },
    apps: { main: "ended 0" },
    phase: "Succeeded",
  },
  "has failed by its container, however its sidecar ended": {
    policy: "Never",
    sidecars: { side: "ended 0" },
    apps: { main: "ended 1" },
    phase: "Failed",
  },
  "has succeeded, stopped for good, however its sidecar ended": {
    sidecars: { side: "ended 137" },
    apps: { main: "ended 0" },
    isOver: true,
    phase: "Succeeded",
  },
  "is Pending in a new sandbox while its init containers run again": {
    init: { i1: "runs" },
    apps: { main: "waits after 137" },
    phase: "Pending",
  },
  "goes on with Never when the container that failed restarts by its own policy": {
    policy: "Never",
    apps: { own: "ended 1", main: "ended 0" },
    own: { own: { policy: "Always" } },
    phase: "Running",
  },
  "has succeeded with Always when its only container restarts only on failure": {
    apps: { own: "ended 0" },
    own: { own: { policy: "OnFailure" } },
    phase: "Succeeded",
  },
  "has failed with Always when its only container is never restarted": {
    apps: { own: "ended 3" },
    own: { own: { policy: "Never" } },
    phase: "Failed",
  },
  "goes on with Never when a rule restarts the container for its exit code": {
    policy: "Never",
    apps: { main: "ended 42" },
    own: { main: { policy: "Never", restartsOn: [42] } },
    phase: "Running",
  },
  "has failed with Never when no rule is for the container's exit code": {
    policy: "Never",
    apps: { main: "ended 41" },
    own: { main: { policy: "Never", restartsOn: [42] } },
    phase: "Failed",
  },
  "has not failed when a rule runs its init container again": {
    policy: "Never",
    init: { i1: "ended 42" },
    apps: { main: "waits" },
    own: { i1: { policy: "Never", restartsOn: [42] } },
    phase: "Pending",
  },
  "has failed with Always when its init container is never run again": {
    init: { i1: "ended 1" },
    apps: { main: "waits" },
    own: { i1: { policy: "Never" } },
    phase: "Failed",
  },
  "has not failed with Never when its init container has another policy": {
    policy: "Never",
    init: { i1: "ended 1" },
    apps: { main: "waits" },
    own: { i1: { policy: "OnFailure" } },
    phase: "Pending",
  },
};

describe("a pod", () => {
  it.each(Object.entries(rows))("%s", (_sentence, row) => {
    expect(phaseOf(row)).toBe(row.phase);
  });
});
