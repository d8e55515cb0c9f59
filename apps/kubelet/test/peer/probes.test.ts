import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Container, Pod, Probe } from "@nk/pod-model";
import { systemClock } from "@nk/stdx";
import { closeClusterLeakFree, openClusterRig, untilApiPod, untilApiPodGone } from "../cluster-rig.ts";
import type { ClusterRig } from "../cluster-rig.ts";
import { conditionOf, eventsOf, isReady, main, runReady, uidOf, untilEvent } from "../cluster/pod-facts.ts";
import { SLEEP, podOf, shell } from "../manifests.ts";
import { startProbeTarget } from "../probe-target.ts";
import type { ProbeTarget } from "../probe-target.ts";
import { report, timed } from "../rig.ts";
import { until } from "../until.ts";

/** The long form: as many pods and as long as the issue asks for; the short one is for every day. */
const isLong = process.env["NK_PROBES_LONG"] === "1";
const RESTARTED_PODS = isLong ? 60 : 10;
const EXEC_PODS = isLong ? 100 : 12;
const EXEC_SECONDS = isLong ? 60 : 5;

let opened: ClusterRig | undefined;
let target: ProbeTarget | undefined;

const rig = (): ClusterRig => {
  if (opened === undefined) throw new Error("the rig is not open");
  return opened;
};
const at = (): ProbeTarget => {
  if (target === undefined) throw new Error("the target is not open");
  return target;
};

beforeAll(async () => {
  target = await startProbeTarget();
  opened = await openClusterRig();
});
afterAll(async () => {
  target?.close();
  await closeClusterLeakFree(opened);
});

const http = (path: string, more: Partial<Probe> = {}): Probe => ({
  httpGet: { host: "127.0.0.1", port: at().httpPort, path },
  periodSeconds: 1,
  ...more,
});
const tcp = (more: Partial<Probe> = {}): Probe => ({ tcpSocket: { host: "127.0.0.1", port: at().httpPort }, periodSeconds: 1, ...more });
const grpc = (service: string, more: Partial<Probe> = {}): Probe => ({ grpc: { port: at().grpcPort, service }, periodSeconds: 1, ...more });
const exec = (command: readonly string[], more: Partial<Probe> = {}): Probe => ({ exec: { command }, periodSeconds: 1, ...more });

const removeAll = async (names: readonly string[]): Promise<void> => {
  for (const name of names) await rig().remove("Pod", name, 0);
  await rig().pods.until(
    () => `${names.join()} to go`,
    () => names.every((name) => rig().pods.get(name) === undefined),
    60_000,
  );
};

describe("probes of real pods", () => {
  it("are fired as the container starts, and make it Ready at once", async () => {
    const first: number[] = [];
    const ready: number[] = [];
    const delayed: number[] = [];
    for (let count = 0; count < 3; count += 1) {
      const name = `timed-${count}`;
      const probes = {
        startupProbe: http(`/${name}/startup`, { periodSeconds: 10 }),
        readinessProbe: http(`/${name}/readiness`, { periodSeconds: 10 }),
        livenessProbe: http(`/${name}/liveness`, { periodSeconds: 10, initialDelaySeconds: 2 }),
      };
      const pod = await runReady(rig(), podOf(name, [shell("main", SLEEP, probes)]));
      const shownAtMs = systemClock.nowMs();
      const containerId = (main(pod)?.containerID ?? "").replace("containerd://", "");
      const { status } = await rig().cri.containerStatus({ containerId });
      const startedAtMs = Number((status?.startedAt ?? 0n) / 1_000_000n);
      const shotAt = (path: string): Promise<number> => until(path, async () => at().shots.find((shot) => shot.at === path)?.atMs);
      first.push((await shotAt(`/${name}/startup`)) - startedAtMs);
      ready.push(shownAtMs - (await shotAt(`/${name}/readiness`)));
      delayed.push((await shotAt(`/${name}/liveness`)) - startedAtMs - 2000);
    }
    report(
      `probes: first startup shot ${first.join(", ")} ms after the container's start, shots with a delay ${delayed.join(", ")} ms after theirs; ` +
        `Ready in the API ${ready.join(", ")} ms after the first success`,
    );
    // The best of a few: what a busy machine adds to the others is not the kubelet's.
    expect(Math.min(...first)).toBeLessThan(50);
    expect(Math.min(...ready)).toBeLessThan(100);
    expect(Math.min(...delayed)).toBeGreaterThanOrEqual(0);
    expect(Math.min(...delayed)).toBeLessThan(50);
    await removeAll(first.map((_, count) => `timed-${count}`));
  });
});

// Each has pods of its own, and most of it is waiting.
describe.concurrent("probes of real pods side by side", () => {
  it("fail, warn and restart in the reference's words, with the grace period of the probe", async () => {
    const stubborn = "trap '' TERM; while :; do sleep 0.1; done";
    const sick = (name: string, livenessProbe: Probe): Container =>
      shell(name, stubborn, { livenessProbe: { failureThreshold: 1, terminationGracePeriodSeconds: 1, ...livenessProbe } });
    const { tookMs } = await timed(async () => {
      await rig().create(
        podOf("sick", [sick("grpc", grpc("sick")), sick("http", http("/status/503"))], {
          hostNetwork: true,
          terminationGracePeriodSeconds: 600,
        }),
      );
      await rig().create(podOf("no-command", [shell("main", SLEEP, { livenessProbe: exec(["/no/such/command"]) })]));
      await rig().create(podOf("away", [shell("main", SLEEP, { readinessProbe: http("/away") })]));
      await untilApiPod(rig(), "sick", ({ status }) => status?.containerStatuses?.every(({ restartCount }) => restartCount > 0));
    });
    const messagesOf = async (name: string): Promise<readonly string[]> => {
      const pod = await untilApiPod(rig(), name, () => true);
      await untilEvent(rig(), pod, { away: "ProbeWarning", sick: "Killing" }[name] ?? "Unhealthy");
      return eventsOf(rig(), pod).map(({ reason, message, involvedObject }) => `${reason} ${involvedObject.fieldPath}: ${message}`);
    };
    expect(await messagesOf("sick")).toEqual(
      expect.arrayContaining([
        'Unhealthy spec.containers{grpc}: Liveness probe failed: service unhealthy (responded with "NOT_SERVING")',
        "Unhealthy spec.containers{http}: Liveness probe failed: HTTP probe failed with statuscode: 503",
        "Killing spec.containers{grpc}: Container grpc failed liveness probe, will be restarted",
        "Killing spec.containers{http}: Container http failed liveness probe, will be restarted",
      ]),
    );
    expect(await messagesOf("away")).toContain(
      "ProbeWarning spec.containers{main}: Readiness probe warning: Probe terminated redirects, Response body: elsewhere",
    );
    const unknown =
      "Unhealthy spec.containers{main}: Liveness probe errored and resulted in unknown state: rpc error: code = Unknown desc = failed to exec";
    expect((await messagesOf("no-command")).filter((message) => message.startsWith(unknown))).not.toEqual([]);
    expect(conditionOf(await untilApiPod(rig(), "away", isReady), "Ready")?.status).toBe("True");
    report(
      `probes: two containers that ignore SIGTERM were restarted ${tookMs} ms after their pod was made; it has 600 s, their probes 1 s`,
    );
    await removeAll(["sick", "away", "no-command"]);
  });

  it("of a pod that ends go on with readiness to its end, and not with liveness", async () => {
    const probes = { readinessProbe: http("/ending/readiness"), livenessProbe: http("/ending/liveness") };
    const lingering = shell("main", "trap 'sleep 2.5; exit 0' TERM; while :; do sleep 0.1; done", probes);
    const pod = await runReady(rig(), podOf("ending", [lingering], { terminationGracePeriodSeconds: 20 }));
    await until("both to be fired", async () => at().shots.some((shot) => shot.at === "/ending/liveness"));
    await rig().remove("Pod", "ending");
    await untilEvent(rig(), pod, "Killing");
    const endingMs = systemClock.nowMs();
    await untilApiPodGone(rig(), "ending");
    const late = new Set(at().shots.flatMap((shot) => (shot.atMs > endingMs && shot.at.startsWith("/ending/") ? shot.at : [])));
    expect([...late]).toEqual(["/ending/readiness"]);
  });

  it(
    `of ${EXEC_PODS} pods, once a second in the container, are all fired or reported in ${EXEC_SECONDS} s`,
    { timeout: 400_000 },
    async () => {
      const dir = join(rig().lab.dir, "shots");
      await mkdir(dir);
      const names = Array.from({ length: EXEC_PODS }, (_, index) => `exec-${index}`);
      for (const name of names) {
        const livenessProbe = exec(["sh", "-c", "echo >> /shots/$(POD)"], { timeoutSeconds: 5 });
        const container = shell("main", SLEEP, {
          livenessProbe,
          env: [{ name: "POD", value: name }],
          volumeMounts: [{ name: "shots", mountPath: "/shots" }],
        });
        await rig().create(podOf(name, [container], { volumes: [{ name: "shots", hostPath: { path: dir } }] }));
      }
      await rig().pods.until(
        () => "the pods to be Ready",
        () => names.every((name) => isReady(rig().pods.get(name) ?? {})),
        180_000,
      );
      const look = async () => {
        const text = await rig().kubelet.get("/metrics/probes");
        const sum = (start: string): number =>
          text
            .split("\n")
            .filter((line) => line.startsWith(start) && line.includes('pod="exec-'))
            .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
        const files = await Promise.all((await readdir(dir)).map((name) => readFile(join(dir, name), "utf8")));
        const cpu = /^process_cpu_seconds_total (.*)$/mu.exec(await rig().kubelet.get("/metrics"))?.[1];
        return {
          atMs: systemClock.monotonicMs(),
          fired: files.reduce((total, { length }) => total + length, 0),
          counted: sum("prober_probe_total{"),
          unknown: sum("prober_probe_total{") - sum('prober_probe_total{probe_type="Liveness",result="successful"'),
          skipped: sum("nk_probe_skipped_total{"),
          cpuSeconds: Number(cpu),
        };
      };
      const before = await look();
      await systemClock.sleep(EXEC_SECONDS * 1000);
      const after = await look();
      const seconds = (after.atMs - before.atMs) / 1000;
      const [fired, counted, skipped] = (["fired", "counted", "skipped"] as const).map((key) => after[key] - before[key]) as [
        number,
        number,
        number,
      ];
      const due = Math.floor(seconds * EXEC_PODS);
      const cpuMs = (after.cpuSeconds - before.cpuSeconds) * 1000;
      report(
        `probes: ${EXEC_PODS} pods for ${seconds.toFixed(1)} s: ${due} shots were due, ${fired} fired, ${skipped} skipped and reported; ` +
          `${(cpuMs / seconds / 10).toFixed(1)} % of a CPU, ${(cpuMs / Math.max(1, fired)).toFixed(2)} ms a shot`,
      );
      // Those of each pod that are under way at the beginning and at the end; what is skipped meanwhile is told as they end.
      const open = EXEC_PODS * Math.ceil(due / Math.max(1, fired));
      expect(Math.abs(fired + skipped - due)).toBeLessThanOrEqual(open);
      expect(Math.abs(counted - fired)).toBeLessThanOrEqual(EXEC_PODS);
      await removeAll(names);
    },
  );
});

describe("probes of real pods when the kubelet is restarted", () => {
  /** One of each kind in turn, each shooting at its own name. */
  const probed = (name: string, kind: number): Pod => {
    // A single failure would show, and a slow machine is none.
    const hidden = { failureThreshold: 1, timeoutSeconds: 20 };
    const probes: readonly Partial<Container>[] = [
      { readinessProbe: http(`/${name}`, hidden), livenessProbe: tcp(hidden) },
      { readinessProbe: grpc(name, hidden), livenessProbe: http(`/${name}`, hidden) },
      { startupProbe: http("/startup", hidden), readinessProbe: tcp(hidden), livenessProbe: http(`/${name}`, hidden) },
      { startupProbe: http("/startup", hidden), readinessProbe: http(`/${name}`, { ...hidden, initialDelaySeconds: 1 }) },
      { readinessProbe: exec(["true"], hidden), livenessProbe: http(`/${name}`, hidden) },
    ];
    const container = shell("main", SLEEP, probes[kind % probes.length]);
    if (kind % probes.length === 1) return podOf(name, [container], { hostNetwork: true });
    if (kind % 10 !== 2) return podOf(name, [container]);
    const sidecar = shell("sidecar", SLEEP, { restartPolicy: "Always", startupProbe: tcp(), readinessProbe: tcp(hidden) });
    return podOf(name, [container], { initContainers: [sidecar] });
  };

  it(`change no condition of ${RESTARTED_PODS} pods, as the API sees it`, { timeout: 300_000 }, async () => {
    const names = Array.from({ length: RESTARTED_PODS }, (_, index) => `steady-${index}`);
    for (const [kind, name] of names.entries()) await rig().create(probed(name, kind));
    const staticNames = ["static-2", "static-3"];
    for (const [index, name] of staticNames.entries()) await rig().write(`${name}.json`, probed(name, index + 2));
    const all = [...names, ...staticNames.map((name) => `${name}-${rig().kubelet.nodeName}`)];
    const pods = await rig().pods.until(
      () => `${all.filter((name) => !isReady(rig().pods.get(name) ?? {})).join()} to be Ready`,
      () => all.every((name) => isReady(rig().pods.get(name) ?? {})) && all.map((name) => rig().pods.get(name) ?? {}),
      120_000,
    );
    const uids = new Set(pods.map(uidOf));
    const versions = (): readonly Pod[] => rig().pods.all.filter((pod) => uids.has(uidOf(pod)));
    for (const how of ["stop", "kill"] as const) {
      const before = versions().length;
      await rig().kubelet[how]();
      const shotsBefore = at().shots.length;
      await rig().startKubelet();
      await rig().untilReady();
      await until("each pod to be probed by the new kubelet", async () => {
        const probedNow = new Set(
          at()
            .shots.slice(shotsBefore)
            .map((shot) => shot.at.replace("/", "")),
        );
        return [...names, ...staticNames].every((name) => probedNow.has(name));
      });
      // Whatever the verdicts did would be written by then.
      await systemClock.sleep(2500);
      const flips = versions().slice(before);
      expect(flips.map(({ metadata, status }) => [metadata?.name, status])).toEqual([]);
      // What had started has started.
      expect(
        at()
          .shots.slice(shotsBefore)
          .filter((shot) => shot.at === "/startup"),
      ).toEqual([]);
      report(
        `probes: ${how === "stop" ? "SIGTERM" : "kill -9"} under ${all.length} ready pods: ${flips.length} changes of a pod in the API`,
      );
    }
    for (const name of staticNames) await rig().unwrite(`${name}.json`);
    await removeAll(names);
    await rig().pods.until(
      () => "the static pods to go",
      () => rig().pods.list().length === 0,
    );
  });
});
