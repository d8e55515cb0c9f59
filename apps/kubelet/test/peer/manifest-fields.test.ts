import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ContainerRestartRule, ContainerStatus, Pod } from "@nk/pod-model";
import { SLEEP, podOf, shell } from "../manifests.ts";
import { closeLeakFree, NODE_NAME, openRig, untilPod } from "../rig.ts";
import type { Rig } from "../rig.ts";

const named = ({ status }: Pod, name: string): ContainerStatus | undefined => status?.containerStatuses?.find((one) => one.name === name);
const messageOf = (pod: Pod, name: string): string | undefined => named(pod, name)?.state?.terminated?.message;
const isOver = ({ status }: Pod): boolean => status?.phase === "Succeeded" || status?.phase === "Failed";

/** A container's last words, once it has ended. */
const SAY = "> /dev/termination-log";
const on = (action: string, ...values: readonly number[]): readonly ContainerRestartRule[] => [
  { action, exitCodes: { operator: "In", values } },
];
/** Ends with the code the first time, and well the second; `/data` outlives it. */
const onceWith = (code: number, name = "main"): string =>
  `echo run >> /data/${name}; if [ $(wc -l < /data/${name}) -gt 1 ]; then exit 0; fi; exit ${code}`;
const data = { volumeMounts: [{ name: "data", mountPath: "/data" }] };
const dataVolume = { volumes: [{ name: "data", emptyDir: {} }] };

describe("pods from a manifest directory do as pods of the API do, on containerd 2.1", () => {
  let opened: Rig | undefined;
  const rig = (): Rig => {
    if (opened === undefined) throw new Error("the rig is not open");
    return opened;
  };
  const run = (pod: Pod): Promise<void> => rig().write(`${pod.metadata?.name}.json`, pod);

  beforeAll(async () => {
    opened = await openRig({ containerd: "2.1" });
  });
  afterAll(() => closeLeakFree(opened));

  it("ends a pod past its active deadline as failed, and does not begin it again", async () => {
    await run(podOf("late", [shell("main", SLEEP)], { activeDeadlineSeconds: 2 }));
    const before = await untilPod(rig(), "late", (pod) => named(pod, "main")?.state?.running !== undefined);
    const pod = await untilPod(rig(), "late", (one) => isOver(one) && named(one, "main")?.state?.terminated !== undefined);
    expect(pod.status).toMatchObject({
      phase: "Failed",
      reason: "DeadlineExceeded",
      message: "Pod was active on the node longer than the specified deadline",
    });
    const { finishedAt, containerID } = named(pod, "main")?.state?.terminated ?? {};
    expect(containerID).toBe(named(before, "main")?.containerID);
    expect(Date.parse(finishedAt ?? "") - Date.parse(pod.status?.startTime ?? "")).toBeGreaterThanOrEqual(1000);
    // Whatever comes later is read by the same kubelet: the pod that is over stays so.
    await run(podOf("after", [shell("main", "true")], { restartPolicy: "Never" }));
    await untilPod(rig(), "after", isOver);
    expect((await rig().pod("late"))?.status).toEqual(pod.status);
  });

  it("shows a pod's fields as files, of a downwardAPI volume and of a projected one", async () => {
    const fields = podOf("fields", [
      shell("main", `(cat /info/labels; echo; cat /info/a/b; echo; cat /all/name; stat -L -c %a /info/labels /all/name) ${SAY}`, {
        resources: { limits: { memory: "64Mi" } },
        volumeMounts: [
          { name: "info", mountPath: "/info" },
          { name: "all", mountPath: "/all" },
        ],
      }),
    ]);
    await run({
      ...fields,
      metadata: { ...fields.metadata, labels: { app: "web", "example.org/tier": "front" } },
      spec: {
        containers: [],
        ...fields.spec,
        restartPolicy: "Never",
        volumes: [
          {
            name: "info",
            downwardAPI: {
              defaultMode: 0o440,
              items: [
                { path: "labels", fieldRef: { fieldPath: "metadata.labels" } },
                { path: "a/b", resourceFieldRef: { containerName: "main", resource: "limits.memory", divisor: "1Mi" } },
              ],
            },
          },
          {
            name: "all",
            projected: { sources: [{ downwardAPI: { items: [{ path: "name", fieldRef: { fieldPath: "metadata.name" } }] } }] },
          },
        ],
      },
    });
    const pod = await untilPod(rig(), "fields", isOver);
    expect(messageOf(pod, "main")?.split("\n")).toEqual([
      'app="web"',
      'example.org/tier="front"',
      "64",
      `fields-${NODE_NAME}440`,
      "644",
      "",
    ]);
  });

  it("restarts a container by its own policy and its rules, whatever the pod's policy", async () => {
    await run(
      podOf(
        "rules",
        [
          shell("main", onceWith(42), { restartPolicy: "Never", restartPolicyRules: on("Restart", 42), ...data }),
          shell("left", onceWith(43, "left"), { restartPolicy: "Never", restartPolicyRules: on("Restart", 42), ...data }),
          shell("failing", onceWith(1, "failing"), { restartPolicy: "OnFailure", ...data }),
        ],
        {
          restartPolicy: "Never",
          initContainers: [shell("init", onceWith(7, "init"), { restartPolicy: "Never", restartPolicyRules: on("Restart", 7), ...data })],
          ...dataVolume,
        },
      ),
    );
    const pod = await untilPod(rig(), "rules", isOver);
    expect(pod.status?.phase).toBe("Failed");
    const ends = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])].map(
      ({ name, restartCount, state }) => `${name} ${restartCount} ${state?.terminated?.exitCode}`,
    );
    expect(ends.toSorted()).toEqual(["failing 1 0", "init 1 0", "left 0 43", "main 1 0"]);
  });

  it("restarts all containers when a rule says so", async () => {
    const initial = shell("init", "echo run >> /data/init", data);
    const rule = { restartPolicy: "Never", restartPolicyRules: on("RestartAllContainers", 88), ...data };
    await run(
      podOf("all", [shell("main", onceWith(88), rule), shell("other", `wc -l < /data/init ${SAY}`, data)], {
        restartPolicy: "Never",
        initContainers: [initial],
        ...dataVolume,
      }),
    );
    const pod = await untilPod(rig(), "all", ({ status }) => status?.phase === "Succeeded");
    expect(messageOf(pod, "other")?.trim()).toBe("2");
    expect([named(pod, "main")?.restartCount, named(pod, "other")?.restartCount]).toEqual([1, 1]);
  });

  it("gives a pod as a whole what its containers share", async () => {
    const limit = "cat /sys/fs/cgroup/memory.max 2>/dev/null || cat /sys/fs/cgroup/memory/memory.limit_in_bytes";
    await run(
      podOf("whole", [shell("main", `(${limit}) ${SAY}`, { resizePolicy: [{ resourceName: "cpu", restartPolicy: "NotRequired" }] })], {
        restartPolicy: "Never",
        resources: { limits: { cpu: "1", memory: "96Mi" } },
      }),
    );
    const pod = await untilPod(rig(), "whole", isOver);
    expect(messageOf(pod, "main")?.trim()).toBe(`${96 * 1024 * 1024}`);
    expect(pod.spec?.resources).toEqual({ limits: { cpu: "1", memory: "96Mi" }, requests: { cpu: "1", memory: "96Mi" } });
    expect(pod.status?.qosClass).toBe("Guaranteed");
  });

  it("does not run a pod that asks for more huge pages than there are", async () => {
    const limits = { memory: "32Mi", "hugepages-2Mi": "1Pi" };
    await run(podOf("pages", [shell("main", SLEEP, { resources: { limits } })]));
    const pod = await untilPod(rig(), "pages", isOver);
    // A static pod is critical: room is looked for among the others first.
    expect(pod.status).toMatchObject({ phase: "Failed", reason: "UnexpectedAdmissionError" });
    expect(pod.status?.message).toContain(`no set of running pods found to reclaim resources: [(res: hugepages-2Mi, q: ${2 ** 50}), ]`);
  });
});
