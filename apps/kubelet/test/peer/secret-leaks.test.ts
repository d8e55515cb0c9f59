import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Pod } from "@nk/pod-model";
import { LAB_IMAGES, startRegistry } from "@nk/tool-lab";
import type { ControlPlane, Lab, Registry } from "@nk/tool-lab";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isReady, shellIn, uidOf, untilEvent } from "../cluster/pod-facts.ts";
import { closeClusterLeakFree, openClusterRig, untilApiPod, untilApiPodGone } from "../cluster-rig.ts";
import type { ClusterRig } from "../cluster-rig.ts";
import { startHeaderPeer } from "../header-peer.ts";
import type { HeaderPeer } from "../header-peer.ts";
import { findFreePort } from "../http-api.ts";
import { SLEEP, podOf, shell } from "../manifests.ts";
import { openClusterCa, requestToken } from "../matrix-identities.ts";
import { createPlantedValues } from "../planted-values.ts";
import { report } from "../rig.ts";
import { FAILURES, SUCCESSES, authOf, createSecretWorld, pulling } from "../secret-pods.ts";
import type { SecretWorld } from "../secret-pods.ts";
import { createSecureCaller } from "../secure-api.ts";
import { readWorldReadable } from "../world-readable.ts";

const planted = createPlantedValues();
const manifestHeader = `Bearer ${planted.plantWord("staticPodURLHeader")}`;
const login = { username: "robot", password: planted.plantWord("password of the registry") };
const pluginSecrets = {
  argument: planted.plantWord("argument of the exec plugin", 14),
  variable: planted.plantWord("variable of the exec plugin", 14),
};

/** Changed between the kubelet's two lives. */
const logging = { format: "text", verbosity: 10 };
let makeKubeconfig: (controlPlane: ControlPlane, lab: Lab) => Promise<string>;
let opened: ClusterRig | undefined;
let registry: Registry | undefined;
let peer: HeaderPeer | undefined;
let world: SecretWorld | undefined;

const need = <T>(what: T | undefined): T => {
  if (what === undefined) throw new Error("it is not open");
  return what;
};
const rig = (): ClusterRig => need(opened);

/** A kubeconfig with a user of its own. */
const writeKubeconfig = async (controlPlane: ControlPlane, path: string, user: object): Promise<string> => {
  const config = {
    apiVersion: "v1",
    kind: "Config",
    // One authority signs everybody's certificates, the API server's too.
    clusters: [{ name: "lab", cluster: { server: controlPlane.url, "certificate-authority": controlPlane.clientCaFile } }],
    users: [{ name: "kubelet", user }],
    contexts: [{ name: "lab", context: { cluster: "lab", user: "kubelet" } }],
    "current-context": "lab",
  };
  await writeFile(path, JSON.stringify(config), { mode: 0o600 });
  return path;
};

const byToken =
  (token: string): typeof makeKubeconfig =>
  (controlPlane, lab) =>
    writeKubeconfig(controlPlane, join(lab.dir, "token.kubeconfig"), { token });

/** The plugin complains, then answers with half of a credential, then with a whole one. */
const byPlugin =
  (token: string): typeof makeKubeconfig =>
  async (controlPlane, lab) => {
    const answer = { apiVersion: "client.authentication.k8s.io/v1", kind: "ExecCredential", status: { token } };
    const command = join(lab.dir, "plugin.sh");
    const lines = [
      "#!/bin/sh",
      `echo run >> ${lab.dir}/plugin.runs`,
      `case "$(wc -l < ${lab.dir}/plugin.runs)" in`,
      `1) echo "login with $2 and $PLUGIN_PASSWORD failed" >&2; exit 1;;`,
      `2) printf %s '${JSON.stringify(answer).slice(0, -4)}';;`,
      `*) echo "logged in with $2 and $PLUGIN_PASSWORD" >&2; printf %s '${JSON.stringify(answer)}';;`,
      "esac",
    ];
    await writeFile(command, `${lines.join("\n")}\n`, { mode: 0o700 });
    await chmod(command, 0o700);
    return writeKubeconfig(controlPlane, join(lab.dir, "plugin.kubeconfig"), {
      exec: {
        apiVersion: "client.authentication.k8s.io/v1",
        interactiveMode: "Never",
        command,
        args: ["--password", pluginSecrets.argument],
        env: [{ name: "PLUGIN_PASSWORD", value: pluginSecrets.variable }],
      },
    });
  };

/** A service account that may do what a kubelet does, so that a token is enough to be one. */
const createKubeletAccount = async (): Promise<void> => {
  await rig().create({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "kubelet" } });
  const binding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "planted-kubelet" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ kind: "ServiceAccount", name: "kubelet", namespace: "default" }],
  };
  await rig().create(binding);
};

const plantToken = async (name: string): Promise<string> => {
  const token = await requestToken(rig().api, "kubelet");
  planted.plantKnown(name, token);
  return token;
};

/** Paths of the peer that a probe or hook must have reached. */
const ASKED = ["/ready", "/alive", "/started", "/started-tls"];
const STATIC_POD = podOf("from-url", [shell("main", SLEEP)]);

const startPeer = (host: string): Promise<HeaderPeer> =>
  startHeaderPeer(host, (path, count) => {
    if (path === "/manifest") return count === 1 ? { status: 500 } : { status: 200, body: JSON.stringify(STATIC_POD) };
    return { status: path === "/alive" ? 500 : 200 };
  });

beforeAll(async () => {
  const config: { [field: string]: unknown } = { logging, httpCheckFrequency: "1s" };
  opened = await openClusterRig({ config, startsKubelet: false, kubeconfigFor: (...args) => makeKubeconfig(...args) });
  registry = await startRegistry({ auth: login, yes: true });
  await rig().lab.trustRegistry(registry.address);
  const host = "127.0.0.1";
  peer = await startPeer(host);
  config["staticPodURL"] = `http://${host}:${peer.port}/manifest`;
  config["staticPodURLHeader"] = { Authorization: [manifestHeader], "X-Second": [planted.plantWord("second staticPodURLHeader")] };
  const [teamImage, nodeImage] = [
    await registry.push({ image: LAB_IMAGES.busybox, as: "team/app:v1" }),
    await registry.push({ image: LAB_IMAGES.busybox, as: "node/app:v1" }),
  ];
  const nodeLogin = { auths: { [`${registry.address}/node`]: { auth: authOf(login) } } };
  await writeFile(join(rig().lab.kubeletDir, "config.json"), JSON.stringify(nodeLogin), { mode: 0o600 });
  await createKubeletAccount();
  makeKubeconfig = byToken(await plantToken("bearer token of the kubeconfig"));
  await rig().startKubelet();
  await rig().untilReady();
  world = createSecretWorld(planted, {
    host,
    peerPort: peer.port,
    refusedPort: await findFreePort(),
    teamImage,
    nodeImage,
    registry: registry.address,
    login,
  });
  for (const object of world.objects) await rig().create(object);
  await Promise.all(world.pods.map((pod) => rig().create(pod)));
});
afterAll(async () => {
  await peer?.close();
  await registry?.close();
  await closeClusterLeakFree(opened);
});

/** What anybody might come to see, by where it was. */
const shown = new Map<string, string>();

/** Collects what the servers tell and what lies on the disk now; the kubelet must be running. */
const collect = async (when: string): Promise<void> => {
  const { nodeAddress, ports, pid } = rig().kubelet;
  const certificate = (await openClusterCa(rig().controlPlane)).issue({ commonName: "root", organizations: ["system:masters"] });
  const admin = createSecureCaller({ host: nodeAddress, port: ports.port }, { certificate });
  const mirrorUid = rig().pods.get("from-url-node-1")?.metadata?.uid;
  const explained = rig()
    .pods.list()
    .map((pod) => `/explain/pods/${uidOf(pod)}`);
  try {
    for (const path of ["/pods", "/runningpods/", "/configz", "/flagz", "/statusz", "/metrics", "/healthz", ...explained]) {
      const { status, body } = await admin.ask({ method: "GET", path });
      // A static pod's mirror has another UID than the pod that the kubelet knows.
      if (path !== `/explain/pods/${mirrorUid}`) expect([path, status]).toEqual([path, 200]);
      shown.set(`${when}: ${path}`, body);
    }
  } finally {
    admin.close();
  }
  for (const path of ["/pods", "/metrics"]) shown.set(`${when}: read-only ${path}`, await rig().kubelet.get(path));
  shown.set(`${when}: command line`, await readFile(`/proc/${pid}/cmdline`, "utf8"));
  for (const dir of [rig().lab.kubeletDir, rig().podLogsDir, rig().containerLogsDir])
    for (const { path, text } of await readWorldReadable(dir)) shown.set(`${when}: file ${path}`, text);
};

/** Headers of probes and hooks stand in the pods' specs, which are shown to whoever may see pods. */
const findIn = (place: string, text: string): readonly string[] =>
  planted.findIn(text).filter((finding) => !(place.endsWith("/pods") && finding.startsWith("header for ")));

const messagesOf = (name: string): string => JSON.stringify(rig().pods.get(name)?.status?.containerStatuses?.[0]);

describe("a kubelet that is given secrets", () => {
  it("is watched by something that finds a piece of a value in every form it might take", async () => {
    const own = createPlantedValues();
    const word = own.plantWord("a word");
    const text = own.plantText("a text");
    const login = Buffer.from(`robot:${word}`).toString("base64");
    const forms = [word, `x${word.slice(3, 13)}y`, login, Buffer.from(JSON.stringify({ auth: login })).toString("base64url")];
    forms.push(
      JSON.stringify({ text }),
      JSON.stringify(JSON.stringify({ text })),
      encodeURIComponent(text),
      Buffer.from(text).toString("hex"),
    );
    expect(forms.map((form) => own.findIn(`before ${form} after`).length > 0)).toEqual(forms.map(() => true));
    expect(own.findIn(`before ${word.slice(0, 9)} after`)).toEqual([]);
    const dir = join(rig().lab.dir, "open");
    await mkdir(join(dir, "closed"), { recursive: true });
    await writeFile(join(dir, "readable"), word, { mode: 0o644 });
    await writeFile(join(dir, "private"), word, { mode: 0o640 });
    await writeFile(join(dir, "closed", "readable"), word, { mode: 0o644 });
    await chmod(join(dir, "closed"), 0o750);
    expect((await readWorldReadable(dir)).map(({ path }) => path)).toEqual([join(dir, "readable")]);
  });

  it("gives them to whom they belong", async () => {
    await Promise.all([...SUCCESSES, "from-url-node-1"].map((name) => untilApiPod(rig(), name, isReady)));
    const { seen, headers } = need(world);
    const pod = need(rig().pods.get("shown"));
    for (const [script, text] of Object.entries(seen)) expect([script, await shellIn(rig(), pod, script)]).toEqual([script, text]);
    for (const path of ["/projected/token", "/var/run/secrets/kubernetes.io/serviceaccount/token"]) {
      const token = await shellIn(rig(), pod, `cat ${path}`);
      expect(token.split(".")).toHaveLength(3);
      planted.plantKnown(`token in ${path}`, token);
    }
    await untilEvent(rig(), need(rig().pods.get("probed")), "Unhealthy");
    for (const path of ASKED) expect([...need(peer).valuesOf(path)]).toContain(`secret ${headers[path]}`);
    expect([...need(peer).valuesOf("/manifest")]).toContain(manifestHeader);
    const key = (await readFile(join(rig().lab.kubeletDir, "pki", "kubelet.key"), "utf8"))
      .split("\n")
      .filter((line) => !line.startsWith("-"));
    for (const line of key.filter((one) => one.length > 20)) planted.plantKnown("key of the kubelet's server", line);
  });

  it("says of pods that fail what is wrong with them", async () => {
    const failing = Object.entries(FAILURES);
    await Promise.all(failing.map(([name, reason]) => untilEvent(rig(), need(rig().pods.get(name)), reason)));
    const hooked = need(rig().pods.get("hooked"));
    await rig().remove("Pod", "hooked");
    await untilEvent(rig(), hooked, "FailedPreStopHook");
    await untilApiPodGone(rig(), "hooked");
    expect(messagesOf("climbing")).toContain("unable to provision SubPath `a/$(CLIMBING)`: must not contain '..'");
    expect(messagesOf("absolute")).toContain("error SubPath `$(ABSOLUTE)` must not be an absolute path");
    expect(messagesOf("blocked")).toContain(String.raw`failed to prepare subPath for volumeMount \"whole\" of container \"main\"`);
    expect(messagesOf("no-command")).toContain(String.raw`exec: \"$(PASSWORD)\": executable file not found in $PATH`);
    expect(messagesOf("nul-byte")).toContain(String.raw`value of environment variable \"key\" contains a NUL byte`);
    await collect("first life");
  });

  it("starts again with a plugin for its own credentials, a broken file of logins, and its log in JSON", async () => {
    await rig().kubelet.stop();
    logging.format = "json";
    makeKubeconfig = byPlugin(await plantToken("token of the exec plugin"));
    const broken = JSON.stringify({ auths: { [need(registry).address]: { auth: authOf(login) } } }).slice(0, -2);
    await writeFile(join(rig().lab.kubeletDir, "config.json"), broken, { mode: 0o600 });
    await rig().startKubelet();
    const password = { name: "PASSWORD", valueFrom: { secretKeyRef: { name: "planted", key: "env" } } };
    await rig().create(podOf("again", [shell("main", SLEEP, { env: [password] })]));
    const refused = await rig().create(pulling("again-in-vain", need(world).nodeImage));
    expect(await untilApiPod(rig(), "again", isReady)).toBeDefined();
    expect((await untilEvent(rig(), refused as Pod, "Failed")).message).toContain("no basic auth credentials");
    await collect("second life");
  });

  it("leaves no piece of any of them in its log, events, statuses, answers and files", async () => {
    await rig().kubelet.stop();
    const log = await readFile(rig().logFile, "utf8");
    const lines = log.trimEnd().split("\n");
    const json = lines.slice(lines.findIndex((line) => line.startsWith("{")));
    // Both formats, with the lines of the highest verbosity, and what went wrong on the way.
    expect(lines.filter((line) => /^I.*"cri call"/u.test(line)).length).toBeGreaterThan(50);
    expect(json.map((line) => JSON.parse(line) as { readonly msg: string }).filter(({ msg }) => msg === "cri call").length).toBeGreaterThan(
      10,
    );
    for (const told of [
      "an exec credential plugin failed",
      "docker configuration has problems",
      "status 500",
      "cri call failed",
      "Stopping",
    ])
      expect(log).toContain(told);
    shown.set("log", log);
    shown.set("events", JSON.stringify(rig().events.all));
    shown.set("nodes", JSON.stringify(rig().nodes.all));
    shown.set("statuses", JSON.stringify(rig().pods.all.map(({ metadata, status }) => [metadata, status])));
    expect([...shown].flatMap(([place, text]) => findIn(place, text).map((finding) => `${place}: ${finding}`))).toEqual([]);
    report(
      `${[...shown.values()].reduce((sum, text) => sum + text.length, 0)} characters in ${shown.size} places, of which the log ${log.length}`,
    );
  });
});
