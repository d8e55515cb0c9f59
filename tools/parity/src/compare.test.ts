import { readRecording, recordingNames } from "@nk/tool-recordings";
import type { Json, JsonObject } from "@nk/tool-recordings";
import { describe, expect, it } from "vitest";
import { compareObservations } from "./compare.ts";
import type { Difference } from "./difference.ts";
import { observationOfRecording } from "./observation.ts";
import type { Observation } from "./observation.ts";
import type { PodCall } from "./pod-calls.ts";
import { traitsOf } from "./traits.ts";

const recorded = (name: string): Observation => observationOfRecording(name, readRecording(name));

/** Compares a recording with itself after something has been planted. */
const differencesOf = (name: string, plant: (run: Observation) => Observation): readonly Difference[] =>
  compareObservations(recorded(name), plant(recorded(name)), traitsOf(name)).differences;

const pathsOf = (differences: readonly Difference[]): readonly string[] => differences.map(({ section, path }) => `${section}: ${path}`);

const withCalls =
  (change: (calls: readonly PodCall[]) => readonly PodCall[]) =>
  (run: Observation): Observation => ({
    ...run,
    calls: change(run.calls),
  });

const changeConfig = (call: PodCall, change: (config: JsonObject) => JsonObject): PodCall => ({
  ...call,
  req: { ...call.req, config: change(call.req["config"] as JsonObject) },
});

const indexOf = (calls: readonly PodCall[], method: string): number => calls.findIndex((call) => call.method === method);

/** The last status of a phase with something planted. */
const withLast =
  (phase: "run" | "delete", plant: (status: JsonObject) => JsonObject) =>
  (run: Observation): Observation => {
    const last = run.statuses.findLastIndex((one) => one.phase_of_test === phase);
    return {
      ...run,
      statuses: run.statuses.map((one, index) => (index === last ? { ...one, status: plant(one.status as JsonObject) } : one)),
    };
  };

describe("a recording compared with itself", () => {
  it.each(recordingNames)("%s does not differ", (name) => {
    expect(differencesOf(name, (run) => run)).toEqual([]);
  });
});

describe("a planted difference in the calls to the runtime", () => {
  it("is found when a call is missing", () => {
    const drop = withCalls((calls) => calls.filter(({ method }) => method !== "StopContainer"));
    expect(differencesOf("p01-minimal", drop)).toEqual([
      { section: "cri", path: "StopContainer[main 0]", recorded: "after StartContainer[main 0]", ours: undefined },
    ]);
  });

  it("is found when a call is made twice", () => {
    const repeat = withCalls((calls) => calls.flatMap((call) => (call.method === "StartContainer" ? [call, call] : [call])));
    expect(pathsOf(differencesOf("p01-minimal", repeat))).toEqual(["cri: StartContainer[main 0]"]);
  });

  it("is found in the depth of a request, at its place only", () => {
    const change = withCalls((calls) =>
      calls.map((call) =>
        call.method === "CreateContainer" ? changeConfig(call, (config) => ({ ...config, log_path: "main/1.log" })) : call,
      ),
    );
    expect(differencesOf("p01-minimal", change)).toEqual([
      { section: "cri", path: "CreateContainer[main 0].config.log_path", recorded: "main/0.log", ours: "main/1.log" },
    ]);
  });

  it("is found when mounts come in another order", () => {
    const reverse = withCalls((calls) =>
      calls.map((call) =>
        call.method === "CreateContainer"
          ? changeConfig(call, (config) => ({ ...config, mounts: (config["mounts"] as readonly Json[]).toReversed() }))
          : call,
      ),
    );
    expect(differencesOf("p01-minimal", reverse).length).toBeGreaterThan(0);
  });

  it("is found when two steps change places", () => {
    const swap = withCalls((calls) => {
      const at = indexOf(calls, "StopPodSandbox");
      return [...calls.slice(0, at - 1), ...calls.slice(at - 1, at + 1).toReversed(), ...calls.slice(at + 1)];
    });
    expect(pathsOf(differencesOf("p01-minimal", swap)).length).toBeGreaterThan(0);
  });

  it("is found when containers start in another order", () => {
    const swap = withCalls((calls) => {
      const at = indexOf(calls, "CreateContainer");
      return [...calls.slice(0, at), ...calls.slice(at + 2, at + 4), ...calls.slice(at, at + 2), ...calls.slice(at + 4)];
    });
    expect(pathsOf(differencesOf("p05-burstable", swap))).toEqual(
      ["CreateContainer", "StartContainer", "CreateContainer", "StartContainer"].map(
        (method) => expect.stringMatching(`cri: ${method}`) as string,
      ),
    );
  });

  it("is found when a pull fails in another way", () => {
    const change = withCalls((calls) =>
      calls.map((call) => (call.method === "PullImage" ? { ...call, err: { code: 5, details: "not found" } } : call)),
    );
    expect(pathsOf(differencesOf("p27-image-missing", change))).toEqual([
      "cri: PullImage[registry.invalid/none:1].<error>.code",
      "cri: PullImage[registry.invalid/none:1].<error>.details",
    ]);
  });

  it("is none when containers are stopped or removed in another order, which is chance", () => {
    const reverse = withCalls((calls) => {
      const at = indexOf(calls, "StopContainer");
      return [...calls.slice(0, at), ...calls.slice(at, at + 2).toReversed(), ...calls.slice(at + 2)];
    });
    expect(differencesOf("p05-burstable", reverse)).toEqual([]);
  });

  it("is none when garbage is collected later or sooner", () => {
    const drop = withCalls((calls) => calls.filter(({ method }) => method !== "RemoveContainer"));
    expect(differencesOf("p01-minimal", drop)).toEqual([]);
    const add = withCalls((calls) => [...calls, { method: "RemovePodSandbox", req: { pod_sandbox_id: "<sandbox0>" }, answeredAtMs: 0 }]);
    expect(differencesOf("p01-minimal", add)).toEqual([]);
  });
});

describe("a planted difference in the statuses", () => {
  it("is found in the last one before deletion", () => {
    expect(
      pathsOf(
        differencesOf(
          "p01-minimal",
          withLast("run", (status) => ({ ...status, qosClass: "Burstable" })),
        ),
      ),
    ).toEqual(["statuses: last run.qosClass"]);
  });

  it("is found in the last one after deletion", () => {
    const differences = differencesOf(
      "p01-minimal",
      withLast("delete", (status) => ({ ...status, phase: "Succeeded" })),
    );
    expect(differences).toEqual([{ section: "statuses", path: "last delete.phase", recorded: "Failed", ours: "Succeeded" }]);
  });

  it("is found when a status on the way is not shown", () => {
    const drop = (run: Observation): Observation => ({ ...run, statuses: run.statuses.filter((_, index) => index !== 2) });
    expect(pathsOf(differencesOf("p01-minimal", drop))).toEqual([
      expect.stringMatching(/^statuses: on the way: Pending PodReadyToStartContainers=True/u),
    ]);
  });

  it("is found when a pod is ready in between that was not", () => {
    const flip = (run: Observation): Observation => {
      const ready = run.statuses.findLast((one) => one.phase_of_test === "run");
      const unready = run.statuses[2];
      if (ready === undefined || unready === undefined) throw new Error("the recording has too few statuses");
      return { ...run, statuses: [...run.statuses.slice(0, 4), unready, ready, ...run.statuses.slice(4)] };
    };
    expect(differencesOf("p01-minimal", flip)).toEqual([
      {
        section: "statuses",
        path: "course",
        recorded: "Pending > Running, ready",
        ours: "Pending > Running, ready > Pending > Running, ready",
      },
    ]);
  });

  it("is found when the pod has resources that were never shown", () => {
    const plant = withLast("run", (status) => ({ ...status, resources: { limits: { cpu: "1" } } }));
    expect(pathsOf(differencesOf("p01-minimal", plant))).toEqual(["statuses: last run.resources.limits"]);
  });

  it("is none when the resources are those of another time, which is chance", () => {
    expect(
      differencesOf(
        "p01-minimal",
        withLast("delete", (status) => ({ ...status, resources: {} })),
      ),
    ).toEqual([]);
  });

  it("is a note when there are more steps in between", () => {
    const add = (run: Observation): Observation => {
      const extra = { ...(run.statuses[2]?.status as JsonObject), conditions: [] };
      return { ...run, statuses: [...run.statuses.slice(0, 3), { phase_of_test: "run", status: extra }, ...run.statuses.slice(3)] };
    };
    const { differences, notes } = compareObservations(recorded("p01-minimal"), add(recorded("p01-minimal")), traitsOf("p01-minimal"));
    expect(differences).toEqual([]);
    expect(notes).toEqual(["shown, not recorded: Pending main=waiting(ContainerCreating)"]);
  });

  it("is found when nothing is shown at all", () => {
    expect(pathsOf(differencesOf("p01-minimal", (run) => ({ ...run, statuses: [] })))).toEqual(
      expect.arrayContaining(["statuses: last run", "statuses: last delete", "statuses: course"]),
    );
  });
});

describe("a planted difference in the events", () => {
  it("is found when one is missing, is new, or is told otherwise", () => {
    const change = (run: Observation): Observation => ({
      ...run,
      events: run.events.map((event) => (event.reason === "Started" ? { ...event, message: "Started container main" } : event)),
    });
    expect(pathsOf(differencesOf("p01-minimal", change))).toEqual([
      "events: Normal Started spec.containers{main}: Container started",
      "events: Normal Started spec.containers{main}: Started container main",
    ]);
  });

  it("is found in the count", () => {
    const twice = (run: Observation): Observation => ({
      ...run,
      events: run.events.map((event) => ({ ...event, count: event.count + 1 })),
    });
    expect(differencesOf("p10-nonroot-denied", twice)).toHaveLength(3);
  });

  it("is none in the count of what repeats, nor for a probe that came too soon", () => {
    const more = (run: Observation): Observation => ({
      ...run,
      events: run.events
        .filter(({ message }) => !message.endsWith("connection refused"))
        .map((event) => (event.reason === "Unhealthy" ? { ...event, count: 99 } : event)),
    });
    expect(differencesOf("p40-grpc-probe", more)).toEqual([]);
  });
});

describe("a planted difference in the logs", () => {
  it("is found at its line", () => {
    const change = (run: Observation): Observation => ({ ...run, logs: { ...run.logs, i2: "three\n" } });
    expect(differencesOf("p18-init", change)).toEqual([{ section: "logs", path: "i2 line 1", recorded: "two", ours: "three" }]);
  });

  it("is found when a container has none", () => {
    const drop = (run: Observation): Observation => ({ ...run, logs: {} });
    expect(pathsOf(differencesOf("p01-minimal", drop))).toEqual(["logs: main"]);
  });
});
