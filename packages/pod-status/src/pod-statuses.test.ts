import type { Pod, RuntimeContainerStatus, RuntimePodStatus } from "@nk/pod-model";
import { createFakeClock, createRecordingLogger } from "@nk/stdx/testing";
import { describe, expect, it } from "vitest";
import { createPodStatuses } from "./index.ts";
import type { PodStatuses } from "./index.ts";
import { sketchInstance, sketchObserved } from "./testing/sketch-observed.ts";

const pod: Pod = {
  metadata: { name: "p", namespace: "default", uid: "u" },
  spec: { restartPolicy: "Never", containers: [{ name: "main", image: "busybox" }] },
};

const container = (state: "running" | "exited", id = "c"): RuntimeContainerStatus =>
  sketchInstance({ id, state, exitCode: state === "exited" ? 1 : 0 });

const observe = (...containers: readonly RuntimeContainerStatus[]): RuntimePodStatus => sketchObserved(containers, []);

interface Bench {
  readonly statuses: PodStatuses;
  observed: RuntimePodStatus | undefined;
  readonly reads: string[];
  readonly phases: (string | undefined)[];
}

const bench = (read: () => Promise<string> = () => Promise.resolve("bye")): Bench => {
  const reads: string[] = [];
  const phases: (string | undefined)[] = [];
  const made: Bench = {
    observed: undefined,
    reads,
    phases,
    statuses: createPodStatuses(
      {
        observed: () => made.observed,
        probes: () => new Map(),
        readTerminationMessage: (_pod, { id }) => {
          reads.push(id);
          return read();
        },
      },
      { runtimeName: () => "containerd", nodeIps: () => [], clock: createFakeClock() },
    ),
  };
  made.statuses.subscribe(({ status }) => phases.push(status.phase));
  return made;
};

const still = { stoppedForGood: false };

describe("the store of pod statuses", () => {
  it("tells each change once, and nothing when nothing changed", async () => {
    const made = bench();
    await made.statuses.publish(pod, still);
    await made.statuses.refresh("u");
    made.observed = observe(container("running"));
    await made.statuses.refresh("u");
    await made.statuses.publish(pod, still);
    expect(made.phases).toEqual(["Pending", "Running"]);
  });

  it("reads the message of an ended container once, before its end shows", async () => {
    const made = bench();
    await made.statuses.publish(pod, still);
    made.observed = observe(container("exited"));
    await made.statuses.refresh("u");
    await made.statuses.refresh("u");
    expect(made.statuses.get("u")?.containerStatuses?.[0]?.state?.terminated).toMatchObject({ exitCode: 1, message: "bye" });
    expect(made.reads).toEqual(["c"]);
  });

  it("shows the end without a message when the message cannot be read", async () => {
    const made = bench(() => Promise.reject(new Error("EIO")));
    made.observed = observe(container("exited"));
    const status = await made.statuses.publish(pod, still);
    expect(status).toMatchObject({ phase: "Failed", containerStatuses: [{ state: { terminated: { exitCode: 1 } } }] });
  });

  it("keeps an override from the moment it is given", async () => {
    const made = bench();
    await made.statuses.publish(pod, { ...still, override: { phase: "Failed", reason: "Evicted", message: "no room" } });
    const status = await made.statuses.publish(pod, { stoppedForGood: true });
    expect(status).toMatchObject({ phase: "Failed", reason: "Evicted", message: "no room" });
  });

  it("shows why a container waits, until the next sync says otherwise", async () => {
    const made = bench();
    await made.statuses.publish(pod, still);
    made.statuses.explainWaiting("u", new Map([["main", { reason: "ErrImagePull", message: "no" }]]));
    await made.statuses.refresh("u");
    expect(made.statuses.get("u")?.containerStatuses?.[0]?.state?.waiting?.reason).toBe("ErrImagePull");
    made.statuses.explainWaiting("u", new Map());
    await made.statuses.refresh("u");
    expect(made.statuses.get("u")?.containerStatuses?.[0]?.state?.waiting?.reason).toBe("ContainerCreating");
  });

  it("forgets a pod for good, even in the middle of computing", async () => {
    const gate = Promise.withResolvers<string>();
    const made = bench(() => gate.promise);
    made.observed = observe(container("exited"));
    const published = made.statuses.publish(pod, still);
    made.statuses.forget("u");
    gate.resolve("late");
    await published;
    await made.statuses.refresh("u");
    expect([made.statuses.get("u"), made.phases]).toEqual([undefined, []]);
  });

  it("logs a status that cannot be computed for one who does not wait, and tells one who does", async () => {
    const logger = createRecordingLogger();
    const statuses = createPodStatuses(
      { observed: () => undefined, probes: () => new Map(), readTerminationMessage: () => Promise.resolve("") },
      { runtimeName: () => "containerd", nodeIps: () => [], clock: createFakeClock(), logger },
    );
    await statuses.publish(pod, still);
    statuses.subscribe(() => {
      throw new Error("a listener is broken");
    });
    statuses.explainWaiting("u", new Map([["main", { reason: "ErrImagePull", message: "gone" }]]));
    await expect(statuses.refresh("u")).resolves.toBeUndefined();
    expect(logger.entries).toMatchObject([{ level: "error", message: "pod status cannot be computed", fields: { podUid: "u" } }]);
    statuses.explainWaiting("u", new Map([["main", { reason: "ImagePullBackOff", message: "gone" }]]));
    await expect(statuses.publish(pod, still)).rejects.toThrow("a listener is broken");
  });
});
