import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Lease, Pod } from "@nk/pod-model";
import { systemClock } from "@nk/stdx";
import type { ControlPlane } from "@nk/tool-lab";
import { objectPath } from "../api-objects.ts";
import { CLUSTER_NODE, closeClusterLeakFree, openClusterRig, untilApiPod, untilApiPodGone } from "../cluster-rig.ts";
import type { ClusterRig } from "../cluster-rig.ts";
import { untilTraceless } from "../cluster/deletion-scenarios.ts";
import { conditionOf, eventsOf, isReady, main, uidOf } from "../cluster/pod-facts.ts";
import { listHeldContainers } from "../host-state.ts";
import type { HeldContainer } from "../host-state.ts";
import { SLEEP, podOf, shell } from "../manifests.ts";
import { report, timed } from "../rig.ts";
import { until } from "../until.ts";

/** How long the API is away. On CI there is no time for the minute that it shall be. */
const OUTAGE_MS = Number(process.env["NK_OUTAGE_MS"] ?? (process.env["CI"] === undefined ? 60_000 : 20_000));
/** How soon after its return the node is Ready, as the API shows it. */
const PROMPT_MS = 3000;

interface Outage {
  readonly how: string;
  readonly begin: (plane: ControlPlane) => Promise<void>;
  readonly end: (plane: ControlPlane) => Promise<void>;
}

const OUTAGES: readonly Outage[] = [
  { how: "is killed", begin: (plane) => plane.pause("SIGKILL"), end: (plane) => plane.continue() },
  { how: "falls silent on connections that stay open", begin: async (plane) => plane.freeze(), end: async (plane) => plane.thaw() },
];

const SIGNALS = { name: "signals", mountPath: "/signals" };
const signalled = (name: string, script: string, more: Parameters<typeof shell>[2] = {}) =>
  shell(name, script, { volumeMounts: [SIGNALS, { name: "data", mountPath: "/data" }], ...more });

/** Pods that a file in a folder of the host tells what to do. */
const obedient = (signalsDir: string): readonly Pod[] => {
  const volumes = [
    { name: "signals", hostPath: { path: signalsDir } },
    { name: "data", emptyDir: {} },
  ];
  const failsOnce = `if [ -e /data/failed ]; then ${SLEEP}; fi; touch /data/failed; until [ -e /signals/go ]; do sleep 0.1; done; exit 7`;
  const ends = "until [ -e /signals/go ]; do sleep 0.1; done; exit 0";
  return [
    podOf(
      "fails-once",
      [signalled("main", failsOnce, { envFrom: [{ configMapRef: { name: "settings" } }, { secretRef: { name: "login" } }] })],
      { volumes },
    ),
    podOf("ends", [signalled("main", ends)], { volumes, restartPolicy: "Never" }),
    podOf(
      "turns-unready",
      [
        signalled("main", SLEEP, {
          readinessProbe: { exec: { command: ["test", "!", "-e", "/signals/go"] }, periodSeconds: 1, failureThreshold: 1 },
        }),
      ],
      { volumes },
    ),
  ];
};

const STEADY: readonly Pod[] = [
  podOf("plain", [shell("main", SLEEP)]),
  podOf("sidecar", [shell("a", SLEEP), shell("b", SLEEP)], {
    initContainers: [shell("proxy", SLEEP, { restartPolicy: "Always" }), shell("first", "true")],
  }),
  podOf("mounted", [shell("main", SLEEP, { volumeMounts: [{ name: "settings", mountPath: "/settings" }] })], {
    volumes: [{ name: "settings", configMap: { name: "settings" } }],
  }),
];
const STATIC = podOf("steady-static", [shell("main", SLEEP)]);

const nameOf = ({ metadata }: Pod): string => metadata?.name ?? "";

const identity = (pod: Pod | undefined): unknown => ({
  uid: pod?.metadata?.uid,
  ready: pod !== undefined && isReady(pod),
  containers: [...(pod?.status?.initContainerStatuses ?? []), ...(pod?.status?.containerStatuses ?? [])].map(
    ({ containerID, restartCount, state }) => ({ containerID, restartCount, state }),
  ),
});

const running = async (rig: ClusterRig): Promise<readonly HeldContainer[]> =>
  (await listHeldContainers(rig)).filter(({ state }) => state === "running");

const untilRunning = (rig: ClusterRig, what: string, accept: (container: HeldContainer) => boolean): Promise<true> =>
  until(`${what} while the API is away`, async () => (await running(rig)).some(accept));

/** Waits for what the API must show when it is back; answers how long each took. */
const untilRecovered = async (rig: ClusterRig, sinceMs: number): Promise<{ readonly leaseMs: number; readonly readyMs: number }> => {
  const path = `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${CLUSTER_NODE}`;
  const lease = timed(() =>
    until("the lease to be renewed", async () => {
      const { spec } = (await rig.api.json(path, { signal: AbortSignal.timeout(1000) })) as Lease;
      return Date.parse(spec?.renewTime ?? "") > sinceMs;
    }),
  );
  const ready = timed(() =>
    until("the node to be Ready", async () => {
      const node = (await rig.api.json(objectPath("Node", CLUSTER_NODE), { signal: AbortSignal.timeout(1000) })) as {
        readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
      };
      return node.status?.conditions?.find(({ type }) => type === "Ready")?.status === "True";
    }),
  );
  const [{ tookMs: leaseMs }, { tookMs: readyMs }] = await Promise.all([lease, ready]);
  return { leaseMs, readyMs };
};

const runQuietOutage = async (rig: ClusterRig, outage: Outage): Promise<void> => {
  const signalsDir = join(rig.lab.dir, "signals");
  await mkdir(signalsDir);
  await rig.create({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" }, data: { color: "blue" } } as object);
  await rig.create({ apiVersion: "v1", kind: "Secret", metadata: { name: "login" }, stringData: { user: "robot" } } as object);
  const obeying = obedient(signalsDir);
  await rig.write("static.json", STATIC);
  for (const pod of [...STEADY, ...obeying]) await rig.create(pod);
  const steadyNames = [...STEADY.map(nameOf), `${nameOf(STATIC)}-${CLUSTER_NODE}`];
  for (const name of [...steadyNames, ...obeying.map(nameOf)]) await untilApiPod(rig, name, isReady);
  const before = steadyNames.map((name) => identity(rig.pods.get(name)));
  const heldBefore = (await running(rig)).map(({ id }) => id);
  const failing = rig.pods.get("fails-once") ?? {};
  const { pid } = rig.kubelet;

  await outage.begin(rig.controlPlane);
  const { tookMs: spentMs } = await timed(async () => {
    await writeFile(join(signalsDir, "go"), "");
    await untilRunning(rig, "the container that failed to run again", ({ uid, attempt }) => uid === uidOf(failing) && attempt === 1);
    await rig.write("late.json", podOf("late-static", [shell("late", SLEEP)]));
    await untilRunning(rig, "a static pod to start", ({ name }) => name === "late");
  });
  // The time itself is the subject: what runs must not care how long it lasts.
  await systemClock.sleep(Math.max(0, OUTAGE_MS - spentMs));
  const held = new Set((await running(rig)).map(({ id }) => id));
  const ended = heldBefore.filter((id) => !held.has(id));
  expect(ended, "one container failed and one ended; no other was touched").toHaveLength(2);
  await rig.kubelet.untilHealthy(AbortSignal.timeout(2000));

  const sinceMs = systemClock.nowMs();
  await outage.end(rig.controlPlane);
  const { leaseMs, readyMs } = await untilRecovered(rig, sinceMs);
  const { tookMs: statusMs } = await timed(() =>
    Promise.all([
      untilApiPod(
        rig,
        "fails-once",
        (pod) => isReady(pod) && main(pod)?.restartCount === 1 && main(pod)?.lastState?.terminated?.exitCode === 7,
      ),
      untilApiPod(rig, "ends", ({ status }) => status?.phase === "Succeeded"),
      untilApiPod(rig, "turns-unready", (pod) => conditionOf(pod, "Ready")?.status === "False"),
      untilApiPod(rig, `late-static-${CLUSTER_NODE}`, isReady),
    ]),
  );
  report(
    `the API ${outage.how} for ${OUTAGE_MS / 1000} s: lease renewed ${leaseMs} ms and node Ready ${readyMs} ms after its return, what happened meanwhile told ${statusMs} ms later`,
  );
  expect(steadyNames.map((name) => identity(rig.pods.get(name)))).toEqual(before);
  expect(Math.max(leaseMs, readyMs)).toBeLessThan(PROMPT_MS);
  expect(statusMs).toBeLessThan(PROMPT_MS);
  expect(rig.kubelet.pid).toBe(pid);
  await until(
    "the events of the outage",
    async () => {
      const started = eventsOf(rig, failing).filter(({ reason }) => reason === "Started");
      return started.reduce((sum, { count = 1 }) => sum + count, 0) === 2;
    },
    { timeoutMs: 30_000 },
  );
};

const runBusyOutage = async (rig: ClusterRig, outage: Outage): Promise<void> => {
  const slow = podOf("any", [shell("main", SLEEP, { lifecycle: { preStop: { exec: { command: ["sleep", "1"] } } } })], {
    terminationGracePeriodSeconds: 10,
  });
  const named = (name: string): Pod => ({ ...slow, metadata: { name, namespace: "default" } });
  const names = (kind: string): readonly string[] => [1, 2, 3, 4].map((n) => `${kind}-${n}`);
  for (const name of [...names("deleted"), ...names("changed")]) await rig.create(named(name));
  const old = await Promise.all([...names("deleted"), ...names("changed")].map((name) => untilApiPod(rig, name, isReady)));
  const image = rig.lab.images.busyboxNumeric;
  await Promise.all([
    ...names("created").map((name) => rig.create(named(name))),
    ...names("changed").map((name) =>
      rig.api.json(objectPath("Pod", name), {
        method: "PATCH",
        body: { spec: { containers: [{ name: "main", image }] } },
        contentType: "application/strategic-merge-patch+json",
      }),
    ),
    ...names("deleted").map((name) => rig.remove("Pod", name)),
  ]);
  const deletedUids = old.slice(0, 4).map(uidOf);
  await until("the kubelet to know of the deletions", async () => {
    const pods = (await rig.kubelet.listPods()).filter((pod) => deletedUids.includes(uidOf(pod)));
    return pods.every(({ metadata }) => metadata?.deletionTimestamp !== undefined);
  });
  await outage.begin(rig.controlPlane);
  await until("the deleted pods' containers to end while the API is away", async () =>
    (await running(rig)).every(({ uid }) => !deletedUids.includes(uid)),
  );
  await systemClock.sleep(2000);
  await outage.end(rig.controlPlane);
  const { tookMs } = await timed(() =>
    Promise.all([
      ...names("created").map((name) => untilApiPod(rig, name, isReady)),
      ...names("changed").map((name) => untilApiPod(rig, name, (pod) => isReady(pod) && main(pod)?.restartCount === 1)),
      ...names("deleted").map((name) => untilApiPodGone(rig, name)),
    ]),
  );
  for (const uid of deletedUids) await untilTraceless(rig, uid);
  const held = await running(rig);
  expect(new Set(held.map(({ uid, name }) => `${uid} ${name}`)).size, "no container runs twice").toBe(held.length);
  report(`the API ${outage.how} while pods were created, changed and deleted: all as wanted ${tookMs} ms after its return`);
};

describe("an API server that goes away", () => {
  // Most of it is waiting, so both wait at the same time.
  it.concurrent.each(OUTAGES)(
    "that $how is a non-event for what runs, and knows all when it is back",
    { timeout: OUTAGE_MS + 150_000 },
    async (outage) => {
      expect.hasAssertions();
      const rig = await openClusterRig();
      try {
        await runQuietOutage(rig, outage);
        await runBusyOutage(rig, outage);
      } finally {
        await closeClusterLeakFree(rig);
      }
    },
  );
});
