import { createFakeClock, createRecordingLogger, createRecordingMetrics } from "@nk/stdx/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { createFakePodApi, sketchApiPod, sketchStatus } from "../testing/index.ts";
import type { ApiMood, FakePodApi } from "../testing/index.ts";
import { createStatusWriterMetrics } from "./metrics.ts";
import type { StatusWriterOptions } from "./options.ts";
import { createStatusWriter } from "./status-writer.ts";

const canRun = { couldHaveRunningContainers: true };
const SYNC = "kubelet_pod_status_sync_duration_seconds";

const setUp = (options: StatusWriterOptions = {}, change: (api: FakePodApi) => Partial<FakePodApi> = () => ({})) => {
  const clock = createFakeClock();
  const recorded = createRecordingMetrics();
  const logger = createRecordingLogger();
  const bench: { mood: ApiMood } = { mood: "works" };
  const api = createFakePodApi({ mood: () => bench.mood });
  const writer = createStatusWriter(
    { api: { ...api, ...change(api) } },
    { clock, random: () => 0, logger, metrics: createStatusWriterMetrics(recorded), ...options },
  );
  const stop = new AbortController();
  const start = (): Promise<void> => {
    const running = writer.run(stop.signal);
    onTestFinished(async () => {
      stop.abort(new Error("the test is over"));
      await running;
      expect(clock.pendingCount).toBe(0);
    });
    return running;
  };
  const create = (name: string): void => writer.observed(api.put(sketchApiPod({ name })));
  const publish = (name: string, phase = "Running", isReady = false): void =>
    writer.publish(api.get(`default/${name}`) ?? {}, sketchStatus({ phase, isReady }), canRun);
  return { api, bench, clock, create, logger, publish, recorded, start, stop, writer };
};

describe("the status writer", () => {
  it("sends nothing before it runs, and the newest of each pod then", async () => {
    const { api, clock, create, publish, start } = setUp();
    create("a");
    publish("a", "Pending");
    publish("a");
    await clock.advance(1000);
    expect(api.requests).toEqual([]);
    void start();
    await clock.advance(0);
    expect(api.requests).toHaveLength(1);
    expect(api.get("default/a")?.status?.phase).toBe("Running");
  });

  it("writes a limited number of pods at a time, and urgent ones besides", async () => {
    const { api, bench, clock, create, publish, start } = setUp({ maxConcurrent: 2 });
    void start();
    const names = ["a", "b", "c", "d", "e"];
    for (const name of names) create(name);
    bench.mood = "hangs";
    for (const name of names) publish(name, "Pending");
    await clock.advance(0);
    expect(api.requests.map((request) => request.split(" ")[1])).toEqual(["a", "b"]);
    for (const name of ["c", "d", "e"]) publish(name);
    await clock.advance(0);
    expect(api.requests.map((request) => request.split(" ").slice(1, 3).join(" "))).toEqual([
      "a normal",
      "b normal",
      "c urgent",
      "d urgent",
    ]);
    bench.mood = "works";
    await clock.advance(11_000);
    expect(names.map((name) => api.get(`default/${name}`)?.status?.phase)).toEqual(["Pending", "Pending", "Running", "Running", "Running"]);
  });

  it("deletes a pod although the versions of the server have gone back, as after a restore of etcd", async () => {
    const { api, clock, create, start, writer } = setUp();
    void start();
    create("a");
    const known = api.get("default/a") ?? {};
    writer.observed({ ...known, metadata: { ...known.metadata, resourceVersion: "900000" } });
    const deleting = api.put({ ...known, metadata: { ...known.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } });
    writer.observed(deleting);
    writer.publish(deleting, sketchStatus({ phase: "Succeeded", exitCode: 0 }), { couldHaveRunningContainers: false });
    writer.finished(deleting);
    await clock.advance(60_000);
    expect(api.requests.map((request) => request.split(" ")[0])).toEqual(["patch", "delete"]);
    expect(api.get("default/a")).toBeUndefined();
  });

  it("does not take the answer to a write for the newest when the watch told of a later version meanwhile", async () => {
    const answered = Promise.withResolvers<void>();
    const { api, clock, create, publish, start, writer } = setUp({}, (real) => ({
      patchStatus: async (...request) => {
        const outcome = await real.patchStatus(...request);
        await answered.promise;
        return outcome;
      },
    }));
    void start();
    create("a");
    publish("a");
    await clock.advance(0);
    const deleting = { ...api.get("default/a")?.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" };
    writer.observed(api.put({ ...api.get("default/a"), metadata: deleting }));
    answered.resolve();
    await clock.advance(0);
    const gone = { ...sketchApiPod({ name: "a" }), status: sketchStatus({ phase: "Succeeded", exitCode: 0 }) };
    writer.publish(gone, gone.status, { couldHaveRunningContainers: false });
    writer.finished(gone);
    await clock.advance(0);
    expect(api.get("default/a")).toBeUndefined();
  });

  it("deletes a pod whose deletion was refused with a conflict though it is the same one, as an admission webhook may", async () => {
    let refusals = 1;
    const { api, clock, create, start, writer } = setUp({}, (real) => ({
      deletePod: async (...request) => {
        refusals -= 1;
        return refusals < 0 ? await real.deletePod(...request) : "conflict";
      },
    }));
    void start();
    create("a");
    const known = api.get("default/a");
    const deleting = api.put({ ...known, metadata: { ...known?.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } });
    writer.observed(deleting);
    writer.publish(deleting, sketchStatus({ phase: "Succeeded", exitCode: 0 }), { couldHaveRunningContainers: false });
    writer.finished(deleting);
    await clock.advance(10_000);
    expect(api.requests.map((request) => request.split(" ")[0])).toEqual(["patch", "get", "delete"]);
    expect(api.get("default/a")).toBeUndefined();
  });

  it("measures from the first change that was not shown, and counts requests and ended containers", async () => {
    const { bench, clock, create, publish, recorded, start, writer } = setUp();
    void start();
    create("a");
    bench.mood = "fails";
    publish("a", "Pending");
    await clock.advance(150);
    publish("a");
    bench.mood = "works";
    await clock.advance(50);
    expect(recorded.observations(SYNC)).toEqual([0.2]);
    expect(recorded.value("nk_pod_status_requests_total", { operation: "patch", outcome: "failed" })).toBe(1);
    expect(recorded.value("nk_pod_status_requests_total", { operation: "patch", outcome: "done" })).toBe(1);
    const pod = sketchApiPod({ name: "a" });
    for (const reason of ["DeadlineExceeded", "Other"])
      writer.publish(pod, sketchStatus({ phase: "Failed", exitCode: 3, reason }), { couldHaveRunningContainers: false });
    await clock.advance(0);
    expect(recorded.value("kubelet_terminated_containers_total", { container_type: "container", exit_code: "3", reason: "Error" })).toBe(1);
  });

  it("does not fight an API server that will not have a field", async () => {
    const { api, clock, create, publish, start, writer } = setUp({}, (fake) => ({
      patchStatus: (target, patch, options) => {
        const { containerStatuses: _dropped, ...status } = patch.status;
        return fake.patchStatus(target, { ...patch, status }, options);
      },
    }));
    void start();
    create("a");
    publish("a");
    await clock.advance(0);
    await writer.onIdle();
    expect(api.requests).toHaveLength(1);
    await clock.advance(3_600_000);
    expect(api.requests).toHaveLength(2);
    publish("a", "Running", true);
    await clock.advance(3_600_000);
    expect(api.requests).toHaveLength(4);
  });

  it("is idle when nothing is left to be written, and tells so whoever waits, unless he gives up", async () => {
    const { bench, clock, create, publish, start, writer } = setUp();
    void start();
    await writer.onIdle();
    create("a");
    bench.mood = "fails";
    publish("a");
    let isIdle = false;
    const idle = writer.onIdle().then(() => (isIdle = true));
    const impatient = new AbortController();
    const given = writer.onIdle({ signal: impatient.signal });
    impatient.abort(new Error("no time"));
    await expect(given).rejects.toThrow("no time");
    await clock.advance(100);
    expect(isIdle).toBe(false);
    bench.mood = "works";
    await clock.advance(100);
    await idle;
    expect(writer.writeState("a")).toEqual({ state: "idle", failures: 0, hasTarget: true, isShown: true });
  });

  it("aborts its requests when it is stopped, and leaves nothing behind", async () => {
    const { bench, clock, create, publish, start, stop, writer } = setUp();
    const running = start();
    create("a");
    create("b");
    bench.mood = "fails";
    publish("b");
    await clock.advance(0);
    bench.mood = "hangs";
    publish("a");
    await clock.advance(0);
    stop.abort(new Error("shutdown"));
    await running;
    expect(clock.pendingCount).toBe(0);
    publish("a", "Pending");
    await clock.advance(100_000);
    expect(writer.writeState("a")?.isShown).toBe(false);
  });

  it("tells in the log and by state why a status is not shown", async () => {
    const { clock, create, logger, publish, start, writer } = setUp({}, () => ({
      patchStatus: () => Promise.resolve({ type: "refused", message: "status.phase: Unsupported value" }),
    }));
    void start();
    create("a");
    publish("a");
    await clock.advance(0);
    expect(writer.writeState("a")).toMatchObject({ state: "waiting", failures: 1, isShown: false });
    expect(logger.entries.find(({ level }) => level === "warn")?.fields["error"]).toMatchObject({
      message: "the API refuses the status: status.phase: Unsupported value",
    });
  });
});
