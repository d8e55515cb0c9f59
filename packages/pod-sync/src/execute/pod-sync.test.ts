import type { PodSpec } from "@nk/pod-model";
import { createFakeClock, createRecordingMetrics } from "@nk/stdx/testing";
import { describe, expect, test } from "vitest";
import { createFakePorts, samplePod } from "../testing/index.ts";
import type { PodSyncOptions } from "../options.ts";
import { createPodSync } from "./pod-sync.ts";

const create = (options: PodSyncOptions = {}) => {
  const clock = createFakeClock();
  const fake = createFakePorts({ clock });
  const podSync = createPodSync(fake.ports, { clock, random: () => 0, ...options });
  return { clock, fake, podSync };
};
const { signal } = new AbortController();
const uid = "uid-web";
const held = async (promise: Promise<unknown>): Promise<boolean> => {
  const open = {};
  await new Promise((resolve) => setImmediate(resolve));
  return (await Promise.race([promise, Promise.resolve(open)])) === open;
};

describe("images, volumes and the sandbox", () => {
  test("are made ready at the same time", async () => {
    const { fake, podSync } = create();
    const pull = Promise.withResolvers<void>();
    const mount = Promise.withResolvers<void>();
    fake.image = () => pull.promise;
    fake.prepareVolumes = () => mount.promise;
    const pass = podSync.sync(samplePod(), { signal });
    expect(await held(pass)).toBe(true);
    expect(fake.runtime.calls).toEqual(["RunPodSandbox 0"]);
    pull.resolve();
    expect(await held(pass)).toBe(true);
    mount.resolve();
    await pass;
    expect(fake.runtime.calls).toEqual(["RunPodSandbox 0", "CreateContainer main 0", "StartContainer main 0"]);
  });

  test("a volume that is known not to be there holds the sandbox up as well", async () => {
    const { fake, podSync } = create();
    const mount = Promise.withResolvers<void>();
    fake.isLacking = true;
    fake.prepareVolumes = () => mount.promise;
    const pass = podSync.sync(samplePod(), { signal });
    expect(await held(pass)).toBe(true);
    expect(fake.runtime.calls).toEqual([]);
    expect(fake.events).toEqual([]);
    mount.resolve();
    await pass;
    expect(fake.runtime.calls).toEqual(["RunPodSandbox 0", "CreateContainer main 0", "StartContainer main 0"]);
  });

  test("a volume that fails keeps containers from starting and is tried again", async () => {
    const { clock, fake, podSync } = create();
    fake.prepareVolumes = () => {
      throw new Error("no such secret");
    };
    const first = await podSync.sync(samplePod(), { signal });
    expect(first.error).toMatchObject({ code: "volumes-failed", message: "set up volumes of pod web_default(uid-web): no such secret" });
    expect(first.retryAtMs).toBe(clock.nowMs() + 1000);
    expect((await podSync.sync(samplePod(), { signal })).retryAtMs).toBe(clock.nowMs() + 2000);
    fake.prepareVolumes = () => {};
    expect((await podSync.sync(samplePod(), { signal })).error).toBeUndefined();
    expect(fake.runtime.find("main").state).toBe("running");
  });

  test("an image that fails becomes the waiting reason, with the time of its own back-off", async () => {
    const { fake, podSync } = create();
    fake.image = () => {
      throw Object.assign(new Error("pull denied"), { code: "ErrImagePull", retryAtMs: 12_345 });
    };
    const result = await podSync.sync(samplePod(), { signal });
    expect(result).toEqual({
      retryAtMs: 12_345,
      containerReasons: new Map([["main", { reason: "ErrImagePull", message: "pull denied" }]]),
    });
    expect(fake.events.map((event) => event.message)).toEqual(["Error: ErrImagePull"]);
  });

  test("a fresh failure of a pull is looked at again soon, so that its back-off is shown; the back-off lasts its own time", async () => {
    const { clock, fake, podSync } = create();
    const retryAtMs = clock.nowMs() + 60_000;
    const failWith = (code: string): void => {
      fake.image = () => {
        throw Object.assign(new Error("pull denied"), { code, retryAtMs });
      };
    };
    failWith("ErrImagePull");
    expect((await podSync.sync(samplePod(), { signal })).retryAtMs).toBe(clock.nowMs() + 1_000);
    failWith("ImagePullBackOff");
    expect((await podSync.sync(samplePod(), { signal })).retryAtMs).toBe(retryAtMs);
  });

  test("one container's image does not hold the next container for long", async () => {
    const { fake, podSync } = create();
    const spec: PodSpec = { containers: ["a", "b"].map((name) => ({ name, image: name })) };
    fake.image = ({ image }) => {
      if (image === "a") throw Object.assign(new Error("no"), { code: "ErrImageNeverPull" });
    };
    const { containerReasons } = await podSync.sync(samplePod(spec), { signal });
    expect([...containerReasons.keys()]).toEqual(["a"]);
    expect(fake.runtime.find("b").state).toBe("running");
  });

  test("a sandbox that fails is an event and is tried again", async () => {
    const { fake, podSync } = create();
    fake.runtime.faults = ({ name }) => (name === "RunPodSandbox" ? { error: new Error("no CNI") } : undefined);
    const { error, retryAtMs } = await podSync.sync(samplePod(), { signal });
    expect(error?.code).toBe("sandbox-failed");
    expect(retryAtMs).toBeDefined();
    expect(fake.events.at(-1)).toMatchObject({
      type: "Warning",
      reason: "FailedCreatePodSandBox",
      message: "Failed to create pod sandbox: no CNI",
    });
    await podSync.sync(samplePod(), { signal });
    expect(fake.events.map((event) => event.reason)).toEqual(["Pulled", "FailedCreatePodSandBox", "FailedCreatePodSandBox"]);
  });

  test("a node without network holds only pods that need one", async () => {
    const { clock, fake, podSync } = create();
    fake.networkProblem = "NetworkReady=false";
    const result = await podSync.sync(samplePod(), { signal });
    expect(result).toMatchObject({ retryAtMs: clock.nowMs() + 1000, error: { code: "network-not-ready" } });
    expect(fake.events[0]).toMatchObject({ reason: "NetworkNotReady", message: "network is not ready: NetworkReady=false" });
    expect(fake.runtime.calls).toEqual([]);
    await podSync.sync(samplePod({ hostNetwork: true }), { signal });
    expect(fake.runtime.find("main").state).toBe("running");
  });

  test("a changed sandbox is an event, and everything in it is stopped first", async () => {
    const { fake, podSync } = create();
    await podSync.sync(samplePod(), { signal });
    fake.runtime.breakSandbox(uid);
    await podSync.sync(samplePod(), { signal });
    expect(fake.log.slice(-8)).toEqual([
      "event Normal SandboxChanged pod: Pod sandbox changed, it will be killed and re-created.",
      "StopPodSandbox sandbox0",
      "RunPodSandbox 1",
      'event Normal Pulled spec.containers{main}: Container image "busybox" already present on machine and can be accessed by the pod',
      "CreateContainer main 1",
      "event Normal Created spec.containers{main}: Container created",
      "StartContainer main 1",
      "event Normal Started spec.containers{main}: Container started",
    ]);
  });
});

describe("containers", () => {
  test("a configuration that cannot be built becomes CreateContainerConfigError", async () => {
    const { fake, podSync } = create();
    const pod = samplePod({ containers: [{ name: "main", image: "busybox", securityContext: { runAsNonRoot: true } }] });
    const { containerReasons, error } = await podSync.sync(pod, { signal });
    const message = 'container has runAsNonRoot and image will run as root (pod: "web_default(uid-web)", container: main)';
    expect(containerReasons.get("main")).toEqual({ reason: "CreateContainerConfigError", message });
    expect(error?.code).toBe("container-failed");
    expect(fake.events.at(-1)).toMatchObject({ type: "Warning", reason: "Failed", message: `Error: ${message}` });
  });

  test.each([
    ["CreateContainer", "CreateContainerError"],
    ["StartContainer", "RunContainerError"],
  ])("a failed %s becomes %s", async (call, reason) => {
    const metrics = createRecordingMetrics();
    const { fake, podSync } = create({ metrics });
    fake.runtime.faults = ({ name }) => (name === call ? { error: new Error("no space") } : undefined);
    const { containerReasons } = await podSync.sync(samplePod(), { signal });
    expect(containerReasons.get("main")).toEqual({ reason, message: "no space" });
    expect(fake.events.at(-1)?.message).toBe("Error: no space");
    expect(metrics.value("kubelet_started_containers_errors_total", { container_type: "container", code: reason })).toBe(1);
  });

  test("what the runtime says of an executable shows it as the pod spells it, in the status, the event and the error", async () => {
    const { fake, podSync } = create();
    fake.runtime.faults = ({ name }) =>
      name === "StartContainer" ? { error: new Error('exec: "s3cret": executable file not found in $PATH') } : undefined;
    const env = [{ name: "TOKEN", value: "s3cret" }];
    const { containerReasons, error } = await podSync.sync(
      samplePod({ containers: [{ name: "main", image: "busybox", command: ["$(TOKEN)"], env }] }),
      { signal },
    );
    const message = 'exec: "$(TOKEN)": executable file not found in $PATH';
    expect(containerReasons.get("main")).toEqual({ reason: "RunContainerError", message });
    expect(fake.events.at(-1)?.message).toBe(`Error: ${message}`);
    const texts: string[] = [];
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) texts.push(cause.message);
    expect(texts.join()).toContain(message);
    expect(texts.join()).not.toContain("s3cret");
  });

  test("a crash loop shows its wait, and ends it at the right moment", async () => {
    const { clock, fake, podSync } = create();
    await podSync.sync(samplePod(), { signal });
    fake.runtime.exit("main", 1);
    expect((await podSync.sync(samplePod(), { signal })).containerReasons.size).toBe(0);
    fake.runtime.exit("main", 1);
    const result = await podSync.sync(samplePod(), { signal });
    const message = "back-off 10s restarting failed container=main pod=web_default(uid-web)";
    expect(result.containerReasons.get("main")).toEqual({ reason: "CrashLoopBackOff", message });
    expect(result.retryAtMs).toBe(clock.nowMs() + 10_000);
    await clock.advance(9_999);
    await podSync.sync(samplePod(), { signal });
    expect(fake.runtime.find("main").attempt).toBe(1);
    await clock.advance(1);
    await podSync.sync(samplePod(), { signal });
    expect(fake.runtime.find("main")).toMatchObject({ attempt: 2, state: "running" });
    expect(fake.events.filter((event) => event.reason === "BackOff")).toHaveLength(1);
  });

  test("a pod that is at rest is left alone", async () => {
    const { fake, podSync } = create();
    await podSync.sync(samplePod(), { signal });
    const calls = fake.runtime.calls.length;
    expect(await podSync.sync(samplePod(), { signal })).toEqual({ containerReasons: new Map() });
    expect(fake.runtime.calls).toHaveLength(calls);
  });

  test("a sidecar without a startup probe lets the next ones start in the same pass", async () => {
    const { fake, podSync } = create();
    const pod = samplePod({ initContainers: ["s1", "s2"].map((name) => ({ name, image: "busybox", restartPolicy: "Always" })) });
    await podSync.sync(pod, { signal });
    expect(fake.runtime.calls.filter((call) => call.startsWith("Start"))).toEqual([
      "StartContainer s1 0",
      "StartContainer s2 0",
      "StartContainer main 0",
    ]);
  });

  test("a failed liveness probe kills with that probe's grace and starts again", async () => {
    const { fake, podSync } = create();
    const livenessProbe = { exec: { command: ["true"] }, terminationGracePeriodSeconds: 7 };
    const pod = samplePod({ containers: [{ name: "main", image: "busybox", livenessProbe }] });
    await podSync.sync(pod, { signal });
    fake.probes.set(fake.runtime.find("main").id, { liveness: "failure" });
    await podSync.sync(pod, { signal });
    expect(fake.log.slice(-7)).toEqual([
      "event Normal Killing spec.containers{main}: Container main failed liveness probe, will be restarted",
      "StopContainer main 0 timeout=7",
      'event Normal Pulled spec.containers{main}: Container image "busybox" already present on machine and can be accessed by the pod',
      "CreateContainer main 1",
      "event Normal Created spec.containers{main}: Container created",
      "StartContainer main 1",
      "event Normal Started spec.containers{main}: Container started",
    ]);
  });

  test("a failed postStart hook kills the container and says why", async () => {
    const { fake, podSync } = create();
    fake.runtime.exec = () => ({ exitCode: 3, stderr: "oh" });
    const lifecycle = { postStart: { exec: { command: ["sh", "-c", "exit 3"] } } };
    const { containerReasons } = await podSync.sync(samplePod({ containers: [{ name: "main", image: "busybox", lifecycle }] }), { signal });
    expect(containerReasons.get("main")).toEqual({
      reason: "PostStartHookError",
      message:
        `Exec lifecycle hook ([sh -c exit 3]) for Container "main" in Pod "web_default(uid-web)" failed - error: ` +
        `command 'sh -c exit 3' exited with 3: oh, message: "oh"`,
    });
    expect(fake.runtime.find("main").state).toBe("exited");
  });

  test("a container whose postStart hook runs is starting, and is not when that has ended", async () => {
    const { fake, podSync } = create();
    const release = fake.runtime.hold("ExecSync");
    const lifecycle = { postStart: { exec: { command: ["true"] } } };
    const done = podSync.sync(samplePod({ containers: [{ name: "main", image: "busybox", lifecycle }] }), { signal });
    while (!fake.runtime.calls.some((call) => call.startsWith("ExecSync"))) await Promise.resolve();
    const { id } = fake.runtime.find("main");
    expect(podSync.isStarting("uid-web", id)).toBe(true);
    release();
    await done;
    expect(podSync.isStarting("uid-web", id)).toBe(false);
  });

  test("an HTTP hook falls back to plain HTTP and drops the credentials", async () => {
    const { fake, podSync } = create();
    fake.hook = async ({ scheme }) => (scheme === "https" ? "plain-http" : "answered");
    const httpGet = { port: "web", scheme: "HTTPS", path: "up", httpHeaders: [{ name: "Authorization", value: "secret" }] };
    const ports = [{ name: "web", containerPort: 8443 }];
    await podSync.sync(samplePod({ containers: [{ name: "main", image: "busybox", ports, lifecycle: { postStart: { httpGet } } }] }), {
      signal,
    });
    expect(fake.hookRequests).toMatchObject([
      { scheme: "https", host: "10.0.0.1", port: 8443, path: "/up" },
      {
        scheme: "http",
        headers: [
          { name: "User-Agent", value: "kube-lifecycle/1.36" },
          { name: "Accept", value: "*/*" },
        ],
      },
    ]);
    expect(fake.events.at(-1)).toMatchObject({
      reason: "LifecycleHTTPFallback",
      message: "request to HTTPS lifecycle hook 10.0.0.1:8443 got HTTP response, retry with HTTP succeeded",
    });
  });

  test("a finished pod loses its sidecar and its sandbox", async () => {
    const { fake, podSync } = create();
    const pod = samplePod({ restartPolicy: "Never", initContainers: [{ name: "side", image: "busybox", restartPolicy: "Always" }] });
    await podSync.sync(pod, { signal });
    fake.runtime.exit("main", 0);
    await podSync.sync(pod, { signal });
    expect(fake.runtime.calls.slice(-2)).toEqual(["StopContainer side 0 timeout=30", "StopPodSandbox sandbox0"]);
  });

  test("decisions are told", async () => {
    const told: string[] = [];
    const { podSync } = create({ onDecision: (_uid, text) => void told.push(text) });
    await podSync.sync(samplePod(), { signal });
    expect(told).toEqual(["create a sandbox", "start a container"]);
  });
});

describe("an abort", () => {
  const reason = new Error("terminating");

  test("during a pull ends the pull and the pass", async () => {
    const { fake, podSync } = create();
    const abort = new AbortController();
    let pullSignal: AbortSignal | undefined;
    fake.image = (_wish, given) =>
      new Promise((_resolve, reject) => {
        pullSignal = given;
        given?.addEventListener("abort", () => reject(given.reason as Error), { once: true });
      });
    const pass = podSync.sync(samplePod(), { signal: abort.signal });
    expect(await held(pass)).toBe(true);
    abort.abort(reason);
    await expect(pass).rejects.toBe(reason);
    expect(pullSignal?.aborted).toBe(true);
    fake.image = () => {};
    await podSync.sync(samplePod(), { signal });
    expect(fake.runtime.find("main").state).toBe("running");
    expect(fake.runtime.calls.filter((call) => call.startsWith("RunPodSandbox"))).toHaveLength(1);
  });

  test.each(["RunPodSandbox", "CreateContainer", "StartContainer"] as const)(
    "during %s waits for its answer, so that nothing is lost",
    async (name) => {
      const { fake, podSync } = create();
      const abort = new AbortController();
      const release = fake.runtime.hold(name);
      const pass = podSync.sync(samplePod(), { signal: abort.signal });
      expect(await held(pass)).toBe(true);
      abort.abort(reason);
      expect(await held(pass)).toBe(true);
      release();
      await expect(pass).rejects.toBe(reason);
      const calls = fake.runtime.calls.length;
      await podSync.terminate(samplePod(), { signal });
      await podSync.cleanUp(samplePod(), { signal, isRemoved: true });
      expect(fake.runtime.inspect(uid)).toBeUndefined();
      expect(fake.runtime.calls.slice(calls).some((call) => /^(Run|Create|Start)/u.test(call))).toBe(false);
    },
  );

  test("during a preStop hook lets a shorter grace take over", async () => {
    const { clock, fake, podSync } = create();
    const pod = samplePod({ containers: [{ name: "main", image: "busybox", lifecycle: { preStop: { sleep: { seconds: 20 } } } }] });
    await podSync.sync(pod, { signal });
    const abort = new AbortController();
    const first = podSync.terminate(pod, { signal: abort.signal });
    expect(await held(first)).toBe(true);
    abort.abort(reason);
    await expect(first).rejects.toBe(reason);
    expect(clock.pendingCount).toBe(0);
    const second = podSync.terminate(pod, { signal, gracePeriodSeconds: 1 });
    await clock.advance(1000);
    await second;
    expect(fake.runtime.calls.slice(-2)).toEqual(["StopContainer main 0 timeout=2", "StopPodSandbox sandbox0"]);
  });

  test("before the call does nothing", async () => {
    const { fake, podSync } = create();
    await expect(podSync.sync(samplePod(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(podSync.terminate(samplePod(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(fake.runtime.calls).toEqual([]);
  });
});

test("a kubelet that just started reads a running pod, prepares its volumes and starts nothing", async () => {
  const { fake, podSync } = create();
  await podSync.sync(samplePod(), { signal });
  const calls = fake.runtime.calls.length;
  let prepared = 0;
  fake.prepareVolumes = () => void (prepared += 1);
  const heir = createPodSync({ ...fake.ports, observed: { ...fake.ports.observed, get: () => undefined } });
  await heir.sync(samplePod(), { signal });
  expect(prepared).toBe(1);
  await heir.sync(samplePod(), { signal });
  expect(prepared).toBe(1);
  expect(fake.runtime.calls).toHaveLength(calls);
});
