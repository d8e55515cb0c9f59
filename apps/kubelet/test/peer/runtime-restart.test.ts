import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Pod } from "@nk/pod-model";
import { systemClock } from "@nk/stdx";
import type { ContainerdVersion } from "@nk/tool-lab";
import { listHeldContainers, listHeldSandboxes } from "../host-state.ts";
import { SLEEP, podOf, shell } from "../manifests.ts";
import { closeLeakFree, openRig, report, timed, untilPod } from "../rig.ts";
import type { Rig } from "../rig.ts";

const OUTAGE_MS = 20_000;
/** What "promptly" means for a pod that was written during the outage. */
const PROMPT_MS = 3000;

const versions: readonly ContainerdVersion[] = ["1.6", "2.1"];

/** Runs until the test writes a file, fails once, and runs for good after that. */
const failsOnce = (signalsDir: string): Pod =>
  podOf(
    "fails-once",
    [
      shell(
        "main",
        `if [ -e /data/failed ]; then ${SLEEP}; fi; touch /data/failed; until [ -e /signals/exit ]; do sleep 0.1; done; exit 7`,
        {
          volumeMounts: [
            { name: "data", mountPath: "/data" },
            { name: "signals", mountPath: "/signals" },
          ],
        },
      ),
    ],
    {
      volumes: [
        { name: "data", emptyDir: {} },
        { name: "signals", hostPath: { path: signalsDir } },
      ],
    },
  );

const STEADY: readonly Pod[] = [
  podOf("plain", [shell("main", SLEEP)]),
  podOf("sidecar", [shell("a", SLEEP), shell("b", SLEEP)], {
    initContainers: [shell("proxy", SLEEP, { restartPolicy: "Always" }), shell("first", "true")],
  }),
  podOf("ended", [shell("main", "exit 4")], { restartPolicy: "Never" }),
];

const allRun = ({ status }: Pod): boolean =>
  (status?.containerStatuses ?? []).length > 0 && (status?.containerStatuses ?? []).every(({ state }) => state?.running !== undefined);

const statesOf = async (rig: Rig, names: readonly string[]): Promise<object> =>
  Object.fromEntries(
    await Promise.all(
      names.map(async (name) => {
        const status = (await rig.pod(name))?.status;
        const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
        const facts = containers.map(({ containerID, restartCount, state }) => ({ containerID, restartCount, state }));
        return [name, { phase: status?.phase, facts }] as const;
      }),
    ),
  );

const runOutage = async (rig: Rig): Promise<{ readonly text: string; readonly lateMs: number }> => {
  const signalsDir = join(rig.lab.dir, "signals");
  await mkdir(signalsDir);
  const steady = STEADY.map(({ metadata }) => metadata?.name ?? "");
  for (const pod of [...STEADY, failsOnce(signalsDir)]) await rig.write(`${pod.metadata?.name}.json`, pod);
  await untilPod(rig, "plain", allRun);
  await untilPod(rig, "sidecar", allRun);
  await untilPod(rig, "ended", ({ status }) => status?.phase === "Failed");
  await untilPod(rig, "fails-once", allRun);
  const before = await statesOf(rig, steady);
  const { pid } = rig.kubelet;

  await rig.lab.stopRuntime("SIGKILL");
  await writeFile(join(signalsDir, "exit"), "");
  // The time itself is the subject: what runs must not care how long it lasts.
  await systemClock.sleep(OUTAGE_MS / 2);
  await rig.write("late.json", podOf("late", [shell("main", SLEEP)]));
  await systemClock.sleep(OUTAGE_MS / 2);
  expect(await statesOf(rig, steady), "what /pods shows during the outage").toEqual(before);

  const { tookMs: backMs } = await timed(() => rig.lab.startRuntime());
  const [late, again] = await Promise.all([
    timed(() => untilPod(rig, "late", allRun)),
    timed(() => untilPod(rig, "fails-once", (pod) => allRun(pod) && pod.status?.containerStatuses?.[0]?.restartCount === 1)),
  ]);
  // containerd 2.1 may not know how a container ended that it did not see end, and says 255, "Unknown".
  expect([7, 255]).toContain(again.value.status?.containerStatuses?.[0]?.lastState?.terminated?.exitCode);
  expect(await statesOf(rig, steady), "what /pods shows after the outage").toEqual(before);
  expect(rig.kubelet.pid).toBe(pid);
  process.kill(pid, 0);

  const running = (await listHeldContainers(rig)).filter(({ state }) => state === "running");
  expect(new Set(running.map(({ uid, name }) => `${uid} ${name}`)).size).toBe(running.length);
  expect(running).toHaveLength(6);
  expect((await listHeldSandboxes(rig)).filter(({ isReady }) => isReady)).toHaveLength(4);
  const text =
    `${OUTAGE_MS / 1000} s without a runtime; it took ${backMs} ms to come back; the pod written meanwhile ran ${late.tookMs} ms later, ` +
    `the container that ended meanwhile ${again.tookMs} ms later; 4 steady containers and the kubelet untouched`;
  return { text, lateMs: late.tookMs };
};

describe("a runtime that goes away", () => {
  // Most of it is waiting, so both wait at the same time.
  it.concurrent.each(versions)("is a non-event for what runs, on containerd %s", async (containerd) => {
    const rig = await openRig({ containerd });
    try {
      const { text, lateMs } = await runOutage(rig);
      report(`runtime restart on ${containerd}: ${text}`);
      expect(lateMs).toBeLessThan(PROMPT_MS);
    } finally {
      await closeLeakFree(rig);
    }
  });
});
