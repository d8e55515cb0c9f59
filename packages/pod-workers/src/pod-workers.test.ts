import { raceSignal } from "@nk/stdx";
import { expect, test } from "vitest";
import { setUp } from "../test/set-up.ts";
import { sketchPod, sketchRuntimePod } from "./testing/index.ts";

test("nothing is asked of the ports before run, and everything known then starts", async () => {
  const { clock, ports, show, start } = setUp();
  show("a", "b");
  await clock.advance(10_000);
  expect(ports.calls).toEqual([]);
  start();
  await clock.advance(0);
  expect(ports.calls.filter((call) => call.startsWith("sync"))).toEqual(["sync a", "sync b"]);
});

test("a snapshot of a source that is not configured is refused", () => {
  const { workers } = setUp();
  expect(() => workers.applySnapshot({ source: "http", pods: [], problems: [] })).toThrow(
    expect.objectContaining({ code: "unknown-source", details: { source: "http" } }),
  );
});

test("kill rejects with its signal's reason while the pod goes on stopping", async () => {
  const { clock, ports, workers, show, start } = setUp();
  show("a");
  start();
  await clock.advance(0);
  const caller = new AbortController();
  const outcome = workers.kill("a", { reason: "Evicted", message: "" }, { signal: caller.signal });
  caller.abort(new Error("not waiting"));
  await expect(outcome).rejects.toThrow("not waiting");
  await clock.advance(0);
  expect(workers.workState("a")).toMatchObject({ state: "finished", cause: { type: "killed" } });
  expect(ports.calls).toContain("terminate a grace=30 reason=Evicted");
});

test("a killed pod is not started again while its source still wants it", async () => {
  const { clock, ports, workers, show, start } = setUp();
  show("a");
  start();
  await clock.advance(0);
  expect(await workers.kill("a", { reason: "Evicted", message: "", gracePeriodSeconds: 0 })).toBe("stopped");
  show("a");
  workers.wake("a", "test");
  await clock.advance(300_000);
  expect(ports.calls.filter((call) => call === "sync a")).toHaveLength(1);
  expect(workers.desiredPods()).toHaveLength(1);
  expect(workers.activePods()).toEqual([]);
});

test("admission is asked for one pod at a time, and a throw is a rejection", async () => {
  let asking = 0;
  const { clock, ports, workers, show, start } = setUp({}, (ports) => ({
    ...ports,
    admission: {
      async admit(pod) {
        asking += 1;
        expect(asking).toBe(1);
        await clock.sleep(10);
        asking -= 1;
        if (pod.metadata?.uid === "b") throw new Error("no node");
        return { admit: true };
      },
    },
  }));
  start();
  show("a", "b", "c");
  expect(workers.workState("a")).toMatchObject({ state: "syncing", waitingFor: "admission" });
  await clock.advance(100);
  expect(ports.calls).toContain("rejected b UnexpectedAdmissionError");
  expect(ports.calls.filter((call) => call.startsWith("sync"))).toEqual(["sync a", "sync c"]);
});

test("a pod deleted while admission is asked about it is never synced", async () => {
  const { clock, ports, workers, show, start } = setUp({}, (ports) => ({
    ...ports,
    admission: { admit: () => clock.sleep(10).then(() => ({ admit: true })) },
  }));
  start();
  show("a");
  await clock.advance(5);
  show();
  await clock.advance(100);
  expect(ports.calls).toEqual([]);
  expect(workers.list()).toEqual([]);
});

test("what the runtime still runs of a finished pod is stopped again", async () => {
  const { clock, ports, workers, show, start } = setUp();
  start();
  show("a");
  ports.terminal.add("a");
  await clock.advance(0);
  expect(workers.workState("a")?.state).toBe("finished");
  workers.reconcileRuntime([sketchRuntimePod("a")]);
  await clock.advance(0);
  expect(ports.calls.filter((call) => call.startsWith("terminate "))).toHaveLength(1);
  ports.running.add("a");
  workers.reconcileRuntime([sketchRuntimePod("a")]);
  await clock.advance(0);
  expect(ports.calls.filter((call) => call.startsWith("terminate "))).toEqual(["terminate a grace=30", "terminate a grace=1"]);
});

test("what an earlier kubelet left of an unwanted pod is cleaned up though nothing of it runs any more", async () => {
  const { clock, ports, workers, show, start } = setUp();
  start();
  const remains = sketchRuntimePod("dead");
  workers.reconcileRuntime([{ ...remains, sandboxes: remains.sandboxes.map((sandbox) => ({ ...sandbox, state: "notready" as const })) }]);
  await clock.advance(0);
  expect(ports.calls).toEqual([]);
  show();
  await clock.advance(0);
  expect(ports.calls).toEqual(["terminateOrphan dead grace=1", "cleanUpOrphan dead"]);
  expect(workers.list()).toEqual([]);
});

test("the status port may ask for a pass when only the status changed", async () => {
  const { clock, ports, workers, start } = setUp({}, (ports) => ({
    ...ports,
    status: { ...ports.status, reconcile: (pod) => pod.status?.phase === "Running" },
  }));
  start();
  const show = (phase: string): void => workers.applySnapshot({ source: "api", pods: [sketchPod({ uid: "a", phase })], problems: [] });
  for (const phase of ["Pending", "Unknown", "Running"]) {
    show(phase);
    await clock.advance(0);
  }
  expect(ports.calls.filter((call) => call === "sync a")).toHaveLength(2);
});

test("an idle node asks for one pass per pod and sync period", async () => {
  const { clock, ports, show, start } = setUp({ syncFrequencyMs: 60_000 });
  start();
  show(...Array.from({ length: 20 }, (_, index) => `pod-${index}`));
  await clock.advance(0);
  const before = ports.calls.filter((call) => call.startsWith("sync")).length;
  await clock.advance(600_000);
  expect(ports.calls.filter((call) => call.startsWith("sync")).length - before).toBe(200);
});

test("a pass is measured by what caused it", async () => {
  const { clock, recorded, workers, show, start } = setUp();
  start();
  show("a", "b");
  await clock.advance(0);
  const passes = (operation_type: string): number =>
    recorded.observations("kubelet_pod_worker_duration_seconds", { operation_type }).length;
  expect(passes("create")).toBe(2);
  expect(recorded.observations("kubelet_containers_per_pod_count")).toHaveLength(2);
  void workers.kill("a", { reason: "Evicted", message: "" });
  await clock.advance(0);
  expect([passes("kill"), passes("terminated")]).toEqual([1, 1]);
  workers.applyUpdate({ type: "update", pod: sketchPod({ uid: "b", isDeleting: true }) }, "api");
  await clock.advance(0);
  expect([passes("update"), passes("terminated")]).toEqual([1, 2]);
});

test.each([
  ["OutOfpods", "OutOfpods"],
  ["OutOfexample.com/gpu", "OutOfExtendedResources"],
  ["SysctlForbidden", "SysctlForbidden"],
  ["made up by a handler", "Other"],
])("a rejection for %j is counted as %j", async (reason, label) => {
  const { clock, ports, recorded, show, start } = setUp();
  start();
  ports.rejections.set("a", reason);
  show("a");
  await clock.advance(0);
  expect(recorded.value("kubelet_admission_rejections_total", { reason: label })).toBe(1);
});

test("the gauges follow the workers and return to zero", async () => {
  const { clock, ports, recorded, workers, show, start } = setUp();
  start();
  ports.rejections.set("c", "OutOfcpu");
  show("a", "b", "c");
  await clock.advance(0);
  const working = (lifecycle: string) => recorded.value("kubelet_working_pods", { lifecycle, config: "desired", static: "" });
  expect(recorded.value("kubelet_desired_pods", { static: "" })).toBe(3);
  expect(recorded.value("kubelet_active_pods", { static: "" })).toBe(2);
  expect(working("sync")).toBe(2);
  expect(working("terminated")).toBe(1);
  expect(recorded.value("kubelet_admission_rejections_total", { reason: "OutOfcpu" })).toBe(1);
  expect(recorded.observations("kubelet_pod_worker_duration_seconds", { operation_type: "create" })).toHaveLength(2);
  workers.reconcileRuntime([sketchRuntimePod("x")]);
  expect(recorded.value("kubelet_working_pods", { lifecycle: "terminating", config: "runtime_only", static: "unknown" })).toBe(1);
  show();
  await clock.advance(0);
  for (const lifecycle of ["sync", "terminating", "terminated"]) {
    for (const config of ["desired", "orphan", "runtime_only"]) {
      for (const label of ["", "true", "unknown"]) {
        expect(recorded.value("kubelet_working_pods", { lifecycle, config, static: label })).toBe(0);
      }
    }
  }
  expect(recorded.value("kubelet_active_pods", { static: "" })).toBe(0);
  expect(recorded.value("kubelet_orphaned_runtime_pods_total")).toBe(1);
});

test("a UID is told to be forgotten when its source gave it up and it is finished, and its clean-up knows that it was removed", async () => {
  const forgotten: string[] = [];
  const { clock, ports, show, start } = setUp({ onForgotten: (ref) => forgotten.push(ref.uid) });
  start();
  show("a", "b");
  ports.terminal.add("b");
  await clock.advance(0);
  show("b");
  await clock.advance(0);
  expect(ports.calls.filter((call) => call.startsWith("cleanUp"))).toEqual(["cleanUp b", "cleanUp a removed"]);
  expect(forgotten).toEqual(["a"]);
  show();
  await clock.advance(0);
  // It had ended by itself and kept its containers and logs until now.
  expect(ports.calls.filter((call) => call === "cleanUp b removed")).toHaveLength(1);
  expect(forgotten).toEqual(["a", "b"]);
});

test("notes of others stand among a known pod's decisions, and nowhere for an unknown one", async () => {
  const { clock, workers, show, start } = setUp();
  start();
  show("a");
  await clock.advance(0);
  workers.note("a", "create a sandbox");
  workers.note("nobody", "lost");
  expect(workers.decisions("a").map(({ text }) => text)).toContain("create a sandbox");
  expect(workers.decisions("nobody")).toEqual([]);
});

test("the teardown of a replaced pod waits for its successor's start, and not for long", async () => {
  const passed: string[] = [];
  const starting = Promise.withResolvers<void>();
  const { clock, workers, start } = setUp({ sources: ["file"], headStartMs: 500 }, (ports) => ({
    ...ports,
    runtime: {
      ...ports.runtime,
      sync: async (pod, { mayStart }) => {
        await mayStart;
        if (pod.metadata?.uid === "w2") await starting.promise;
        return {};
      },
      terminate: async (pod, { onContainersStopped }) => {
        await clock.sleep(10);
        await onContainersStopped?.();
        passed.push(`${pod.metadata?.uid} after ${clock.monotonicMs()} ms`);
      },
    },
  }));
  const show = (uid: string): void => workers.applySnapshot({ source: "file", pods: [sketchPod({ uid, name: "web" })], problems: [] });
  start();
  show("w1");
  await clock.advance(0);
  show("w2");
  await clock.advance(509);
  expect(passed).toEqual([]);
  await clock.advance(1);
  expect(passed).toEqual(["w1 after 510 ms"]);
  starting.resolve();
  await clock.advance(0);
  show("w3");
  await clock.advance(10);
  // The third starts at once, so the second need not wait.
  expect(passed).toEqual(["w1 after 510 ms", "w2 after 520 ms"]);
});

test("a pod of the runtime that turns up late is an orphan too, and telling of it forgets none told of before", async () => {
  const { clock, ports, workers, show, start } = setUp();
  start();
  workers.reconcileRuntime([sketchRuntimePod("early")]);
  workers.reconcileRuntime([sketchRuntimePod("late")]);
  show("wanted");
  await clock.advance(0);
  workers.reconcileRuntime([sketchRuntimePod("later"), sketchRuntimePod("wanted")]);
  await clock.advance(0);
  expect(ports.calls.filter((call) => call.startsWith("cleanUpOrphan"))).toEqual([
    "cleanUpOrphan early",
    "cleanUpOrphan late",
    "cleanUpOrphan later",
  ]);
  expect(workers.list().map(({ ref }) => ref.uid)).toEqual(["wanted"]);
});

test("ephemeral containers are counted when they come with a pod, with an update, and when the pod leaves", () => {
  const { recorded, workers, show } = setUp();
  const count = (): number => recorded.value("kubelet_managed_ephemeral_containers");
  const withDebuggers = (...names: readonly string[]) => {
    const pod = sketchPod({ uid: "a" });
    return { ...pod, spec: { ...pod.spec, containers: [], ephemeralContainers: names.map((name) => ({ name })) } };
  };
  show("a", "b");
  expect(count()).toBe(0);
  workers.applyUpdate({ type: "update", pod: withDebuggers("one", "two") }, "api");
  expect(count()).toBe(2);
  workers.applyUpdate({ type: "remove", pod: withDebuggers() }, "api");
  expect(count()).toBe(0);
});

test("a pod is asked about again when room appeared while it was asked about, though others are still being stopped", async () => {
  const asked: string[] = [];
  const answer = Promise.withResolvers<void>();
  const stopped = new Map(["a", "c"].map((uid) => [uid, Promise.withResolvers<void>()]));
  const { clock, workers, show, start } = setUp({}, (ports) => ({
    ...ports,
    admission: {
      async admit(pod, _others, { leaving }) {
        asked.push(pod.metadata?.uid ?? "");
        if (pod.metadata?.uid !== "b") return { admit: true };
        await answer.promise;
        return leaving.has("a") ? { admit: "later" } : { admit: true };
      },
    },
    runtime: {
      ...ports.runtime,
      terminate: (pod, { signal }) => raceSignal(stopped.get(pod.metadata?.uid ?? "")?.promise ?? Promise.resolve(), signal),
    },
  }));
  show("a", "c");
  start();
  await clock.advance(0);
  show("b");
  await clock.advance(0);
  stopped.get("a")?.resolve();
  await clock.advance(0);
  answer.resolve();
  await clock.advance(0);
  expect(asked).toEqual(["a", "c", "b", "b"]);
  expect(workers.activePods().map(({ metadata }) => metadata?.uid)).toEqual(["c", "b"]);
});
