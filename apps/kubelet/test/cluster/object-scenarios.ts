import { expect, it } from "vitest";
import { systemClock } from "@nk/stdx";
import { SLEEP, podOf, shell } from "../manifests.ts";
import type { ClusterRig } from "../cluster-rig.ts";
import { untilApiPod, untilApiPodGone } from "../cluster-rig.ts";
import { collectionPath } from "../api-objects.ts";
import { report, timed } from "../rig.ts";
import { eventsOf, isReady, runReady, runs, shellIn, uidOf, untilEvent, untilShellSays, waitsFor } from "./pod-facts.ts";

const configMap = (name: string, data: { readonly [key: string]: string }): object => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data,
});
const secret = (name: string, stringData: { readonly [key: string]: string }): object => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name },
  stringData,
});

/** What reaches a container from objects of the API. */
export const describeObjects = (rig: () => ClusterRig): void => {
  it("gives containers ConfigMaps, Secrets, fields of the pod and services in their environment", async () => {
    await rig().create(configMap("env-config", { color: "blue" }));
    await rig().create(secret("env-secret", { password: "hunter2" }));
    await rig().create({
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "linked-service" },
      spec: { ports: [{ port: 8765 }], selector: { no: "pod" } },
    } as object);
    const pod = await runReady(
      rig(),
      podOf("env", [
        shell("main", SLEEP, {
          envFrom: [{ prefix: "C_", configMapRef: { name: "env-config" } }, { secretRef: { name: "env-none", optional: true } }],
          env: [
            { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "env-secret", key: "password" } } },
            { name: "OPTIONAL", valueFrom: { configMapKeyRef: { name: "env-config", key: "none", optional: true } } },
            { name: "POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
            { name: "HOST_IP", valueFrom: { fieldRef: { fieldPath: "status.hostIP" } } },
            { name: "POD_UID", valueFrom: { fieldRef: { fieldPath: "metadata.uid" } } },
            { name: "CPU", valueFrom: { resourceFieldRef: { resource: "requests.cpu", divisor: "1m" } } },
            { name: "BOTH", value: "$(C_color) $(PASSWORD)" },
          ],
          resources: { requests: { cpu: "20m" } },
        }),
      ]),
    );
    const environment = new Map((await shellIn(rig(), pod, "env")).split("\n").map((line) => line.split("=", 2) as [string, string]));
    expect(
      Object.fromEntries(
        ["C_color", "PASSWORD", "OPTIONAL", "POD_IP", "HOST_IP", "POD_UID", "CPU", "BOTH"].map((name) => [name, environment.get(name)]),
      ),
    ).toEqual({
      C_color: "blue",
      PASSWORD: "hunter2",
      OPTIONAL: undefined,
      POD_IP: pod.status?.podIP,
      HOST_IP: rig().kubelet.nodeAddress,
      POD_UID: uidOf(pod),
      CPU: "20",
      BOTH: "blue hunter2",
    });
    expect(environment.get("LINKED_SERVICE_SERVICE_PORT")).toBe("8765");
    expect(environment.get("KUBERNETES_SERVICE_HOST")).toMatch(/^10\.96\./);
    await rig().remove("Pod", "env");
  });

  it("mounts a token of the pod's service account that the API knows as the pod's", async () => {
    await rig().create({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "robot" } });
    const pod = await runReady(
      rig(),
      podOf("token", [shell("main", SLEEP, { volumeMounts: [{ name: "own", mountPath: "/own" }] })], {
        serviceAccountName: "robot",
        volumes: [
          {
            name: "own",
            projected: { sources: [{ serviceAccountToken: { path: "token", audience: "somebody", expirationSeconds: 600 } }] },
          },
        ],
      }),
    );
    const folder = "/var/run/secrets/kubernetes.io/serviceaccount";
    const review = async (spec: object): Promise<unknown> =>
      (
        await rig().api.json(collectionPath("TokenReview"), {
          method: "POST",
          body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec },
        })
      )["status"];
    const user = {
      username: "system:serviceaccount:default:robot",
      extra: { "authentication.kubernetes.io/pod-name": ["token"], "authentication.kubernetes.io/pod-uid": [uidOf(pod)] },
    };
    expect(await review({ token: await shellIn(rig(), pod, `cat ${folder}/token`) })).toMatchObject({ authenticated: true, user });
    expect(await review({ token: await shellIn(rig(), pod, "cat /own/token"), audiences: ["somebody"] })).toMatchObject({
      authenticated: true,
      user,
    });
    expect(await shellIn(rig(), pod, `cat ${folder}/namespace`)).toBe("default");
    expect(await shellIn(rig(), pod, `cat ${folder}/ca.crt`)).toContain("BEGIN CERTIFICATE");
    await rig().remove("Pod", "token");
  });

  it("brings a changed ConfigMap and Secret, and changed labels of the pod, into the files within two seconds", async () => {
    await rig().create(configMap("changing", { key: "one" }));
    await rig().create(secret("changing", { key: "one" }));
    const volumeMounts = ["config", "secret", "down"].map((name) => ({ name, mountPath: `/${name}` }));
    const pod = await runReady(rig(), {
      ...podOf("changes", [shell("main", SLEEP, { volumeMounts })], {
        volumes: [
          { name: "config", configMap: { name: "changing" } },
          { name: "secret", secret: { secretName: "changing" } },
          { name: "down", downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } },
        ],
      }),
      metadata: { name: "changes", namespace: "default", labels: { tier: "one" } },
    });
    const { tookMs: configMs } = await timed(async () => {
      await rig().patch("ConfigMap", "changing", { data: { key: "two" } });
      await untilShellSays(rig(), pod, { script: "cat /config/key", text: "two" });
    });
    const { tookMs: secretMs } = await timed(async () => {
      await rig().patch("Secret", "changing", { stringData: { key: "two" } });
      await untilShellSays(rig(), pod, { script: "cat /secret/key", text: "two" });
    });
    const { tookMs: labelsMs } = await timed(async () => {
      await rig().patch("Pod", "changes", { metadata: { labels: { tier: "two" } } });
      await untilShellSays(rig(), pod, { script: "cat /down/labels", text: 'tier="two"' });
    });
    report(`a changed ConfigMap was in the file after ${configMs} ms, a Secret after ${secretMs} ms, labels after ${labelsMs} ms`);
    expect(Math.max(configMs, secretMs, labelsMs)).toBeLessThan(2000);
    await rig().remove("Pod", "changes");
  });

  it("mounts sub-paths, volumes with a group, and memory with a size", async () => {
    await rig().create(configMap("sub", { "a.conf": "of a" }));
    const pod = await runReady(
      rig(),
      podOf(
        "volumes",
        [
          shell("main", "echo started > /data/file; trap 'exit 0' TERM; sleep 100000 & wait", {
            volumeMounts: [
              { name: "config", mountPath: "/etc/a.conf", subPath: "a.conf" },
              { name: "data", mountPath: "/data", subPathExpr: "$(NAME)/deep" },
              { name: "data", mountPath: "/all" },
              { name: "memory", mountPath: "/memory" },
            ],
            env: [{ name: "NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
            securityContext: { runAsUser: 1000, runAsGroup: 1000 },
          }),
        ],
        {
          securityContext: { fsGroup: 2345 },
          volumes: [
            { name: "config", configMap: { name: "sub" } },
            { name: "data", emptyDir: {} },
            { name: "memory", emptyDir: { medium: "Memory", sizeLimit: "4Mi" } },
          ],
        },
      ),
    );
    expect(await shellIn(rig(), pod, "cat /etc/a.conf")).toBe("of a");
    expect(await shellIn(rig(), pod, "cat /all/volumes/deep/file")).toBe("started\n");
    expect((await shellIn(rig(), pod, "id -G")).trim().split(" ")).toContain("2345");
    expect(await shellIn(rig(), pod, "stat -c %g /all /memory")).toBe("2345\n2345\n");
    expect(await shellIn(rig(), pod, "df -k /memory | tail -n 1 | awk '{print $1, $2}'")).toBe("tmpfs 4096\n");
    await rig().remove("Pod", "volumes");
  });

  it("runs a pod at once when the ConfigMap that it waited for is made", async () => {
    await rig().create(podOf("waits", [shell("main", SLEEP, { envFrom: [{ configMapRef: { name: "late-env" } }] })]));
    await rig().create(
      podOf("waits-mount", [shell("main", SLEEP, { volumeMounts: [{ name: "late", mountPath: "/late" }] })], {
        volumes: [{ name: "late", configMap: { name: "late-mount" } }],
      }),
    );
    const waiting = await untilApiPod(rig(), "waits", (pod) => waitsFor(pod, "CreateContainerConfigError"));
    expect(waiting.status?.containerStatuses?.[0]?.state?.waiting?.message).toBe('configmap "late-env" not found');
    const mounting = await untilApiPod(rig(), "waits-mount", ({ status }) => status?.startTime !== undefined);
    expect((await untilEvent(rig(), mounting, "FailedMount")).message).toBe(
      'MountVolume.SetUp failed for volume "late" : configmap "late-mount" not found',
    );
    // Longer than the first back-offs, so that a retry that comes by itself is not taken for the answer.
    await systemClock.sleep(2500);
    for (const [name, object] of [
      ["waits", "late-env"],
      ["waits-mount", "late-mount"],
    ] as const) {
      const ready = timed(async () => {
        await rig().create(configMap(object, { a: "b" }));
        await untilApiPod(rig(), name, isReady);
      });
      // A pod that waits for nothing says how fast this machine is now.
      const plain = timed(() => runReady(rig(), podOf(`beside-${name}`, [shell("main", SLEEP)])));
      const [{ tookMs }, { tookMs: plainMs }] = await Promise.all([ready, plain]);
      report(`${name}: Ready ${tookMs} ms after its ConfigMap was made; a pod that waited for nothing took ${plainMs} ms`);
      expect(tookMs).toBeLessThan(2000 + 2 * plainMs);
      for (const one of [name, `beside-${name}`]) await rig().remove("Pod", one);
    }
  });

  it("gives a pod on the host's network the host's addresses, and tells the API", async () => {
    const pod = await runReady(rig(), podOf("host-network", [shell("main", SLEEP)], { hostNetwork: true }));
    const { nodeAddress } = rig().kubelet;
    expect(pod.status).toMatchObject({ hostIP: nodeAddress, podIP: nodeAddress, hostIPs: [{ ip: nodeAddress }] });
    await rig().remove("Pod", "host-network");
  });

  it("writes each step of a pod's life once, in the words of the reference", async () => {
    const pod = await runReady(rig(), podOf("told", [shell("main", SLEEP)]));
    await untilEvent(rig(), pod, "Started");
    await rig().remove("Pod", "told");
    await untilApiPodGone(rig(), "told");
    await untilEvent(rig(), pod, "Killing");
    const image = "docker.io/library/busybox:latest";
    expect(eventsOf(rig(), pod).map(({ reason, message, count, type }) => [reason, message, count, type])).toEqual([
      ["Pulled", `Container image "${image}" already present on machine and can be accessed by the pod`, 1, "Normal"],
      ["Created", "Container created", 1, "Normal"],
      ["Started", "Container started", 1, "Normal"],
      ["Killing", "Stopping container main", 1, "Normal"],
    ]);
    for (const event of eventsOf(rig(), pod)) {
      expect(event).toMatchObject({
        source: { component: "kubelet", host: "node-1" },
        reportingComponent: "kubelet",
        involvedObject: { apiVersion: "v1", kind: "Pod", name: "told", namespace: "default", fieldPath: "spec.containers{main}" },
      });
    }
  });

  it("tells the API the whole status of a pod that runs", async () => {
    const pod = await runReady(rig(), podOf("shown", [shell("main", SLEEP)]));
    const { status } = pod;
    expect(status?.conditions?.map(({ type, status: value }) => `${type} ${value}`).toSorted()).toEqual([
      "ContainersReady True",
      "Initialized True",
      "PodReadyToStartContainers True",
      "PodScheduled True",
      "Ready True",
    ]);
    expect(status).toMatchObject({
      phase: "Running",
      qosClass: "BestEffort",
      hostIP: rig().kubelet.nodeAddress,
      podIPs: [{ ip: status?.podIP }],
      observedGeneration: 1,
    });
    expect(status?.containerStatuses?.[0]).toMatchObject({
      name: "main",
      ready: true,
      started: true,
      restartCount: 0,
    });
    expect(runs(pod)).toBe(true);
    await rig().remove("Pod", "shown");
  });
};
