import type { RuntimeContainerState, RuntimePodStatus } from "@nk/pod-model";
import { createFakeClock } from "@nk/stdx/testing";
import { expect, test } from "vitest";
import { isObserved } from "./hint.ts";
import { computeLifecycleEvents, isSameInList } from "./lifecycle.ts";
import { createSimulatedRuntime } from "./testing/index.ts";

const runtime = createSimulatedRuntime({ seed: 1, clock: createFakeClock() });
const uid = runtime.addPod();
const id = runtime.startContainer(uid);
const base = runtime.truth(uid);
if (base === undefined) throw new Error("the simulated pod is missing");

const withState = (state: RuntimeContainerState | undefined): RuntimePodStatus => ({
  ...base,
  containers: state === undefined ? [] : base.containers.map((container) => ({ ...container, state, exitCode: 3 })),
});

test.each<[from: RuntimeContainerState | undefined, to: RuntimeContainerState | undefined, events: readonly string[]]>([
  [undefined, "created", ["ContainerChanged"]],
  [undefined, "running", ["ContainerStarted"]],
  [undefined, "exited", ["ContainerDied 3"]],
  [undefined, "unknown", ["ContainerChanged"]],
  ["created", "created", []],
  ["created", "unknown", []],
  ["created", "running", ["ContainerStarted"]],
  ["created", "exited", ["ContainerDied 3"]],
  ["created", undefined, ["ContainerDied -", "ContainerRemoved"]],
  ["running", "running", []],
  ["running", "exited", ["ContainerDied 3"]],
  ["running", "unknown", ["ContainerChanged"]],
  ["running", undefined, ["ContainerDied -", "ContainerRemoved"]],
  ["unknown", "running", ["ContainerStarted"]],
  ["unknown", "exited", ["ContainerDied 3"]],
  ["unknown", undefined, ["ContainerDied -", "ContainerRemoved"]],
  ["exited", "exited", []],
  ["exited", undefined, ["ContainerRemoved"]],
])("a container that was %s and is %s tells %j", (from, to, expected) => {
  const events = computeLifecycleEvents(withState(from), withState(to));
  expect(events.map((event) => (event.type === "ContainerDied" ? `${event.type} ${event.exitCode ?? "-"}` : event.type))).toEqual(expected);
  for (const event of events) expect(event).toMatchObject({ uid, containerId: id });
});

test("a pod that appears, changes its sandbox or vanishes tells PodSync once", () => {
  expect(computeLifecycleEvents(undefined, withState(undefined))).toEqual([{ type: "PodSync", uid }]);
  const stopped = { ...base, ips: [], sandboxes: base.sandboxes.map((sandbox) => ({ ...sandbox, state: "notready" as const })) };
  expect(computeLifecycleEvents(base, stopped)).toEqual([{ type: "PodSync", uid }]);
  expect(computeLifecycleEvents(base, undefined).map((event) => event.type)).toEqual(["ContainerDied", "ContainerRemoved", "PodSync"]);
  expect(computeLifecycleEvents(undefined, undefined)).toEqual([]);
});

test("a list entry equals a status when ids and states do, whatever their order", () => {
  const two = { ...base, containers: [...base.containers, ...base.containers.map((container) => ({ ...container, id: "other" }))] };
  expect(isSameInList({ ...two, containers: two.containers.toReversed() }, two)).toBe(true);
  expect(isSameInList(base, two)).toBe(false);
  expect(isSameInList(withState("exited"), withState("running"))).toBe(false);
  expect(isSameInList(undefined, undefined)).toBe(true);
  expect(isSameInList(undefined, base)).toBe(false);
});

test("a hint about what was already read is recognised", () => {
  const hint = (kind: "created" | "started" | "stopped" | "deleted") => ({ type: "event", containerId: id, kind }) as const;
  expect(isObserved(withState("running"), hint("created"))).toBe(true);
  expect(isObserved(withState("running"), hint("started"))).toBe(true);
  expect(isObserved(withState("exited"), hint("started"))).toBe(true);
  expect(isObserved(withState("created"), hint("started"))).toBe(false);
  expect(isObserved(withState("running"), hint("stopped"))).toBe(false);
  expect(isObserved(withState("exited"), hint("stopped"))).toBe(true);
  expect(isObserved(withState(undefined), hint("deleted"))).toBe(true);
  expect(isObserved(undefined, hint("deleted"))).toBe(true);
  expect(isObserved(withState("exited"), hint("deleted"))).toBe(false);
  expect(isObserved(withState("running"), { type: "event", containerId: id })).toBe(false);
  const sandboxId = base.sandboxes[0]?.id ?? "";
  expect(isObserved(base, { type: "event", sandboxId, kind: "started" })).toBe(true);
  const withoutIp = { ...base, sandboxes: base.sandboxes.map((sandbox) => ({ ...sandbox, ips: [] })) };
  expect(isObserved(withoutIp, { type: "event", sandboxId, kind: "started" })).toBe(false);
});
