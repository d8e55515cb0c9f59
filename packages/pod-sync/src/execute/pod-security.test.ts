import { NamespaceMode } from "@nk/cri-api";
import type { ContainerConfig, PodSandboxConfig } from "@nk/cri-api";
import type { PodSpec } from "@nk/pod-model";
import { createFakeClock, createRecordingMetrics } from "@nk/stdx/testing";
import { describe, expect, test } from "vitest";
import type { PodSyncPorts, RuntimeHandlerFacts, UserNamespacePort } from "../ports.ts";
import { createFakePorts, samplePod } from "../testing/index.ts";
import { createPodSync } from "./pod-sync.ts";

const { signal } = new AbortController();

const HANDLER: RuntimeHandlerFacts = { name: "", supportsRecursiveReadOnly: false, userNamespaces: "supported" };
const MAPPING = [{ hostId: 131_072, containerId: 0, length: 65_536 }];

const create = (options: { readonly handler?: Partial<RuntimeHandlerFacts>; readonly extras?: PodSyncPorts["extras"] } = {}) => {
  const clock = createFakeClock();
  const metrics = createRecordingMetrics();
  const fake = createFakePorts({ clock });
  const node = { ...fake.ports.node, runtimeHandler: async () => ({ ...HANDLER, ...options.handler }) };
  const sandboxConfigs: PodSandboxConfig[] = [];
  const containerConfigs: ContainerConfig[] = [];
  const ports: PodSyncPorts = {
    ...fake.ports,
    node,
    sandboxes: {
      ...fake.ports.sandboxes,
      runPodSandbox: (request) => {
        if (request.config !== undefined) sandboxConfigs.push(request.config);
        return fake.ports.sandboxes.runPodSandbox(request);
      },
    },
    containers: {
      ...fake.ports.containers,
      createContainer: (request) => {
        if (request.config !== undefined) containerConfigs.push(request.config);
        return fake.ports.containers.createContainer(request);
      },
    },
    ...(options.extras === undefined ? {} : { extras: options.extras }),
  };
  const podSync = createPodSync(ports, { clock, random: () => 0, metrics });
  return { clock, metrics, fake, sandboxConfigs, containerConfigs, podSync };
};

const eventsOf = ({ fake }: ReturnType<typeof create>): readonly string[] =>
  fake.events.map(({ fieldPath, reason, message }) => `${fieldPath ?? "pod"} ${reason}: ${message}`);

const trackIds = (): UserNamespacePort & { readonly calls: string[] } => {
  const calls: string[] = [];
  return {
    calls,
    ensure: async (uid) => {
      calls.push(`ensure ${uid}`);
      return { uids: MAPPING, gids: MAPPING };
    },
    release: async (uid) => {
      calls.push(`release ${uid}`);
    },
  };
};

describe("a pod with a user namespace", () => {
  const spec: Partial<PodSpec> = { hostUsers: false, securityContext: {}, volumes: [{ name: "v", emptyDir: {} }] };

  test("has its ids in the sandbox, in its containers and on each of their mounts, and gives them back at the end", async () => {
    const ids = trackIds();
    const made = create({ extras: { userNamespaces: ids } });
    const pod = samplePod({ ...spec, containers: [{ name: "main", image: "x", volumeMounts: [{ name: "v", mountPath: "/v" }] }] });
    await made.podSync.sync(pod, { signal });
    const usernsOptions = { mode: NamespaceMode.POD, uids: MAPPING, gids: MAPPING };
    const [sandbox] = made.sandboxConfigs;
    expect(sandbox?.linux?.securityContext?.namespaceOptions).toMatchObject({ usernsOptions });
    const [container] = made.containerConfigs;
    expect(container?.linux?.securityContext?.namespaceOptions).toMatchObject({ usernsOptions });
    expect(container?.mounts?.length).toBeGreaterThan(1);
    for (const mount of container?.mounts ?? []) expect(mount).toMatchObject({ uidMappings: MAPPING, gidMappings: MAPPING });
    await made.podSync.terminate(pod, { signal });
    expect(ids.calls).not.toContain("release uid-web");
    await made.podSync.cleanUp(pod, { signal });
    expect(ids.calls.at(-1)).toBe("release uid-web");
    expect(made.metrics.value("kubelet_started_user_namespaced_pods_total")).toBe(1);
  });

  test.each<[Partial<RuntimeHandlerFacts>, string]>([
    [{ userNamespaces: "unsupported" }, "can't set `spec.hostUsers: false`, runtime does not support user namespaces"],
    [
      { name: "kata", userNamespaces: "unsupported" },
      'can\'t set `spec.hostUsers: false`, RuntimeClass handler "kata" does not support user namespaces',
    ],
    [
      { name: "odd", userNamespaces: "unknown" },
      'can\'t set `spec.hostUsers: false`, RuntimeClass handler "odd" does not support user namespaces: the handler "odd" is not known',
    ],
  ])("is not started by a handler of %j", async (handler, why) => {
    const made = create({ handler, extras: { userNamespaces: trackIds() } });
    const { error, retryAtMs } = await made.podSync.sync(samplePod(spec), { signal });
    expect(error).toMatchObject({ code: "sandbox-failed", message: expect.stringContaining(why) });
    expect(retryAtMs).toBeDefined();
    expect(eventsOf(made)).toEqual([`pod FailedCreatePodSandBox: Failed to create pod sandbox: ${why}`]);
    expect(made.metrics.value("kubelet_started_user_namespaced_pods_errors_total")).toBe(1);
    expect(made.sandboxConfigs).toEqual([]);
  });

  test("asks nobody when it has none", async () => {
    const ids = trackIds();
    const made = create({ extras: { userNamespaces: ids } });
    await made.podSync.sync(samplePod({ hostUsers: true }), { signal });
    expect(ids.calls).toEqual([]);
  });
});

describe("a sandbox's configuration", () => {
  test.each<[string, Partial<PodSpec>, string]>([
    [
      "a full name that is too long",
      { hostname: "h".repeat(60), subdomain: "s", setHostnameAsFQDN: true },
      "failed to construct FQDN from pod hostname and cluster domain, FQDN",
    ],
    ["a host name that is none", { hostname: "A" }, 'pod Hostname "A" is not a valid DNS label'],
    ["a policy that is none", { securityContext: { supplementalGroupsPolicy: "Lax" } }, "unsupported supplementalGroupsPolicy: Lax"],
  ])("that cannot be made is an event like a sandbox that cannot: %s", async (_name, spec, why) => {
    const made = create();
    const { error } = await made.podSync.sync(samplePod(spec), { signal });
    expect(error?.code).toBe("sandbox-failed");
    expect(eventsOf(made)).toEqual([expect.stringContaining(`pod FailedCreatePodSandBox: Failed to create pod sandbox: ${why}`)]);
    expect(made.metrics.value("kubelet_started_pods_errors_total")).toBe(1);
  });

  test("has its sysctls with dots, which is how the runtime knows them", async () => {
    const made = create();
    const sysctls = [
      { name: "net/ipv4/conf/eth0.1/forwarding", value: "1" },
      { name: "kernel.shm_rmid_forced", value: "0" },
    ];
    await made.podSync.sync(samplePod({ securityContext: { sysctls } }), { signal });
    expect(made.sandboxConfigs[0]?.linux?.sysctls).toEqual({ "net.ipv4.conf.eth0/1.forwarding": "1", "kernel.shm_rmid_forced": "0" });
  });

  test("tells the node, too, of a cluster without a DNS server", async () => {
    const clock = createFakeClock();
    const fake = createFakePorts({ clock });
    const told: string[] = [];
    const events = { ...fake.ports.events, recordNode: ({ reason }: { readonly reason: string }) => told.push(reason) };
    const facts: PodSyncPorts["node"]["facts"] = async (options) => ({ ...(await fake.ports.node.facts(options)), clusterDns: [] });
    const podSync = createPodSync({ ...fake.ports, events, node: { ...fake.ports.node, facts } }, { clock, random: () => 0 });
    await podSync.sync(samplePod({ dnsPolicy: "ClusterFirst" }), { signal });
    expect(told).toEqual(["MissingClusterDNS"]);
    expect(fake.events[0]).toMatchObject({ reason: "MissingClusterDNS", message: expect.stringMatching(/^pod: "/u) });
  });
});

describe("an env file", () => {
  const variable = (key: string, more: object = {}) => ({
    name: key,
    valueFrom: { fileKeyRef: { volumeName: "config", path: "app.env", key, ...more } },
  });
  const podWith = (env: NonNullable<PodSpec["containers"][number]["env"]>) =>
    samplePod({ volumes: [{ name: "config", emptyDir: {} }], containers: [{ name: "main", image: "x", env }], restartPolicy: "Never" });

  test("is read once, from its volume, into the container's environment", async () => {
    const asked: unknown[] = [];
    const made = create({
      extras: {
        envFile: async (file) => {
          asked.push(file);
          return "A='1'\nB='two\nlines'\n";
        },
      },
    });
    await made.podSync.sync(podWith([variable("A"), variable("B"), variable("C", { optional: true })]), { signal });
    expect(asked).toEqual([{ volumeHostPath: "/volumes/config", path: "app.env" }]);
    const [container] = made.containerConfigs;
    expect(container?.envs).toEqual(
      expect.arrayContaining([
        { key: "A", value: "1" },
        { key: "B", value: "two\nlines" },
      ]),
    );
    expect(container?.envs?.some(({ key }) => key === "C")).toBe(false);
  });

  test("is not read when those before it were too large together: a hundred names may be links to one file", async () => {
    let reads = 0;
    const text = `A='1'\n#${"x".repeat(60_000)}\n`.repeat(34);
    const envFile = async (): Promise<string> => {
      reads += 1;
      return text;
    };
    const made = create({ extras: { envFile } });
    const env = Array.from({ length: 100 }, (_, index) => ({
      name: `A${index}`,
      valueFrom: { fileKeyRef: { volumeName: "config", path: `link-${index}`, key: "A" } },
    }));
    const { containerReasons } = await made.podSync.sync(podWith(env), { signal });
    expect([...containerReasons]).toEqual([["main", { reason: "CreateContainerConfigError", message: "couldn't parse env file" }]]);
    expect(reads).toBe(5);
  });

  test.each([
    ["cannot be read", [variable("A")], new Error("/etc/shadow"), "couldn't parse env file"],
    ["is wrong", [variable("A")], "A=1\n", "couldn't parse env file"],
    ["lacks the key", [variable("Z")], "A='1'\n", 'environment variable key "Z" not found in file "/volumes/config/app.env"'],
    [
      "is in no volume",
      [{ name: "A", valueFrom: { fileKeyRef: { volumeName: "gone", path: "p", key: "A" } } }],
      "A='1'\n",
      'cannot find the volume "gone" referenced by FileKeyRef',
    ],
  ])("that %s keeps its container from being made, and says no more than the reference", async (_name, env, answer, why) => {
    const envFile = async (): Promise<string> => {
      if (answer instanceof Error) throw answer;
      return typeof answer === "string" ? answer : "";
    };
    const made = create({ extras: { envFile } });
    const { containerReasons } = await made.podSync.sync(podWith(env), { signal });
    expect([...containerReasons]).toEqual([["main", { reason: "CreateContainerConfigError", message: why }]]);
    expect(eventsOf(made)).toContain(`spec.containers{main} Failed: Error: ${why}`);
  });
});

describe("the image of an image volume", () => {
  const spec: PodSpec = {
    volumes: [
      { name: "good", image: { reference: "r/good:1", pullPolicy: "Always" } },
      { name: "bad", image: { reference: "r/bad:1" } },
    ],
    imagePullSecrets: [{ name: "login" }],
    containers: [
      { name: "a", image: "x", volumeMounts: [{ name: "bad", mountPath: "/bad" }] },
      { name: "b", image: "x", volumeMounts: [{ name: "good", mountPath: "/good", subPath: "etc" }] },
      { name: "c", image: "x" },
    ],
  };

  test("holds up only the containers that mount it", async () => {
    const made = create();
    made.fake.image = ({ image }) => {
      if (image === "r/bad:1") throw Object.assign(new Error("no such image"), { code: "ErrImagePull" });
    };
    const { containerReasons } = await made.podSync.sync(samplePod(spec), { signal });
    expect([...containerReasons]).toEqual([["a", { reason: "ErrImagePull", message: "no such image" }]]);
    expect(eventsOf(made)).toContain("spec.containers{a} Failed: Error: ErrImagePull");
    expect(made.fake.runtime.find("b").state).toBe("running");
    expect(made.fake.runtime.find("c").state).toBe("running");
  });

  test("is asked for once, as the pod, with its login and policy, and mounted by the runtime", async () => {
    const made = create({ handler: { name: "kata" } });
    const wishes: unknown[] = [];
    made.fake.image = ({ image, containerName, fieldPath, pullPolicy, pullSecretNames, runtimeHandler }) => {
      if (image !== "x") wishes.push({ image, containerName, fieldPath, pullPolicy, pullSecretNames, runtimeHandler });
    };
    await made.podSync.sync(samplePod(spec), { signal });
    const shared = { fieldPath: undefined, pullSecretNames: ["login"], runtimeHandler: "kata" };
    expect(wishes).toEqual([
      { image: "r/good:1", containerName: "good", pullPolicy: "Always", ...shared },
      { image: "r/bad:1", containerName: "bad", pullPolicy: "IfNotPresent", ...shared },
    ]);
    const config = made.containerConfigs.find(({ metadata }) => metadata?.name === "b");
    expect(config?.mounts?.[0]).toMatchObject({
      containerPath: "/good",
      hostPath: "",
      image: { image: "sha256:r/good:1", userSpecifiedImage: "r/good:1", runtimeHandler: "kata" },
      imageSubPath: "etc",
    });
  });

  test("is not waited for by a container that does not mount it", async () => {
    const made = create();
    const never = Promise.withResolvers<void>();
    made.fake.image = ({ image }) => (image === "r/good:1" ? never.promise : undefined);
    const pass = made.podSync.sync(samplePod({ ...spec, containers: [...spec.containers].toReversed() }), { signal });
    await expect.poll(() => made.containerConfigs.length).toBe(1);
    expect(made.fake.runtime.find("c").state).toBe("running");
    never.resolve();
    await pass;
    expect(made.fake.runtime.find("b").state).toBe("running");
  });

  test.each(["/etc", "a/../../b"])("has no sub-path %s", async (subPath) => {
    const made = create();
    const volumeMounts = [{ name: "good", mountPath: "/good", subPath }];
    const { containerReasons } = await made.podSync.sync(samplePod({ ...spec, containers: [{ name: "a", image: "x", volumeMounts }] }), {
      signal,
    });
    expect(containerReasons.get("a")?.reason).toBe("CreateContainerConfigError");
  });
});
