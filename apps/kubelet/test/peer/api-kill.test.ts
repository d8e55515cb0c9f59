import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Pod, PodSpec } from "@nk/pod-model";
import { createSeededRandom, systemClock } from "@nk/stdx";
import type { RandomSource } from "@nk/stdx";
import type { LeakReport } from "@nk/tool-lab";
import { objectPath } from "../api-objects.ts";
import { closeClusterLeakFree, openClusterRig } from "../cluster-rig.ts";
import type { ClusterRig } from "../cluster-rig.ts";
import { isReady, uidOf } from "../cluster/pod-facts.ts";
import { findLeaked, listRepeated, watchStarts } from "../container-starts.ts";
import { listHeldContainers, listHeldSandboxes, readPodTraces } from "../host-state.ts";
import { SLEEP, podOf, shell } from "../manifests.ts";
import { report, timed } from "../rig.ts";
import { until } from "../until.ts";

const KILLS = 30;
const PODS = 30;
/** As many pods that come and go as there are at one time. */
const CROWD = 16;
const seed = Number(process.env["NK_SEED"] ?? systemClock.nowMs() % 1_000_000);

const VOLUMES: Partial<PodSpec> = {
  volumes: [
    { name: "config", configMap: { name: "config" } },
    { name: "secret", secret: { secretName: "secret" } },
    { name: "memory", emptyDir: { medium: "Memory" } },
  ],
};
const MOUNTS = {
  volumeMounts: [
    { name: "config", mountPath: "/config" },
    { name: "config", mountPath: "/etc/one.conf", subPath: "key" },
    { name: "secret", mountPath: "/secret" },
    { name: "memory", mountPath: "/memory" },
  ],
};
const proxy = shell("proxy", SLEEP, { restartPolicy: "Always" });

/** Pods that stay as they are: whatever a restart could disturb. */
const STABLE: readonly Pod[] = [
  podOf("plain", [shell("main", SLEEP), shell("other", SLEEP)]),
  podOf("started", [shell("main", SLEEP)], { initContainers: [shell("first", "true"), proxy] }),
  podOf("host", [shell("main", SLEEP)], { hostNetwork: true }),
  podOf("mounted", [shell("main", SLEEP, MOUNTS)], VOLUMES),
  podOf("probed", [
    shell("main", `touch /tmp/ready; ${SLEEP}`, {
      readinessProbe: { exec: { command: ["test", "-e", "/tmp/ready"] }, periodSeconds: 1, failureThreshold: 1 },
      startupProbe: { exec: { command: ["test", "-e", "/tmp/ready"] }, periodSeconds: 1 },
    }),
  ]),
];

const churned = (name: string, random: RandomSource): Pod => {
  const kind = Math.floor(random() * 5);
  if (kind === 0) return podOf(name, [shell("main", SLEEP)], { initContainers: [shell("first", "true"), proxy] });
  if (kind === 1) return podOf(name, [shell("main", SLEEP), shell("other", SLEEP)]);
  if (kind === 2) return podOf(name, [shell("main", SLEEP, MOUNTS)], VOLUMES);
  if (kind === 3) return podOf(name, [shell("main", SLEEP, { lifecycle: { preStop: { exec: { command: ["sleep", "0.2"] } } } })], VOLUMES);
  return podOf(name, [shell("main", SLEEP)]);
};

let opened: ClusterRig | undefined;

beforeAll(async () => {
  opened = await openClusterRig();
  // What was compiled is written when the process ends in peace, which none does from here on.
  await opened.kubelet.stop();
  await opened.startKubelet();
  await opened.untilReady();
});
afterAll(() => closeClusterLeakFree(opened));

/** What the test wants to be there, and what it did to get there. */
interface Crowd {
  /** UIDs by name. */
  readonly wanted: Map<string, string>;
  /** How often the image of a pod was changed, by UID. */
  readonly changes: Map<string, number>;
  created: number;
  deleted: number;
}

const createOne = async (rig: ClusterRig, crowd: Crowd, random: RandomSource): Promise<void> => {
  crowd.created += 1;
  const name = `churn-${crowd.created}`;
  const { metadata } = await rig.create(churned(name, random));
  crowd.wanted.set(name, metadata?.uid ?? "");
};

const changeOne = async (rig: ClusterRig, crowd: Crowd, name: string): Promise<void> => {
  const uid = crowd.wanted.get(name) ?? "";
  const count = (crowd.changes.get(uid) ?? 0) + 1;
  crowd.changes.set(uid, count);
  const image = count % 2 === 1 ? rig.lab.images.busyboxNumeric : rig.lab.images.busybox;
  const body = { metadata: { labels: { changed: `${count}` } }, spec: { containers: [{ name: "main", image }] } };
  await rig.api.json(objectPath("Pod", name), { method: "PATCH", body, contentType: "application/strategic-merge-patch+json" });
};

/** One of the things that happen to pods; new ones come until all have been there. */
const churnOnce = async (rig: ClusterRig, crowd: Crowd, random: RandomSource): Promise<void> => {
  const names = [...crowd.wanted.keys()];
  const name = names[Math.floor(random() * names.length)];
  const isFull = names.length >= CROWD || crowd.created >= PODS;
  const what = random();
  if (name === undefined || (!isFull && what < 0.6)) return createOne(rig, crowd, random);
  if (what < 0.8) return changeOne(rig, crowd, name);
  crowd.deleted += 1;
  crowd.wanted.delete(name);
  return rig.remove("Pod", name, random() < 0.3 ? 0 : undefined);
};

/** What must not change about a pod that nobody touched. */
const identity = (pod: Pod): string =>
  JSON.stringify([
    uidOf(pod),
    isReady(pod),
    pod.status?.phase,
    pod.status?.podIP,
    [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])].map(
      ({ name, containerID, restartCount, ready }) => [name, containerID, restartCount, ready],
    ),
  ]);

/** Whether the API shows all that is wanted as Ready with the image that was asked for last, and nothing else. */
const compareWithApi = (rig: ClusterRig, { wanted }: Crowd): string => {
  const stable = STABLE.map(({ metadata }) => metadata?.name);
  const churn = rig.pods.list().filter(({ metadata }) => !stable.includes(metadata?.name));
  const wrong = churn.filter((pod) => {
    const { image } = pod.spec?.containers[0] ?? {};
    const status = pod.status?.containerStatuses?.find(({ name }) => name === "main");
    return wanted.get(pod.metadata?.name ?? "") !== uidOf(pod) || !isReady(pod) || status?.image !== image;
  });
  const missing = [...wanted.keys()].filter((name) => rig.pods.get(name) === undefined);
  return [
    ...wrong.map(
      ({ metadata, status }) =>
        `${metadata?.name} is ${JSON.stringify(status?.containerStatuses?.map(({ state, image }) => [state, image]))}`,
    ),
    ...missing,
  ].join("; ");
};

/** Whether the runtime and the host hold these pods and no other. */
const compareWithHost = async (rig: ClusterRig, uids: readonly string[]): Promise<string> => {
  const sandboxes = (await listHeldSandboxes(rig)).filter(({ isReady: ready }) => ready).map(({ uid }) => uid);
  const running = (await listHeldContainers(rig)).filter(({ state }) => state === "running").map(({ uid, name }) => `${uid} ${name}`);
  const { logLinks: _, ...traces } = await readPodTraces(rig);
  const lists = { ...traces, ready: sandboxes };
  const expected = uids.toSorted().join();
  const wrong = Object.entries(lists).filter(([, list]) => (list as readonly string[]).toSorted().join() !== expected);
  const doubled = running.length - new Set(running).size;
  return [
    ...wrong.map(([name, list]) => `${name}: ${list.join()}, wanted ${expected}`),
    ...(doubled > 0 ? [`${doubled} containers run twice`] : []),
  ].join("; ");
};

/** Waits until the kubelet knows the pods of the API: what it is told from then on, it works on. */
const untilTakenOver = (rig: ClusterRig, pods: readonly Pod[]): Promise<true> =>
  until("the kubelet to know its pods", async () => {
    const names = (await rig.kubelet.listPods()).map(({ metadata }) => metadata?.name);
    return pods.every(({ metadata }) => names.includes(metadata?.name));
  });

/** Waits until the runtime did something, but not for long: a change may mean nothing to it. */
const untilWorked = (hasWorked: () => boolean): Promise<unknown> =>
  until("the runtime to work", () => Promise.resolve(hasWorked()), { timeoutMs: 2500 }).catch(() => undefined);

/** The lab's marks on the host, without the processes that come and go by themselves. */
const readHost = async (rig: ClusterRig): Promise<Omit<LeakReport, "processes" | "files">> => {
  const { mounts, links, rules, cgroups } = await rig.lab.findTraces();
  // A container's root is containerd's own: it may forget one when the caller of a start dies midway, and CRI does not show it then.
  const own = mounts.filter((point) => !point.includes("/io.containerd.runtime.v2.task/"));
  return { mounts: own.toSorted(), links: links.toSorted(), rules: rules.toSorted(), cgroups: cgroups.toSorted() };
};

const converge = (what: string, compare: () => Promise<string> | string, timeoutMs = 60_000): Promise<true> => {
  let last = "";
  return until(
    () => `${what} (seed ${seed}): ${last}`,
    async () => {
      last = await compare();
      return last === "";
    },
    { timeoutMs, intervalMs: 100 },
  );
};

describe(`a kubelet of a cluster that is killed again and again (seed ${seed})`, () => {
  it(`restarts, doubles, loses and leaves nothing in ${KILLS} kills under ${PODS} pods of the API`, { timeout: 300_000 }, async () => {
    if (opened === undefined) throw new Error("the rig is not open");
    const rig = opened;
    const random = createSeededRandom(seed);
    await rig.create({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "config" }, data: { key: "value" } } as object);
    await rig.create({ apiVersion: "v1", kind: "Secret", metadata: { name: "secret" }, stringData: { key: "value" } } as object);
    for (const pod of STABLE) await rig.create(pod);
    const stable = await rig.pods.until(
      () => "the stable pods to be Ready",
      () => {
        const pods = STABLE.flatMap(({ metadata }) => rig.pods.get(metadata?.name ?? "") ?? []);
        return pods.every(isReady) && pods;
      },
    );
    const hostBefore = await readHost(rig);
    const watching = new AbortController();
    const watched = watchStarts(rig, watching.signal);

    const crowd: Crowd = { wanted: new Map(), changes: new Map(), created: 0, deleted: 0 };
    let early = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      // Some kills come while it starts, some as it takes notice of a change, most while the runtime does what it asked for.
      const moment = random() * 5;
      if (moment < 1) early += 1;
      else await untilTakenOver(rig, stable);
      const before = watched.events();
      const changes = 1 + Math.floor(random() * 4);
      for (let n = 0; n < changes; n += 1) await churnOnce(rig, crowd, random);
      const isInWork = moment >= 2;
      // Counted in what happens and not in time, so that a slow machine gets as far as a fast one.
      const steps = Math.ceil(random() * 8 * changes);
      if (isInWork) await untilWorked(() => watched.events() - before >= steps);
      await systemClock.sleep(random() * (isInWork ? 100 : 250));
      await rig.kubelet.kill();
      await rig.startKubelet();
    }
    while (crowd.created < PODS) await createOne(rig, crowd, random);
    await rig.untilReady();
    const stableUids = stable.map(uidOf);
    const { tookMs } = await timed(() => converge("the API to show what is wanted", () => compareWithApi(rig, crowd)));

    const problem = watched.problem();
    watching.abort();
    expect(problem).toBeUndefined();
    const leaked = new Set<string>();
    /** Waits for the host; pods that containerd has leaked go when it is restarted, and only then. */
    const convergeHost = async (what: string, uids: readonly string[]): Promise<void> => {
      const converging = (timeoutMs: number): Promise<true> => converge(what, () => compareWithHost(rig, uids), timeoutMs);
      try {
        await converging(10_000);
      } catch {
        const stuck = await findLeaked(rig);
        for (const uid of stuck) leaked.add(uid);
        if (stuck.size > 0) {
          await rig.lab.stopRuntime();
          await rig.lab.startRuntime();
        }
        await converging(30_000);
      }
    };
    await convergeHost("the host to hold what is wanted", [...stableUids, ...crowd.wanted.values()]);

    const flips = stable
      .flatMap((pod) => rig.pods.versions(uidOf(pod)).slice(rig.pods.versions(uidOf(pod)).indexOf(pod)))
      .filter((pod) => {
        const before = stable.find((one) => uidOf(one) === uidOf(pod));
        return before === undefined || identity(pod) !== identity(before);
      });
    expect(flips.map(({ metadata, status }) => [metadata?.name, status])).toEqual([]);
    const twice = listRepeated(watched.starts, ({ pod, uid, container, attempt }) => `${pod} ${uid} ${container} ${attempt}`);
    const restarted = listRepeated(watched.starts, ({ pod, uid, container }) => `${pod} ${uid} ${container}`).filter(
      ([key, count]) => count > 1 + (key.endsWith(" main") ? (crowd.changes.get(key.split(" ")[1] ?? "") ?? 0) : 0),
    );

    for (const name of crowd.wanted.keys()) await rig.remove("Pod", name);
    await converge("the last pods to go", () => compareWithApi(rig, { ...crowd, wanted: new Map() }));
    await convergeHost("the host to be as before", stableUids);
    let hostAfter = await readHost(rig);
    await until("the host's mounts, links and cgroups to be as before", async () => {
      hostAfter = await readHost(rig);
      return JSON.stringify(hostAfter) === JSON.stringify(hostBefore);
    }).catch(() => expect(hostAfter).toEqual(hostBefore));
    report(
      `api kill: seed ${seed}; ${KILLS} kills (${early} while starting), ${crowd.created} pods created, ${crowd.deleted} deleted meanwhile, ` +
        `${[...crowd.changes.values()].reduce((sum, count) => sum + count, 0)} changes of an image; ${watched.starts.length} containers started; ` +
        `the API showed what was wanted ${tookMs} ms after the node was Ready; ${STABLE.length} stable pods untouched in ${rig.pods.all.length} versions` +
        (leaked.size === 0 ? "" : `; containerd could not remove ${leaked.size} pods' containers until it was restarted`),
    );
    expect(twice).toEqual([]);
    expect(restarted).toEqual([]);
  });
});
