import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingHttpHeaders, Server } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Pod } from "@nk/pod-model";
import { LAB_IMAGES, startRegistry } from "@nk/tool-lab";
import type { ControlPlane, Lab, Registry } from "@nk/tool-lab";
import { collectionPath } from "../api-objects.ts";
import { CLUSTER_NODE, closeClusterLeakFree, openClusterRig, untilApiPod } from "../cluster-rig.ts";
import type { ClusterRig } from "../cluster-rig.ts";
import { isReady, shellIn, uidOf, untilEvent, waitsFor } from "../cluster/pod-facts.ts";
import { SLEEP, podOf, shell } from "../manifests.ts";
import { findPlanted, plant, readFilesBelow } from "../planted.ts";
import { report } from "../rig.ts";
import { until } from "../until.ts";

let registry: Registry | undefined;
const login = { username: "robot", password: plant("registry-password") };

beforeAll(async () => {
  registry = await startRegistry({ auth: login, yes: true });
});
afterAll(async () => {
  await registry?.close();
});

const openRegistry = (): Registry => {
  if (registry === undefined) throw new Error("the registry is not open");
  return registry;
};

/** A token that may do everything, of a service account. */
const requestToken = async ({ api }: ControlPlane): Promise<string> => {
  const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "kubelet" } };
  await api.json(collectionPath("ServiceAccount"), { method: "POST", body: account });
  const binding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "kubelet-may-all" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ kind: "ServiceAccount", name: "kubelet", namespace: "default" }],
  };
  await api.json(collectionPath("ClusterRoleBinding"), { method: "POST", body: binding });
  const request = { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { expirationSeconds: 3600 } };
  const { status } = await api.json(`${collectionPath("ServiceAccount")}/kubelet/token`, { method: "POST", body: request });
  return (status as { readonly token: string }).token;
};

interface Planting {
  readonly planted: Map<string, string>;
  readonly pluginPassword: string;
}

/** A kubeconfig with the token itself, or with a plugin that tells it. */
const writeKubeconfig = async (
  plane: ControlPlane,
  lab: Lab,
  { planted, pluginPassword, usesPlugin }: Planting & { readonly usesPlugin: boolean },
): Promise<string> => {
  const token = await requestToken(plane);
  planted.set("the kubelet's own token", token.split(".")[2] ?? token);
  const credential = { apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status: { token } };
  const answer = join(lab.dir, "credential.json");
  await writeFile(answer, JSON.stringify(credential), { mode: 0o600 });
  const plugin = {
    apiVersion: "client.authentication.k8s.io/v1",
    command: "cat",
    args: [answer],
    env: [{ name: "PLUGIN_PASSWORD", value: pluginPassword }],
    interactiveMode: "Never",
  };
  const file = join(lab.dir, "kubelet.kubeconfig");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "lab", cluster: { server: plane.url, "certificate-authority-data": await readFile(plane.clientCaFile, "base64") } }],
    users: [{ name: "kubelet", user: usesPlugin ? { exec: plugin } : { token } }],
    contexts: [{ name: "lab", context: { cluster: "lab", user: "kubelet" } }],
    "current-context": "lab",
  };
  await writeFile(file, JSON.stringify(config), { mode: 0o600 });
  return file;
};

const dockerConfig = (address: string, { username, password }: typeof login): string =>
  JSON.stringify({ auths: { [address]: { auth: Buffer.from(`${username}:${password}`).toString("base64") } } });

/** The Secrets that pods of the test have: each value is planted. */
const createSecrets = async (rig: ClusterRig, planted: Map<string, string>): Promise<void> => {
  const secret = (name: string, stringData: object, type = "Opaque"): object => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name },
    type,
    stringData,
  });
  const value = (purpose: string): string => {
    const fresh = plant(purpose.replaceAll(" ", "-"));
    planted.set(purpose, fresh);
    return fresh;
  };
  const { address } = openRegistry();
  const wrong = { username: "robot", password: value("wrong password of a pull secret") };
  await rig.create(secret("env", { password: value("secret in the environment") }));
  await rig.create(secret("volume", { password: value("secret in a volume") }));
  await rig.create(secret("good-login", { ".dockerconfigjson": dockerConfig(address, login) }, "kubernetes.io/dockerconfigjson"));
  await rig.create(secret("bad-login", { ".dockerconfigjson": dockerConfig(address, wrong) }, "kubernetes.io/dockerconfigjson"));
};

/** Pods that use every one of the secrets, and succeed and fail with them. */
const createPods = async (rig: ClusterRig, image: string, header: string): Promise<void> => {
  const env = [
    { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "env", key: "password" } } },
    { name: "URL", value: "https://robot:$(PASSWORD)@nowhere" },
  ];
  const volume = { volumes: [{ name: "secret", secret: { secretName: "volume" } }] };
  const mounts = [{ name: "secret", mountPath: "/secret" }];
  const httpGet = (path: string) => ({ path, port: 8080, httpHeaders: [{ name: "Authorization", value: `Bearer ${header}` }] });
  const served = `exec httpd -f -p 8080 -h /var/www`;
  await rig.create(
    podOf(
      "uses",
      [shell("main", SLEEP, { env, envFrom: [{ secretRef: { name: "env" } }], volumeMounts: mounts, args: ["$(URL)"] })],
      volume,
    ),
  );
  await rig.create(
    podOf("crashes", [shell("main", "exit 1", { env, volumeMounts: mounts, terminationMessagePolicy: "FallbackToLogsOnError" })], volume),
  );
  await rig.create(
    podOf("lacks-a-key", [
      shell("main", SLEEP, { env: [...env, { name: "NONE", valueFrom: { secretKeyRef: { name: "env", key: "none" } } }] }),
    ]),
  );
  await rig.create(
    podOf("lacks-a-file", [shell("main", SLEEP, { volumeMounts: mounts })], {
      volumes: [{ name: "secret", secret: { secretName: "volume", items: [{ key: "none", path: "none" }] } }],
    }),
  );
  await rig.create(
    podOf("pulls", [{ ...shell("main", SLEEP), image, imagePullPolicy: "Always" }], { imagePullSecrets: [{ name: "good-login" }] }),
  );
  await rig.create(
    podOf("pulls-in-vain", [{ ...shell("main", SLEEP), image, imagePullPolicy: "Always" }], { imagePullSecrets: [{ name: "bad-login" }] }),
  );
  await rig.create(podOf("probed", [shell("main", served, { readinessProbe: { httpGet: httpGet("/"), periodSeconds: 1 } })]));
  await rig.create(podOf("probed-in-vain", [shell("main", served, { readinessProbe: { httpGet: httpGet("/none"), periodSeconds: 1 } })]));
  await rig.create(podOf("hooked-in-vain", [shell("main", SLEEP, { env, lifecycle: { postStart: { httpGet: httpGet("/none") } } })]));
};

const untilAllHappened = async (rig: ClusterRig): Promise<Pod> => {
  for (const name of ["uses", "pulls", "probed"]) await untilApiPod(rig, name, isReady);
  await untilApiPod(rig, "crashes", (pod) => waitsFor(pod, "CrashLoopBackOff"));
  await untilApiPod(rig, "lacks-a-key", (pod) => waitsFor(pod, "CreateContainerConfigError"));
  await untilEvent(rig, rig.pods.get("lacks-a-file") ?? {}, "FailedMount");
  await untilEvent(rig, rig.pods.get("pulls-in-vain") ?? {}, "BackOff");
  await untilEvent(rig, rig.pods.get("probed-in-vain") ?? {}, "Unhealthy");
  await untilEvent(rig, rig.pods.get("hooked-in-vain") ?? {}, "FailedPostStartHook");
  return rig.pods.get("uses") ?? {};
};

/** A server of static pods that has none, and keeps what it is asked with. */
const servePods = async (): Promise<{ readonly server: Server; readonly url: string; readonly asked: IncomingHttpHeaders[] }> => {
  const asked: IncomingHttpHeaders[] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers);
    response.end(JSON.stringify({ apiVersion: "v1", kind: "PodList", items: [] }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return { server, asked, url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}/pods` };
};

/** Everything that the kubelet shows to somebody, by where. */
const gatherShown = async (rig: ClusterRig, uids: readonly string[]): Promise<ReadonlyMap<string, string>> => {
  const asked = async (path: string): Promise<[string, string]> => [
    path,
    await rig.controlPlane.kubectl(["get", "--raw", `/api/v1/nodes/${CLUSTER_NODE}/proxy${path}`]),
  ];
  const paths = ["/configz", "/flagz", "/statusz", "/metrics", "/runningpods/"];
  return new Map([
    ["the kubelet's log", await readFile(rig.logFile, "utf8")],
    ["all events", JSON.stringify(rig.events.all)],
    ["all statuses of pods", JSON.stringify(rig.pods.all.map(({ status }) => status))],
    ["the node", JSON.stringify(rig.nodes.all)],
    ...(await Promise.all([...paths, ...uids.map((uid) => `/explain/pods/${uid}`)].map(asked))),
  ]);
};

describe("secrets", () => {
  it.concurrent.each([
    { format: "text", usesPlugin: true },
    { format: "json", usesPlugin: false },
  ])("are told to nobody, with a log in $format at the highest verbosity", async ({ format, usesPlugin }) => {
    const planted = new Map([
      ["password of a registry", login.password],
      ["header of probes", plant("probe-header")],
      ["header of the static pods' URL", plant("url-header")],
      ["environment of the credential plugin", plant("plugin-password")],
      ["login of the node", plant("node-password")],
    ]);
    const inSpecs = new Set(["header of probes"]);
    const at = (purpose: string): string => planted.get(purpose) ?? "";
    const pods = await servePods();
    const planting: Planting = { planted, pluginPassword: at("environment of the credential plugin") };
    const rig = await openClusterRig({
      config: {
        logging: { format, verbosity: 10 },
        staticPodURL: pods.url,
        staticPodURLHeader: { Authorization: [at("header of the static pods' URL")] },
        httpCheckFrequency: "1s",
      },
      kubeconfigFor: (plane, lab) => writeKubeconfig(plane, lab, { ...planting, usesPlugin }),
    });
    try {
      await rig.lab.trustRegistry(openRegistry().address);
      const image = await openRegistry().push({ image: LAB_IMAGES.busybox, as: `team/${format}:v1` });
      await writeFile(
        join(rig.lab.kubeletDir, "config.json"),
        dockerConfig("127.0.0.1:1", { username: "node", password: at("login of the node") }),
        {
          mode: 0o600,
        },
      );
      await createSecrets(rig, planted);
      await createPods(rig, image, at("header of probes"));
      const pod = await untilAllHappened(rig);
      const token = await shellIn(rig, pod, "cat /var/run/secrets/kubernetes.io/serviceaccount/token");
      planted.set("a pod's token", token.split(".")[2] ?? token);
      expect(await shellIn(rig, pod, "cat /secret/password")).toBe(at("secret in a volume"));
      await until("the static pods' URL to be asked", async () =>
        pods.asked.some(({ authorization }) => authorization === at("header of the static pods' URL")),
      );

      const secrets = await rig.api.request(collectionPath("Secret"));
      expect(findPlanted(planted, secrets.text), "the search finds what is there in base64").toContain("secret in a volume, in base64");

      const shown = await gatherShown(rig, rig.pods.list().map(uidOf));
      for (const [where, text] of shown) expect([where, findPlanted(planted, text)]).toEqual([where, []]);
      // A pod's own specification holds its headers; what the pod only refers to must not be in it.
      const referred = new Map([...planted].filter(([purpose]) => !inSpecs.has(purpose)));
      expect(findPlanted(referred, await rig.kubelet.get("/pods"))).toEqual([]);

      const files = [rig.lab.kubeletDir, rig.podLogsDir].flatMap((dir) => readFilesBelow(dir));
      const held = files.filter(({ text }) => findPlanted(planted, text).length > 0);
      expect(
        held.map(({ path }) => path.split("/").at(-1)),
        "the search finds what is there",
      ).toContain("password");
      expect(held.filter(({ isOpenToAll }) => isOpenToAll).map(({ path }) => path)).toEqual([]);
      const sizeMib = [...shown.values()].reduce((sum, text) => sum + text.length, 0) / 2 ** 20;
      report(
        `secrets, log in ${format}: ${planted.size} planted values, none in ${sizeMib.toFixed(1)} MiB of what is shown at ${shown.size} places, ` +
          `nor in ${files.filter(({ isOpenToAll }) => isOpenToAll).length} files that all may read`,
      );
    } finally {
      pods.server.close();
      await closeClusterLeakFree(rig);
    }
  });
});
