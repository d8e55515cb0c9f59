import type { ContainerConfig, DeepPartial, PodSandboxConfig } from "@nk/cri-api";
import { ContainerState, PodSandboxState } from "@nk/cri-api";
import { createCriClient } from "../client.ts";
import type { CriClient } from "../client.ts";
import type { ContainerEvent } from "../container-events.ts";
import { isCriError } from "../errors.ts";
import { createRuntimePodView } from "../runtime-pod-view.ts";

/** The few matchers the suite uses; vitest's and jest's `expect` fit. */
export interface ContractMatchers {
  toBe(expected: unknown): void;
  toEqual(expected: unknown): void;
  toContain(expected: unknown): void;
  toBeGreaterThan(expected: number | bigint): void;
}

/** A test runner's two functions. */
export interface ContractRunner {
  readonly test: (name: string, body: () => Promise<void>) => void;
  readonly expect: (actual: unknown) => ContractMatchers;
}

/** A runtime to be tested; it may be shared by all tests of the suite. */
export interface ContractSubject {
  /** `unix:///...` */
  readonly endpoint: string;
  /** An image the runtime has, with a shell at /bin/sh. */
  readonly image: string;
  /** A folder for logs; it exists. */
  readonly logDirectory: string;
  /** Parent cgroup for sandboxes; empty for the runtime's choice. */
  readonly cgroupParent?: string;
  /** Whether GetContainerEvents is implemented. */
  readonly events: boolean;
}

/** What {@link describeCriRuntimeContract} takes. */
export interface ContractOptions extends ContractRunner {
  /** Called at the start of every test. */
  readonly open: () => Promise<ContractSubject>;
}

let podCount = 0;

const podConfig = (subject: ContractSubject): DeepPartial<PodSandboxConfig> => {
  podCount += 1;
  const name = `contract-${String(process.pid)}-${String(podCount)}`;
  return {
    metadata: { name, namespace: "default", uid: `uid-${name}`, attempt: 0 },
    hostname: name,
    logDirectory: `${subject.logDirectory}/${name}`,
    labels: { "io.kubernetes.pod.uid": `uid-${name}`, "io.kubernetes.pod.name": name, "io.kubernetes.pod.namespace": "default" },
    annotations: { "example.com/note": "kept" },
    linux: { cgroupParent: subject.cgroupParent ?? "" },
  };
};

const containerConfig = (
  pod: DeepPartial<PodSandboxConfig>,
  subject: ContractSubject,
  extra: DeepPartial<ContainerConfig> = {},
): DeepPartial<ContainerConfig> => ({
  metadata: { name: "app", attempt: 0 },
  image: { image: subject.image },
  command: ["/bin/sh", "-c", "trap 'exit 0' TERM; while :; do sleep 0.1; done"],
  labels: { ...pod.labels, "io.kubernetes.container.name": "app" } as { [key: string]: string },
  logPath: "app_0.log",
  ...extra,
});

interface Scope extends AsyncDisposable {
  readonly client: CriClient;
  readonly subject: ContractSubject;
  readonly pod: DeepPartial<PodSandboxConfig>;
  readonly podUid: string;
  runSandbox(): Promise<string>;
  startContainer(sandboxId: string, extra?: DeepPartial<ContainerConfig>): Promise<string>;
}

/** The code a call failed with, `ok` when it did not fail. */
const codeOf = async (call: Promise<unknown>): Promise<string> => {
  try {
    await call;
    return "ok";
  } catch (error) {
    if (isCriError(error)) return error.code;
    throw error;
  }
};

const openScope = async (options: ContractOptions): Promise<Scope> => {
  const subject = await options.open();
  const client = createCriClient({ endpoint: subject.endpoint, timeoutMs: 30_000 });
  const pod = podConfig(subject);
  const sandboxes: string[] = [];
  return {
    client,
    subject,
    pod,
    podUid: pod.metadata?.uid ?? "",
    runSandbox: async () => {
      const { podSandboxId } = await client.runPodSandbox({ config: pod });
      sandboxes.push(podSandboxId);
      return podSandboxId;
    },
    startContainer: async (podSandboxId, extra) => {
      const config = containerConfig(pod, subject, extra);
      const { containerId } = await client.createContainer({ podSandboxId, config, sandboxConfig: pod });
      await client.startContainer({ containerId });
      return containerId;
    },
    [Symbol.asyncDispose]: async () => {
      for (const podSandboxId of sandboxes) {
        // containerd 1.6 does not stop what a test has already removed.
        await codeOf(client.stopPodSandbox({ podSandboxId }));
        await client.removePodSandbox({ podSandboxId });
      }
      client.close();
    },
  };
};

const UNKNOWN_ID = "0".repeat(64);

const describeRuntime = (options: ContractOptions): void => {
  const { test, expect } = options;

  test("says who it is and that it is ready", async () => {
    await using scope = await openScope(options);
    expect((await scope.client.version()).runtimeApiVersion).toBe("v1");
    const { status } = await scope.client.status();
    expect(status?.conditions.map(({ type }) => type)).toContain("RuntimeReady");
    expect(status?.conditions.map(({ type }) => type)).toContain("NetworkReady");
  });

  test("answers unknown ids with not-found, and stop and remove of them with success or not-found", async () => {
    await using scope = await openScope(options);
    const { client } = scope;
    expect(await codeOf(client.podSandboxStatus({ podSandboxId: UNKNOWN_ID }))).toBe("not-found");
    expect(await codeOf(client.containerStatus({ containerId: UNKNOWN_ID }))).toBe("not-found");
    expect(await codeOf(client.startContainer({ containerId: UNKNOWN_ID }))).toBe("not-found");
    expect(["ok", "not-found"]).toContain(await codeOf(client.stopContainer({ containerId: UNKNOWN_ID })));
    expect(["ok", "not-found"]).toContain(await codeOf(client.stopPodSandbox({ podSandboxId: UNKNOWN_ID })));
    expect(await codeOf(client.removeContainer({ containerId: UNKNOWN_ID }))).toBe("ok");
    expect(await codeOf(client.removePodSandbox({ podSandboxId: UNKNOWN_ID }))).toBe("ok");
  });

  test("knows its images, and an unknown image is no error", async () => {
    await using scope = await openScope(options);
    const { client, subject } = scope;
    const { image } = await client.imageStatus({ image: { image: subject.image } });
    expect(image?.id.startsWith("sha256:")).toBe(true);
    expect((await client.listImages()).images.some(({ id }) => id === image?.id)).toBe(true);
    expect((await client.imageStatus({ image: { image: "example.invalid/nothing:1" } })).image).toBe(undefined);
    expect(await codeOf(client.removeImage({ image: { image: "example.invalid/nothing:1" } }))).toBe("ok");
    const { imageFilesystems } = await client.imageFsInfo();
    expect(imageFilesystems[0]?.timestamp ?? 0n).toBeGreaterThan(0n);
  });
};

const describeSandboxes = (options: ContractOptions): void => {
  const { test, expect } = options;

  test("a sandbox is ready with an IP, keeps its labels, and is gone after stop and remove", async () => {
    await using scope = await openScope(options);
    const { client, pod, podUid } = scope;
    const podSandboxId = await scope.runSandbox();
    const { status } = await client.podSandboxStatus({ podSandboxId });
    expect(status?.state).toBe(PodSandboxState.SANDBOX_READY);
    expect(status?.metadata).toEqual(pod.metadata);
    expect(status?.labels).toEqual(pod.labels);
    expect(status?.annotations["example.com/note"]).toBe("kept");
    expect(status?.network?.ip === "").toBe(false);
    const filter = { labelSelector: { "io.kubernetes.pod.uid": podUid } };
    expect((await client.listPodSandbox({ filter })).items.map(({ id }) => id)).toEqual([podSandboxId]);

    await client.stopPodSandbox({ podSandboxId });
    await client.stopPodSandbox({ podSandboxId });
    const stopped = await client.podSandboxStatus({ podSandboxId });
    expect(stopped.status?.state).toBe(PodSandboxState.SANDBOX_NOTREADY);
    await client.removePodSandbox({ podSandboxId });
    expect(await codeOf(client.podSandboxStatus({ podSandboxId }))).toBe("not-found");
  });

  test("a second sandbox of the same name and attempt is refused", async () => {
    await using scope = await openScope(options);
    await scope.runSandbox();
    expect((await codeOf(scope.client.runPodSandbox({ config: scope.pod }))) === "ok").toBe(false);
  });

  test("removing a running sandbox removes its containers too", async () => {
    await using scope = await openScope(options);
    const { client } = scope;
    const podSandboxId = await scope.runSandbox();
    const containerId = await scope.startContainer(podSandboxId);
    await client.stopPodSandbox({ podSandboxId });
    expect((await client.containerStatus({ containerId })).status?.state).toBe(ContainerState.CONTAINER_EXITED);
    await client.removePodSandbox({ podSandboxId });
    expect(await codeOf(client.containerStatus({ containerId }))).toBe("not-found");
  });
};

const describeContainers = (options: ContractOptions): void => {
  const { test, expect } = options;

  test("a container goes from created over running to exited with its exit code", async () => {
    await using scope = await openScope(options);
    const { client, pod, subject } = scope;
    const podSandboxId = await scope.runSandbox();
    const config = containerConfig(pod, subject);
    const { containerId } = await client.createContainer({ podSandboxId, config, sandboxConfig: pod });
    expect((await client.containerStatus({ containerId })).status?.state).toBe(ContainerState.CONTAINER_CREATED);
    await client.startContainer({ containerId });
    const running = (await client.containerStatus({ containerId })).status;
    expect(running?.state).toBe(ContainerState.CONTAINER_RUNNING);
    expect(running?.startedAt ?? 0n).toBeGreaterThan(0n);
    expect(running?.logPath).toBe(`${pod.logDirectory ?? ""}/app_0.log`);
    expect((await codeOf(client.startContainer({ containerId }))) === "ok").toBe(false);

    await client.stopContainer({ containerId, timeout: 5n });
    await client.stopContainer({ containerId, timeout: 5n });
    const exited = (await client.containerStatus({ containerId })).status;
    expect(exited?.state).toBe(ContainerState.CONTAINER_EXITED);
    expect(exited?.finishedAt ?? 0n).toBeGreaterThan(running?.startedAt ?? 0n);
    await client.removeContainer({ containerId });
    expect(await codeOf(client.containerStatus({ containerId }))).toBe("not-found");
  });

  test("a container cannot be made in an unknown sandbox or from an unknown image, nor twice under one name", async () => {
    await using scope = await openScope(options);
    const { client, pod, subject } = scope;
    const config = containerConfig(pod, subject);
    expect(await codeOf(client.createContainer({ podSandboxId: UNKNOWN_ID, config, sandboxConfig: pod }))).toBe("not-found");
    const podSandboxId = await scope.runSandbox();
    const missing = { ...config, image: { image: "example.invalid/nothing:1" } };
    expect(await codeOf(client.createContainer({ podSandboxId, config: missing, sandboxConfig: pod }))).toBe("not-found");
    await client.createContainer({ podSandboxId, config, sandboxConfig: pod });
    expect((await codeOf(client.createContainer({ podSandboxId, config, sandboxConfig: pod }))) === "ok").toBe(false);
  });

  test("lists are filtered by sandbox, state and label", async () => {
    await using scope = await openScope(options);
    const { client } = scope;
    const podSandboxId = await scope.runSandbox();
    const containerId = await scope.startContainer(podSandboxId);
    const idsOf = async (filter: object): Promise<readonly string[]> =>
      (await client.listContainers({ filter })).containers.map(({ id }) => id);
    expect(await idsOf({ podSandboxId })).toEqual([containerId]);
    expect(await idsOf({ podSandboxId, state: { state: ContainerState.CONTAINER_EXITED } })).toEqual([]);
    expect(await idsOf({ labelSelector: { "io.kubernetes.pod.uid": scope.podUid, "io.kubernetes.container.name": "app" } })).toEqual([
      containerId,
    ]);
    expect(await idsOf({ labelSelector: { "io.kubernetes.pod.uid": "another" } })).toEqual([]);
  });

  test("a command in a container gives its output and exit code, and none runs in an exited one", async () => {
    await using scope = await openScope(options);
    const { client } = scope;
    const podSandboxId = await scope.runSandbox();
    const containerId = await scope.startContainer(podSandboxId);
    expect((await client.execSync({ containerId, cmd: ["/bin/sh", "-c", "exit 0"], timeout: 5n })).exitCode).toBe(0);
    await client.stopContainer({ containerId, timeout: 0n });
    expect((await codeOf(client.execSync({ containerId, cmd: ["/bin/true"], timeout: 5n }))) === "ok").toBe(false);
  });

  test("a command that takes too long is given up with deadline-exceeded", async () => {
    await using scope = await openScope(options);
    const { client } = scope;
    const podSandboxId = await scope.runSandbox();
    const containerId = await scope.startContainer(podSandboxId);
    expect(await codeOf(client.execSync({ containerId, cmd: ["/bin/sleep", "3"], timeout: 1n }))).toBe("deadline-exceeded");
  });

  test("a container whose command does not exist fails to start and is exited with 128", async () => {
    await using scope = await openScope(options);
    const { client, pod, subject } = scope;
    const podSandboxId = await scope.runSandbox();
    const config = containerConfig(pod, subject, { command: ["/no/such/command"] });
    const { containerId } = await client.createContainer({ podSandboxId, config, sandboxConfig: pod });
    expect((await codeOf(client.startContainer({ containerId }))) === "ok").toBe(false);
    const { status } = await client.containerStatus({ containerId });
    expect({ state: status?.state, exitCode: status?.exitCode, reason: status?.reason, startedAt: status?.startedAt }).toEqual({
      state: ContainerState.CONTAINER_EXITED,
      exitCode: 128,
      reason: "StartError",
      startedAt: 0n,
    });
  });

  test("limits of a container can be changed and are shown", async () => {
    await using scope = await openScope(options);
    const { client } = scope;
    const podSandboxId = await scope.runSandbox();
    const containerId = await scope.startContainer(podSandboxId);
    await client.updateContainerResources({ containerId, linux: { cpuShares: 512n } });
    expect((await client.containerStatus({ containerId })).status?.resources?.linux?.cpuShares).toBe(512n);
  });

  test("a killed container has exit code 137", async () => {
    await using scope = await openScope(options);
    const podSandboxId = await scope.runSandbox();
    const containerId = await scope.startContainer(podSandboxId);
    await scope.client.stopContainer({ containerId, timeout: 0n });
    expect((await scope.client.containerStatus({ containerId })).status?.exitCode).toBe(137);
  });

  test("the view shows the pod with its container and IP, and without what vanished", async () => {
    await using scope = await openScope(options);
    const { client, podUid: uid } = scope;
    const view = createRuntimePodView(client);
    const sandboxId = await scope.runSandbox();
    const containerId = await scope.startContainer(sandboxId);
    const listed = (await view.listPods()).find((pod) => pod.uid === uid);
    expect(listed?.containers.map(({ id }) => id)).toEqual([containerId]);
    const query = { uid, name: "n", namespace: "default", sandboxIds: [sandboxId], containerIds: [containerId, UNKNOWN_ID] };
    const status = await view.getPodStatus(query);
    expect(status.containers.map(({ id, sandboxId: owner, state }) => ({ id, owner, state }))).toEqual([
      { id: containerId, owner: sandboxId, state: "running" },
    ]);
    expect(status.ips.length).toBeGreaterThan(0);
    const found = await view.getPodStatus({ uid, name: "n", namespace: "default" });
    expect(found.containers.map(({ id }) => id)).toEqual([containerId]);
  });
};

const describeEvents = (options: ContractOptions): void => {
  const { test, expect } = options;

  test("tells of a container's start and end, or says that it has no events", async () => {
    await using scope = await openScope(options);
    const { client, subject } = scope;
    const events = client.containerEvents()[Symbol.asyncIterator]();
    if (!subject.events) {
      expect(await codeOf(events.next())).toBe("unimplemented");
      return;
    }
    const first: ContainerEvent | undefined = (await events.next()).value ?? undefined;
    expect(first).toEqual({ type: "gap", cause: "connected" });
    const podSandboxId = await scope.runSandbox();
    const containerId = await scope.startContainer(podSandboxId);
    await client.stopContainer({ containerId, timeout: 0n });
    const kinds: number[] = [];
    while (kinds.length < 3) {
      const { value } = await events.next();
      if (value?.type === "event" && value.event.containerId === containerId) kinds.push(value.event.containerEventType);
    }
    await events.return?.();
    expect(kinds).toEqual([0, 1, 2]);
  });
};

/**
 * What every runtime that the client is to work with has in common: run by the fake and by real ones, so that the fake cannot lie.
 * Independent of a test runner; vitest's `test` and `expect` fit.
 */
export const describeCriRuntimeContract = (options: ContractOptions): void => {
  describeRuntime(options);
  describeSandboxes(options);
  describeContainers(options);
  describeEvents(options);
};
