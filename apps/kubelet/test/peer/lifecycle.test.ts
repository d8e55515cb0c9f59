import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ContainerStatus, Pod } from "@nk/pod-model";
import { LAB_IMAGES, startRegistry } from "@nk/tool-lab";
import type { ContainerdVersion, Registry } from "@nk/tool-lab";
import { listHeldContainers, readPodTraces } from "../host-state.ts";
import type { PodTraces } from "../host-state.ts";
import { findFreePort, followLog, readLog } from "../http-api.ts";
import { SLEEP, podOf, shell } from "../manifests.ts";
import { closeLeakFree, NODE_NAME, openRig, report, timed, untilPod } from "../rig.ts";
import type { Rig } from "../rig.ts";
import { until } from "../until.ts";

const versions: readonly ContainerdVersion[] = ["2.1", "1.6"];

const main = ({ status }: Pod): ContainerStatus | undefined => status?.containerStatuses?.[0];
const runs = (pod: Pod): boolean =>
  (pod.status?.containerStatuses ?? []).length > 0 &&
  (pod.status?.containerStatuses ?? []).every(({ state }) => state?.running !== undefined);
const waitsFor = (pod: Pod, reason: string): boolean => main(pod)?.state?.waiting?.reason === reason;

describe.each(versions)("pods on containerd %s", (containerd) => {
  let opened: Rig | undefined;
  let registry: Registry | undefined;
  let shared = "";
  let passed = 0;

  const rig = (): Rig => {
    if (opened === undefined) throw new Error("the rig is not open");
    return opened;
  };
  const run = async (pod: Pod): Promise<void> => rig().write(`${pod.metadata?.name}.json`, pod);
  const end = async (name: string): Promise<void> => {
    await rig().remove(`${name}.json`);
    await until(`pod ${name} to go`, async () => (await rig().pod(name)) === undefined);
  };
  const lines = async (file: string): Promise<readonly string[]> => {
    const path = join(shared, file);
    return existsSync(path) ? (await readFile(path, "utf8")).trim().split("\n") : [];
  };
  /** A folder of the host that containers write down in what they do. */
  const sharedVolume = (): Pick<NonNullable<Pod["spec"]>, "volumes"> => ({
    volumes: [{ name: "shared", hostPath: { path: shared, type: "Directory" } }],
  });
  const mounts = { volumeMounts: [{ name: "shared", mountPath: "/shared" }] };

  beforeAll(async () => {
    opened = await openRig({ containerd });
    shared = join(opened.lab.dir, "shared");
    await mkdir(shared);
  });
  afterAll(async () => {
    await registry?.close();
    await closeLeakFree(opened);
    report(`lifecycle on ${containerd}: ${passed} scenarios; the lab is left without a trace`);
  });

  it("restarts a crashing container after a back-off and says so", async () => {
    await run(podOf("crash", [shell("main", "echo crashed $(date +%s); exit 3")]));
    const waiting = await untilPod(rig(), "crash", (pod) => waitsFor(pod, "CrashLoopBackOff") && (main(pod)?.restartCount ?? 0) >= 1);
    const uid = waiting.metadata?.uid;
    expect(waiting.status?.phase).toBe("Running");
    expect(main(waiting)?.state?.waiting?.message).toMatch(
      new RegExp(`^back-off (10|20)s restarting failed container=main pod=crash-${NODE_NAME}_default\\(${uid}\\)$`),
    );
    expect(main(waiting)?.lastState?.terminated).toMatchObject({ exitCode: 3, reason: "Error" });
    passed += 1;
  });

  it("runs init containers one after another before the rest", async () => {
    const initial = (name: string) =>
      shell(name, `echo ${name} begins >> /shared/init; sleep 0.2; echo ${name} ends >> /shared/init`, mounts);
    await run(
      podOf("start-up", [shell("main", `echo main >> /shared/init; ${SLEEP}`, mounts)], {
        initContainers: [initial("one"), initial("two")],
        ...sharedVolume(),
      }),
    );
    const { tookMs, value: pod } = await timed(() => untilPod(rig(), "start-up", runs));
    await until("the last line", async () => (await lines("init")).includes("main"));
    expect(await lines("init")).toEqual(["one begins", "one ends", "two begins", "two ends", "main"]);
    expect(pod.status?.conditions?.find(({ type }) => type === "Initialized")?.status).toBe("True");
    report(`two init containers of 0.2 s and one more container: ${tookMs} ms from the file to Running`);
    await end("start-up");
    passed += 1;
  });

  it("starts sidecars before and stops them after the other containers, in reverse", async () => {
    const speaking = (name: string) =>
      `echo ${name} starts >> /shared/sidecar; trap 'sleep 0.3; echo ${name} ends >> /shared/sidecar; exit 0' TERM; while true; do sleep 0.05; done`;
    const sidecar = (name: string) => shell(name, speaking(name), { restartPolicy: "Always", ...mounts });
    await run(
      podOf("sidecar", [shell("main", speaking("main"), mounts)], {
        initContainers: [sidecar("first"), sidecar("second")],
        terminationGracePeriodSeconds: 10,
        ...sharedVolume(),
      }),
    );
    await untilPod(rig(), "sidecar", runs);
    await until("all to start", async () => (await lines("sidecar")).length === 3);
    await end("sidecar");
    await until("all to end", async () => (await lines("sidecar")).length === 6);
    expect(await lines("sidecar")).toEqual(["first starts", "second starts", "main starts", "main ends", "second ends", "first ends"]);
    passed += 1;
  });

  it("ends pods that restart never as Succeeded and Failed", async () => {
    await run(podOf("good", [shell("main", "true"), shell("other", "true")], { restartPolicy: "Never" }));
    await run(podOf("bad", [shell("main", "exit 5"), shell("other", "true")], { restartPolicy: "Never" }));
    const good = await untilPod(rig(), "good", ({ status }) => status?.phase === "Succeeded");
    const bad = await untilPod(rig(), "bad", ({ status }) => status?.phase === "Failed");
    expect(main(good)?.state?.terminated).toMatchObject({ exitCode: 0, reason: "Completed" });
    expect(main(bad)?.state?.terminated).toMatchObject({ exitCode: 5, reason: "Error" });
    expect([main(good)?.restartCount, main(bad)?.restartCount]).toEqual([0, 0]);
    await end("good");
    await end("bad");
    passed += 1;
  });

  it("restarts on failure only until it succeeds", async () => {
    const once = "if [ -e /data/failed ]; then exit 0; fi; touch /data/failed; exit 1";
    await run(
      podOf("on-failure", [shell("main", once, { volumeMounts: [{ name: "data", mountPath: "/data" }] })], {
        restartPolicy: "OnFailure",
        volumes: [{ name: "data", emptyDir: {} }],
      }),
    );
    const pod = await untilPod(rig(), "on-failure", ({ status }) => status?.phase === "Succeeded");
    expect(main(pod)?.restartCount).toBe(1);
    expect(main(pod)?.lastState?.terminated?.exitCode).toBe(1);
    await end("on-failure");
    passed += 1;
  });

  it("takes termination messages from the file, and from the log where that is asked for", async () => {
    await run(
      podOf(
        "words",
        [
          shell("file", "echo -n from the file > /dev/termination-log; exit 1"),
          shell("log", "echo from the log; exit 1", { terminationMessagePolicy: "FallbackToLogsOnError" }),
          shell("silent", "echo from the log; exit 0", { terminationMessagePolicy: "FallbackToLogsOnError" }),
        ],
        { restartPolicy: "Never" },
      ),
    );
    const pod = await untilPod(rig(), "words", ({ status }) => status?.phase === "Failed");
    const messages = pod.status?.containerStatuses?.map(({ name, state }) => [name, state?.terminated?.message]);
    expect(messages).toEqual([
      ["file", "from the file"],
      ["log", "from the log\n"],
      ["silent", undefined],
    ]);
    await end("words");
    passed += 1;
  });

  it("runs postStart hooks before it calls a container started and preStop hooks before it stops one", async () => {
    const hook = (word: string) => ({ exec: { command: ["sh", "-c", `sleep 0.3; echo ${word} >> /shared/hooks`] } });
    const script = `trap 'echo stopped >> /shared/hooks; exit 0' TERM; while true; do sleep 0.05; done`;
    await run(
      podOf("hooks", [shell("main", script, { lifecycle: { postStart: hook("post"), preStop: hook("pre") }, ...mounts })], sharedVolume()),
    );
    await untilPod(rig(), "hooks", runs);
    expect(await lines("hooks")).toEqual(["post"]);
    await end("hooks");
    await until("the container's own last words", async () => (await lines("hooks")).length === 3);
    expect(await lines("hooks")).toEqual(["post", "pre", "stopped"]);
    passed += 1;
  });

  it("kills a container whose postStart hook fails, and tells why", async () => {
    await run(podOf("bad-hook", [shell("main", SLEEP, { lifecycle: { postStart: { exec: { command: ["sh", "-c", "exit 3"] } } } })]));
    const pod = await untilPod(rig(), "bad-hook", (one) => waitsFor(one, "PostStartHookError") || waitsFor(one, "CrashLoopBackOff"));
    const hook = `Exec lifecycle hook ([sh -c exit 3]) for Container "main" in Pod "bad-hook-${NODE_NAME}_default(`;
    const backoff = `restarting failed container=main pod=bad-hook-${NODE_NAME}_default(`;
    expect(main(pod)?.state?.waiting?.message).toContain(waitsFor(pod, "PostStartHookError") ? hook : backoff);
    await end("bad-hook");
    passed += 1;
  });

  it("is ready when its readiness probe says so, and starts again when its liveness probe fails", async () => {
    const test = (condition: string) => ({ exec: { command: ["sh", "-c", `test ${condition}`] }, periodSeconds: 1, failureThreshold: 1 });
    await run(
      podOf(
        "probed",
        [
          shell("main", `rm -f /shared/sick; ${SLEEP}`, {
            readinessProbe: test("-e /shared/ready"),
            livenessProbe: test("! -e /shared/sick"),
            ...mounts,
          }),
        ],
        sharedVolume(),
      ),
    );
    expect(main(await untilPod(rig(), "probed", runs))?.ready).toBe(false);
    await writeFile(join(shared, "ready"), "");
    await untilPod(rig(), "probed", (pod) => pod.status?.conditions?.find(({ type }) => type === "Ready")?.status === "True");
    await writeFile(join(shared, "sick"), "");
    const again = await untilPod(rig(), "probed", (pod) => runs(pod) && main(pod)?.restartCount === 1);
    expect(main(again)?.lastState?.terminated?.containerID).toBeDefined();
    await untilPod(rig(), "probed", (pod) => main(pod)?.ready);
    await end("probed");
    passed += 1;
  });

  it("serves logs: the tail, the instance before, and following one to its end", async () => {
    const script =
      "n=$(cat /data/n 2>/dev/null || echo 0); echo $((n+1)) > /data/n; for i in 1 2 3; do echo run $n line $i; done; if [ $n -gt 0 ]; then exec sleep 1000; fi; until [ -e /shared/go ]; do sleep 0.05; done; echo bye; exit 1";
    const volumeMounts = [{ name: "data", mountPath: "/data" }, ...mounts.volumeMounts];
    await run(
      podOf("logs", [shell("main", script, { volumeMounts })], {
        volumes: [{ name: "data", emptyDir: {} }, ...(sharedVolume().volumes ?? [])],
      }),
    );
    await untilPod(rig(), "logs", runs);
    const of = { pod: "logs", name: "main" };
    await until("three lines", async () => (await readLog(rig(), of)) === "run 0 line 1\nrun 0 line 2\nrun 0 line 3\n");
    expect(await readLog(rig(), of, "?tailLines=1")).toBe("run 0 line 3\n");
    expect(await readLog(rig(), of, "?timestamps=true&tailLines=1")).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d) run 0 line 3\n$/);
    await expect(readLog(rig(), of, "?previous=true")).rejects.toThrow(/previous terminated container .*main.* not found/);

    let followed = "";
    for await (const text of followLog(rig(), of, AbortSignal.timeout(20_000))) {
      followed += text;
      if (followed.includes("line 3")) await writeFile(join(shared, "go"), "");
    }
    expect(followed).toBe("run 0 line 1\nrun 0 line 2\nrun 0 line 3\nbye\n");

    await untilPod(rig(), "logs", (pod) => runs(pod) && main(pod)?.restartCount === 1);
    await until("the second run's lines", async () => (await readLog(rig(), of)).includes("run 1 line 3"));
    expect(await readLog(rig(), of, "?previous=true")).toBe("run 0 line 1\nrun 0 line 2\nrun 0 line 3\nbye\n");
    await expect(readLog(rig(), { pod: "logs", name: "none" })).rejects.toThrow(/404/);
    await end("logs");
    passed += 1;
  });

  it("gives pods host ports and the host's network", async () => {
    const [hostPort, ownPort] = [await findFreePort(), await findFreePort()];
    await run(podOf("port", [shell("main", "exec httpd -f -p 8080 -h /var/www", { ports: [{ containerPort: 8080, hostPort }] })]));
    await run(podOf("host", [shell("main", `exec httpd -f -p 127.0.0.1:${ownPort} -h /var/www`)], { hostNetwork: true }));
    await Promise.all([untilPod(rig(), "port", runs), untilPod(rig(), "host", runs)]);
    const ask = (url: string): Promise<string> =>
      until(`an answer of ${url}`, async () => (await fetch(url, { signal: AbortSignal.timeout(2000) })).text());
    const podIp = (await rig().pod("port"))?.status?.podIP;
    expect(await ask(`http://127.0.0.1:${hostPort}/`)).toBe("hello from nk\n");
    expect(await ask(`http://${podIp}:8080/`)).toBe("hello from nk\n");
    expect(await ask(`http://127.0.0.1:${ownPort}/`)).toBe("hello from nk\n");
    await Promise.all([end("port"), end("host")]);
    passed += 1;
  });

  it("mounts folders of the host and folders of the pod's own, which outlive a container", async () => {
    const script =
      "echo $HOSTNAME >> /data/runs; cp /data/runs /shared/volumes; if [ $(wc -l < /data/runs) -gt 1 ]; then exec sleep 1000; fi; exit 1";
    const volumeMounts = [{ name: "data", mountPath: "/data" }, ...mounts.volumeMounts];
    await run(
      podOf("volumes", [shell("main", script, { volumeMounts })], {
        volumes: [{ name: "data", emptyDir: {} }, ...(sharedVolume().volumes ?? [])],
      }),
    );
    await untilPod(rig(), "volumes", (pod) => runs(pod) && main(pod)?.restartCount === 1);
    await until("both runs", async () => (await lines("volumes")).length === 2);
    expect(await lines("volumes")).toEqual([`volumes-${NODE_NAME}`, `volumes-${NODE_NAME}`]);
    await end("volumes");
    passed += 1;
  });

  it("keeps a pod whose manifest turns bad", async () => {
    await run(podOf("steady", [shell("main", SLEEP)]));
    const before = await untilPod(rig(), "steady", runs);
    for (const [n, bad] of [
      "{ this is not json",
      `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"steady"},"spec":{"containers":[]}}`,
    ].entries()) {
      await rig().write("steady.json", bad);
      // The other pod is written after it and read after it: once that one is there, the bad file has been judged.
      await run(podOf(`after-${n}`, [shell("main", SLEEP)]));
      await untilPod(rig(), `after-${n}`, runs);
      const now = await rig().pod("steady");
      expect(now?.metadata?.uid).toBe(before.metadata?.uid);
      expect(main(now ?? {})?.containerID).toBe(main(before)?.containerID);
      await end(`after-${n}`);
    }
    await end("steady");
    passed += 1;
  });

  it("pulls from a registry with the login of the node", async () => {
    registry = await startRegistry({ auth: { username: "robot", password: "s3cret" }, yes: true });
    await rig().lab.trustRegistry(registry.address);
    const image = await registry.push({ image: LAB_IMAGES.busybox, as: "team/app:v1" });
    await run(podOf("denied", [{ ...shell("main", SLEEP), image }]));
    const denied = await untilPod(rig(), "denied", (pod) => waitsFor(pod, "ErrImagePull") || waitsFor(pod, "ImagePullBackOff"));
    expect(denied.status?.phase).toBe("Pending");
    await end("denied");
    const auth = Buffer.from("robot:s3cret").toString("base64");
    await writeFile(join(rig().lab.kubeletDir, "config.json"), JSON.stringify({ auths: { [registry.address]: { auth } } }), {
      mode: 0o600,
    });
    await run(podOf("pulled", [{ ...shell("main", SLEEP), image, imagePullPolicy: "Always" }]));
    const { tookMs, value: pod } = await timed(() => untilPod(rig(), "pulled", runs));
    expect(main(pod)?.image).toBe(image);
    expect(main(pod)?.imageID).toContain("sha256:");
    report(`pulled and ran an image in ${tookMs} ms`);
    await end("pulled");
    passed += 1;
  });

  it("says what is wrong with an image", async () => {
    const missing = "127.0.0.1:1/none:1";
    await run(podOf("missing", [{ ...shell("main", SLEEP), image: missing }]));
    await run(podOf("never", [{ ...shell("main", SLEEP), image: "docker.io/library/absent:1", imagePullPolicy: "Never" }]));
    await run(podOf("invalid", [{ ...shell("main", SLEEP), image: "UPPER/Case:1" }]));
    // The first failure may be shown for a moment only; the second is after the first back-off.
    const backOff = await untilPod(rig(), "missing", (pod) => waitsFor(pod, "ImagePullBackOff"));
    expect(main(backOff)?.state?.waiting?.message).toMatch(
      /^Back-off pulling image "127\.0\.0\.1:1\/none:1": ErrImagePull: failed to pull and unpack image "127\.0\.0\.1:1\/none:1": /,
    );
    const failed = await untilPod(rig(), "missing", (pod) => waitsFor(pod, "ErrImagePull"));
    expect(main(failed)?.state?.waiting?.message).toMatch(/^failed to pull and unpack image "127\.0\.0\.1:1\/none:1": /);
    await untilPod(rig(), "missing", (pod) => waitsFor(pod, "ImagePullBackOff"));
    const never = await untilPod(rig(), "never", (pod) => waitsFor(pod, "ErrImageNeverPull"));
    expect(main(never)?.state?.waiting?.message).toBe(
      'Container image "docker.io/library/absent:1" is not present with pull policy of Never',
    );
    const invalid = await untilPod(rig(), "invalid", (pod) => waitsFor(pod, "InvalidImageName"));
    expect(main(invalid)?.state?.waiting?.message).toBe(
      'Failed to apply default image tag "UPPER/Case:1": couldn\'t parse image name "UPPER/Case:1": invalid reference format: repository name (Case) must be lowercase',
    );
    await Promise.all([end("missing"), end("never"), end("invalid")]);
    passed += 1;
  });

  it("leaves its pods running when it is stopped, and the next one takes them over", async () => {
    await run(
      podOf("kept", [shell("main", SLEEP)], {
        initContainers: [shell("first", "true"), shell("proxy", SLEEP, { restartPolicy: "Always" })],
      }),
    );
    const before = await untilPod(rig(), "kept", runs);
    // The runtime lists in no order.
    const holds = async (): Promise<unknown> =>
      (await listHeldContainers(rig())).filter(({ uid }) => uid === before.metadata?.uid).toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const held = await holds();
    const { tookMs } = await timed(() => rig().kubelet.stop());
    expect(await holds()).toEqual(held);
    await rig().startKubelet();
    await rig().untilHealthy();
    const after = await untilPod(rig(), "kept", runs);
    expect(after.metadata?.uid).toBe(before.metadata?.uid);
    expect(after.status?.containerStatuses).toEqual(before.status?.containerStatuses);
    expect(await holds()).toEqual(held);
    report(`stopped by SIGTERM in ${tookMs} ms`);
    await end("kept");
    passed += 1;
  });

  it("leaves nothing of a removed pod", async () => {
    await rig().remove("crash.json");
    await run(
      podOf(
        "whole",
        [shell("main", SLEEP, { resources: { requests: { cpu: "10m" } }, volumeMounts: [{ name: "data", mountPath: "/data" }] })],
        {
          initContainers: [shell("first", "true")],
          volumes: [{ name: "data", emptyDir: {} }],
        },
      ),
    );
    const pod = await untilPod(rig(), "whole", runs);
    const uid = pod.metadata?.uid ?? "";
    const present = await readPodTraces(rig());
    for (const list of [present.sandboxes, present.containers, present.cgroups, present.podDirs, present.logDirs])
      expect(list).toContain(uid);
    expect(present.logLinks.filter((name) => name.startsWith("whole-"))).toHaveLength(2);
    await rig().remove("whole.json");
    const nothing: PodTraces = { sandboxes: [], containers: [], cgroups: [], podDirs: [], logDirs: [], logLinks: [] };
    let last = present;
    const { tookMs } = await timed(() =>
      until(
        () => `everything to be gone; there is ${JSON.stringify(last)}`,
        async () => JSON.stringify((last = await readPodTraces(rig()))) === JSON.stringify(nothing),
      ),
    );
    report(`a removed pod is gone without a trace after ${tookMs} ms`);
    passed += 1;
  });
});
