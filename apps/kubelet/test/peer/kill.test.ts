import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Pod } from "@nk/pod-model";
import { createSeededRandom, systemClock } from "@nk/stdx";
import type { RandomSource } from "@nk/stdx";
import { findLeaked, listRepeated, watchStarts } from "../container-starts.ts";
import { listHeldContainers, listHeldSandboxes, readPodTraces } from "../host-state.ts";
import { SLEEP, podOf, shell } from "../manifests.ts";
import { closeLeakFree, NODE_NAME, openRig, report, timed } from "../rig.ts";
import type { Rig } from "../rig.ts";
import { until } from "../until.ts";

const KILLS = 50;
const seed = Number(process.env["NK_SEED"] ?? systemClock.nowMs() % 1_000_000);

/** Pods that stay as they are: whatever a restart could disturb. */
const STABLE: readonly Pod[] = [
  podOf("plain", [shell("main", SLEEP)]),
  podOf("two", [shell("a", SLEEP), shell("b", SLEEP)]),
  podOf("init", [shell("main", SLEEP)], { initContainers: [shell("first", "true"), shell("second", "true")] }),
  podOf("sidecar", [shell("main", SLEEP)], {
    initContainers: [shell("proxy", SLEEP, { restartPolicy: "Always" }), shell("first", "true")],
  }),
  podOf("never", [shell("main", SLEEP), shell("done", "true"), shell("failed", "exit 3")], { restartPolicy: "Never" }),
  podOf("on-failure", [shell("main", SLEEP), shell("done", "true")], { restartPolicy: "OnFailure" }),
  podOf("host", [shell("main", SLEEP)], { hostNetwork: true }),
  podOf(
    "hooked",
    [
      shell("main", SLEEP, {
        lifecycle: { postStart: { exec: { command: ["sh", "-c", "echo started >> /data/hooks"] } } },
        volumeMounts: [{ name: "data", mountPath: "/data" }],
        resources: { limits: { cpu: "100m", memory: "32Mi" } },
      }),
    ],
    { volumes: [{ name: "data", emptyDir: {} }] },
  ),
];

const churned = (name: string, version: number, random: RandomSource): Pod => {
  const main = shell("main", SLEEP, { env: [{ name: "VERSION", value: `${version}` }] });
  const kind = Math.floor(random() * 4);
  if (kind === 0) return podOf(name, [main], { initContainers: [shell("first", "true")] });
  if (kind === 1) return podOf(name, [main, shell("other", SLEEP)]);
  if (kind === 2) return podOf(name, [main], { initContainers: [shell("proxy", SLEEP, { restartPolicy: "Always" })] });
  return podOf(name, [main]);
};

let rig: Rig | undefined;

beforeAll(async () => {
  rig = await openRig({ containerd: "2.1" });
});
afterAll(() => closeLeakFree(rig));

/** Containers of the stable pods that end by themselves: seen running they are about to be something else. */
const ENDING: ReadonlySet<string> = new Set(["first", "second", "done", "failed"]);

const isSettled = ({ status }: Pod): boolean => {
  const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return (
    all.length > 0 && all.every(({ name, state }) => state?.terminated !== undefined || (state?.running !== undefined && !ENDING.has(name)))
  );
};

/** What must not change about a pod that nobody touched. */
const identity = ({ metadata, status }: Pod): object => ({
  uid: metadata?.uid,
  phase: status?.phase,
  containers: [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].map(
    ({ name, containerID, restartCount, state }) => ({ name, containerID, restartCount, state }),
  ),
});

/** Writes, changes or removes a few of the churning files. */
const churnOnce = async (open: Rig, wanted: Map<string, Pod>, random: RandomSource, version: number): Promise<number> => {
  const changes = 1 + Math.floor(random() * 2);
  for (let n = 0; n < changes; n += 1) {
    const name = `churn-${Math.floor(random() * 6)}`;
    if (wanted.has(name) && random() < 0.4) {
      wanted.delete(name);
      await open.remove(`${name}.json`);
      continue;
    }
    const pod = churned(name, version * 10 + n, random);
    wanted.set(name, pod);
    await (random() < 0.5 ? open.write(`${name}.json`, pod) : open.writeInPlace(`${name}.json`, pod));
  }
  return changes;
};

const containerNames = (pod: Pod): readonly string[] =>
  [...(pod.spec?.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always"), ...(pod.spec?.containers ?? [])].map(
    ({ name }) => name,
  );

/** The runtime holds one ready sandbox and one running container for everything that is wanted, and nothing of anything else but `leftOut`. */
const compareWithWanted = async (open: Rig, wanted: ReadonlyMap<string, Pod>, leftOut: ReadonlySet<string>): Promise<string> => {
  const uids = new Map((await open.kubelet.listPods()).map(({ metadata }) => [metadata?.name ?? "", metadata?.uid ?? ""]));
  const isJudged = (uid: string | undefined): boolean => uid === undefined || !leftOut.has(uid);
  const expected = [...wanted]
    .filter(([name]) => isJudged(uids.get(`${name}-${NODE_NAME}`)))
    .flatMap(([name, pod]) => containerNames(pod).map((container) => `${uids.get(`${name}-${NODE_NAME}`)} ${container}`))
    .toSorted();
  const stableUids = new Set(STABLE.map(({ metadata }) => uids.get(`${metadata?.name}-${NODE_NAME}`)));
  const containers = (await listHeldContainers(open)).filter(({ uid }) => !stableUids.has(uid) && isJudged(uid));
  const running = containers
    .filter(({ state }) => state === "running")
    .map(({ uid, name }) => `${uid} ${name}`)
    .toSorted();
  const sandboxes = (await listHeldSandboxes(open)).filter(({ uid }) => !stableUids.has(uid) && isJudged(uid));
  const wantedUids = [...wanted.keys()]
    .map((name) => uids.get(`${name}-${NODE_NAME}`) ?? name)
    .filter(isJudged)
    .toSorted();
  const problems = [
    running.join() === expected.join() ? "" : `running ${running.join()}, wanted ${expected.join()}`,
    sandboxes
      .map(({ uid, isReady }) => `${uid}${isReady ? "" : " not ready"}`)
      .toSorted()
      .join() === wantedUids.join()
      ? ""
      : `sandboxes ${JSON.stringify(sandboxes)}, wanted ${wantedUids.join()}`,
    containers.every(({ uid }) => wantedUids.includes(uid)) ? "" : "containers of a pod that is gone",
    containers.every(({ state }) => state === "running" || state === "exited")
      ? ""
      : `a container that never started: ${JSON.stringify(containers)}`,
  ];
  return problems.filter((problem) => problem !== "").join("; ");
};

describe(`a kubelet that is killed again and again (seed ${seed})`, () => {
  it(`restarts, doubles and loses no container in ${KILLS} kills under a churning set of pods`, async () => {
    if (rig === undefined) throw new Error("the rig is not open");
    const open = rig;
    const random = createSeededRandom(seed);
    for (const pod of STABLE) await open.write(`${pod.metadata?.name}.json`, pod);
    const stablePods = async (): Promise<readonly Pod[]> => {
      const pods = await open.kubelet.listPods();
      return STABLE.flatMap(({ metadata }) => pods.find((pod) => pod.metadata?.name === `${metadata?.name}-${NODE_NAME}`) ?? []);
    };
    const before = await until("the stable pods to run", async () => {
      const pods = await stablePods();
      return pods.length === STABLE.length && pods.every(isSettled) ? pods.map(identity) : undefined;
    });

    const watching = new AbortController();
    const watchingAgain = new AbortController();
    const watched = watchStarts(open, watching.signal);
    const wanted = new Map<string, Pod>();
    let changes = 0;
    let early = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      // A third of the kills come while it starts, a third as it takes notice of a change, a third anywhere in the work on it.
      const moment = random() * 3;
      if (moment < 1) early += 1;
      else await open.untilHealthy();
      changes += await churnOnce(open, wanted, random, kill);
      await systemClock.sleep(random() * (moment < 2 ? 400 : 1800));
      await open.kubelet.kill();
      await open.startKubelet();
    }
    await open.untilHealthy();

    let last = "";
    let leaked: ReadonlySet<string> = new Set();
    const converges = (leftOut: () => Promise<ReadonlySet<string>>): Promise<unknown> =>
      until(
        () => `the runtime to hold what is wanted (seed ${seed}): ${last}`,
        async () => {
          last = await compareWithWanted(open, wanted, new Set());
          if (last === "") return true;
          leaked = await leftOut();
          if (leaked.size === 0) return false;
          return (await compareWithWanted(open, wanted, leaked)) === "";
        },
        { timeoutMs: 30_000 },
      );
    const { tookMs } = await timed(() => converges(() => findLeaked(open)));
    const leakedPods = last === "" ? 0 : leaked.size;
    const watches = [watched];
    const problems = [watched.problem()];
    if (leakedPods > 0) {
      // Its end is the end of this stream of events too; another one sees what the kubelet starts after it.
      watching.abort();
      await open.lab.stopRuntime();
      await open.lab.startRuntime();
      watches.push(watchStarts(open, watchingAgain.signal));
      await converges(async () => new Set());
    }
    expect((await stablePods()).map(identity)).toEqual(before);
    problems.push(...watches.slice(1).map((watch) => watch.problem()));
    watching.abort();
    watchingAgain.abort();
    const starts = watches.flatMap((watch) => watch.starts);
    const twice = listRepeated(starts, ({ pod, uid, container }) => `${pod} ${uid} ${container}`);
    const traces = await until(
      () => `folders, logs and cgroups of removed pods to go (seed ${seed}): ${last}`,
      async () => {
        const found = await readPodTraces(open);
        const uids = (await open.kubelet.listPods()).map(({ metadata }) => metadata?.uid ?? "").toSorted();
        const { logLinks: _, ...byUid } = found;
        last = JSON.stringify({ uids, ...byUid });
        return Object.values(byUid).every((list: readonly string[]) => list.join() === uids.join()) ? found : undefined;
      },
    ).catch((error: unknown) => error);
    report(
      `kill: seed ${seed}; ${KILLS} kills (${early} while starting), ${changes} changes of files, ${starts.length} containers started, ` +
        `${twice.length} of them twice; converged ${tookMs} ms after the last start; ${STABLE.length} stable pods untouched` +
        (leakedPods === 0 ? "" : `; containerd could not remove ${leakedPods} pods' containers until it was restarted`),
    );
    expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
    expect(twice).toEqual([]);
    if (traces instanceof Error) throw traces;
  });
});
