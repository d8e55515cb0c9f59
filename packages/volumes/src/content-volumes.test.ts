import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ConfigMap, Pod, Secret, Volume } from "@nk/pod-model";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createVolumes } from "./index.ts";
import type { MountPort, TokenRequest, Volumes, VolumesOptions } from "./index.ts";
import { createFakePorts } from "./testing/fake-ports.ts";
import type { FakePorts } from "./testing/fake-ports.ts";
import { samplePod } from "./testing/sample-pod.ts";

let dir = "";
let fakes: FakePorts;
const signal = new AbortController().signal;

/** Real files take real time; how long is not the test's business. */
const eventually = (check: () => unknown): Promise<unknown> => vi.waitFor(check, { timeout: 8000, interval: 5 });

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "nk-content-"));
  fakes = createFakePorts();
});

afterEach(async () => {
  fakes.objects[Symbol.dispose]();
  await rm(dir, { recursive: true, force: true });
});

const volumesWith = (options: Partial<VolumesOptions> = {}): Volumes =>
  createVolumes({ rootDir: dir, clock: fakes.clock, waitMs: 100, onEvent: fakes.onEvent, ...options }, fakes.ports);

/** Prepares what fails, and lets the time for it pass after the first attempt. */
const prepareInVain = async (volumes: Volumes, pod: Pod): Promise<unknown> => {
  const failed = volumes.prepare(pod, { signal }).then(
    () => "it did not fail",
    (error: unknown) => error,
  );
  await eventually(() => expect(fakes.events).not.toEqual([]));
  await fakes.clock.advance(100);
  return failed;
};

const putSecret = (name: string, data: { readonly [key: string]: string }): void => {
  const encoded = Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString("base64")]));
  fakes.secrets.put({ metadata: { name, namespace: "default" }, data: encoded } satisfies Secret);
};

const putConfigMap = (name: string, rest: Partial<ConfigMap>): void =>
  fakes.configMaps.put({ metadata: { name, namespace: "default" }, ...rest });

const pathOf = (plugin: string, name: string): string => join(dir, "pods/u1/volumes", plugin, name);

/** File -> [content, mode] of what a container sees. */
const show = async (path: string): Promise<{ readonly [name: string]: readonly [string, string] }> => {
  const found: { [name: string]: readonly [string, string] } = {};
  for (const name of await readdir(path)) {
    if (name.startsWith("..")) continue;
    const file = join(path, name);
    const stats = await stat(file);
    if (stats.isFile()) found[name] = [await readFile(file, "utf8"), (stats.mode & 0o7777).toString(8)];
    else for (const [inner, shown] of Object.entries(await show(file))) found[`${name}/${inner}`] = shown;
  }
  return found;
};

const withSpec = (pod: Pod, spec: Partial<NonNullable<Pod["spec"]>>): Pod => ({ ...pod, spec: { containers: [], ...pod.spec, ...spec } });

describe("a configMap volume", () => {
  it("shows text and binary keys, on disk", async () => {
    putConfigMap("cm", { data: { k1: "v1", k2: "v2" }, binaryData: { bin: "AAEC" } });
    const ready = await volumesWith().prepare(samplePod({ name: "cm", configMap: { name: "cm", defaultMode: 0o400 } }), { signal });
    const path = pathOf("kubernetes.io~configmap", "cm");
    expect(ready).toEqual(new Map([["cm", { hostPath: path, readOnly: true, selinuxRelabel: true }]]));
    expect(await show(path)).toEqual({ k1: ["v1", "400"], k2: ["v2", "400"], bin: ["\0\x01\x02", "400"] });
    expect(fakes.mounts.calls).toEqual([]);
    expect(await readFile(join(dir, "pods/u1/plugins/kubernetes.io~empty-dir/wrapped_cm/ready"), "utf8")).toBe("");
  });

  it("shows chosen keys under chosen paths and modes", async () => {
    putConfigMap("cm", { data: { k1: "v1", k2: "v2" } });
    const items = [
      { key: "k1", path: "deep/one", mode: 0o600 },
      { key: "k2", path: "two" },
    ];
    await volumesWith().prepare(samplePod({ name: "cm", configMap: { name: "cm", items } }), { signal });
    expect(await show(pathOf("kubernetes.io~configmap", "cm"))).toEqual({ "deep/one": ["v1", "600"], two: ["v2", "644"] });
  });

  it("is empty when the map is missing and may be", async () => {
    await volumesWith().prepare(samplePod({ name: "cm", configMap: { name: "none", optional: true } }), { signal });
    expect(await show(pathOf("kubernetes.io~configmap", "cm"))).toEqual({});
  });

  it.each([
    [{ name: "none" }, 'configmap "none" not found'],
    [{ name: "cm", items: [{ key: "no", path: "p" }] }, "configmap references non-existent config key: no"],
    [{ name: "cm", items: [{ key: "k1", path: "../p" }] }, "invalid path: must not contain '..': ../p"],
    [{ name: "cm", items: [{ key: "k1", path: "/p" }] }, "invalid path: must be relative path: /p"],
  ])("is not made from %j", async (configMap, text) => {
    putConfigMap("cm", { data: { k1: "v1" } });
    expect(await prepareInVain(volumesWith(), samplePod({ name: "v", configMap }))).toMatchObject({
      code: "not-ready",
      cause: { message: text },
    });
    expect(fakes.events.map(({ reason, message }) => `${reason} ${message}`)).toEqual([
      `FailedMount MountVolume.SetUp failed for volume "v" : ${text}`,
    ]);
    expect(fakes.clock.pendingCount).toBe(0);
  });

  it("makes room for volumes that are mounted below it", async () => {
    putConfigMap("cm", { data: { k1: "v1" } });
    const pod = withSpec(samplePod({ name: "cm", configMap: { name: "cm" } }, { name: "e", emptyDir: {} }), {
      containers: [
        {
          name: "c",
          volumeMounts: [
            { name: "cm", mountPath: "/etc/app/" },
            { name: "e", mountPath: "/etc/app/cache" },
            { name: "e", mountPath: "/etc/app/cache/inner" },
            { name: "e", mountPath: "/etc/app/..data" },
            { name: "e", mountPath: "/etc/app-other" },
          ],
        },
      ],
    });
    await volumesWith().prepare(pod, { signal });
    const path = pathOf("kubernetes.io~configmap", "cm");
    expect((await readdir(path)).filter((name) => !name.startsWith("..")).toSorted()).toEqual(["cache", "k1"]);
    expect((await lstat(join(path, "..data"))).isSymbolicLink()).toBe(true);
  });

  it("has a limit", async () => {
    putConfigMap("cm", { data: { k1: "x".repeat(200) } });
    const error = await prepareInVain(volumesWith({ maxPayloadBytes: 100 }), samplePod({ name: "v", configMap: { name: "cm" } }));
    expect(error).toMatchObject({ cause: { code: "invalid-payload" } });
  });
});

describe("a secret volume", () => {
  it("lies in memory, with no more than the pod may use", async () => {
    putSecret("s", { user: "alice", pass: "s3cret" });
    const pod = withSpec(samplePod({ name: "s", secret: { secretName: "s", items: [{ key: "user", path: "nested/u", mode: 0o440 }] } }), {
      containers: [{ name: "main", volumeMounts: [{ name: "s", mountPath: "/s" }], resources: { limits: { memory: "64Mi" } } }],
    });
    await volumesWith().prepare(pod, { signal });
    const path = pathOf("kubernetes.io~secret", "s");
    expect(await show(path)).toEqual({ "nested/u": ["alice", "440"] });
    expect(fakes.mounts.calls).toEqual([`tmpfs ${path} ${64 * 1024 * 1024}`]);
    expect((await stat(join(dir, "pods/u1/volumes/kubernetes.io~secret"))).mode & 0o777 & ~0o750).toBe(0);
  });

  it("never shows what is in it in an error, an event or a log", async () => {
    putSecret("s", { pass: "s3cret" });
    const pod = samplePod({ name: "v", secret: { secretName: "s", items: [{ key: "pass", path: "a/../b" }] } });
    const error = await prepareInVain(volumesWith({ logger: fakes.logger }), pod);
    const told = JSON.stringify([fakes.events, fakes.logger.entries, String(error)]);
    expect(told).not.toContain("s3cret");
    expect(told).not.toContain(Buffer.from("s3cret").toString("base64"));
  });

  it("is mounted before anything is written, and not written when that fails", async () => {
    putSecret("s", { pass: "s3cret" });
    fakes.mounts.failures.mountTmpfs = new Error("no more memory");
    const error = await prepareInVain(volumesWith(), samplePod({ name: "s", secret: { secretName: "s" } }));
    expect(error).toMatchObject({ cause: { code: "mount-failed", message: "no more memory" } });
    expect(await readdir(pathOf("kubernetes.io~secret", "s"))).toEqual([]);
  });
});

describe("a downwardAPI volume", () => {
  it("shows labels, annotations, names and resources as the reference spells them", async () => {
    const items = [
      { path: "labels", fieldRef: { fieldPath: "metadata.labels" } },
      { path: "annotations", fieldRef: { fieldPath: "metadata.annotations" } },
      { path: "name", fieldRef: { fieldPath: "metadata.name" }, mode: 0o400 },
      { path: "mem", resourceFieldRef: { containerName: "main", resource: "limits.memory", divisor: "1Mi" } },
    ];
    const pod = samplePod({ name: "dw", downwardAPI: { items } });
    const labelled = {
      ...pod,
      metadata: { ...pod.metadata, labels: { b: "two", a: "1" }, annotations: { x: 'y "q"\nz', "n.io/u": "ü\u200b\u{1f600}\x01" } },
    };
    await volumesWith().prepare(labelled, { signal });
    expect(await show(pathOf("kubernetes.io~downward-api", "dw"))).toEqual({
      labels: ['a="1"\nb="two"', "644"],
      annotations: ['n.io/u="ü\\u200b\u{1f600}\\x01"\nx="y \\"q\\"\\nz"', "644"],
      name: ["value of metadata.name", "400"],
      mem: ["value of limits.memory", "644"],
    });
  });

  it("knows only the fields of the metadata, and tells of all that are wrong", async () => {
    const items = ["spec.nodeName", "status.podIP"].map((fieldPath) => ({ path: fieldPath, fieldRef: { fieldPath } }));
    expect(await prepareInVain(volumesWith(), samplePod({ name: "dw", downwardAPI: { items } }))).toMatchObject({
      cause: { code: "field", message: "[unsupported fieldPath: spec.nodeName, unsupported fieldPath: status.podIP]" },
    });
  });
});

describe("a projected volume", () => {
  const tokenSource = { serviceAccountToken: { path: "token", audience: "vault", expirationSeconds: 7200 } };
  const projected = (...sources: NonNullable<NonNullable<Volume["projected"]>["sources"]>): Volume => ({
    name: "pr",
    projected: { sources },
  });
  const path = (): string => pathOf("kubernetes.io~projected", "pr");

  it("shows all its sources together; of one path the later counts", async () => {
    putSecret("s", { user: "alice", k1: "from the secret" });
    putConfigMap("cm", { data: { k1: "v1" } });
    const pod = samplePod(
      projected(
        { configMap: { name: "cm" } },
        { secret: { name: "s" } },
        { downwardAPI: { items: [{ path: "name", fieldRef: { fieldPath: "metadata.name" } }] } },
        tokenSource,
        { clusterTrustBundle: { name: "ca", path: "ca.crt" } },
      ),
    );
    await volumesWith().prepare(withSpec(pod, { serviceAccountName: "robot" }), { signal });
    expect(await show(path())).toEqual({
      k1: ["from the secret", "644"],
      user: ["alice", "644"],
      name: ["value of metadata.name", "644"],
      token: ["token-1", "644"],
      "ca.crt": ["PEM of ca", "644"],
    });
    const wanted: TokenRequest = {
      namespace: "default",
      serviceAccount: "robot",
      audiences: ["vault"],
      expirationSeconds: 7200,
      pod: { name: "p", uid: "u1" },
    };
    expect(fakes.tokenRequests).toEqual([wanted]);
  });

  it("keeps credentials to the one user all containers run as, or to the pod's group", async () => {
    const uid = process.getuid?.() ?? 0;
    const asUser = withSpec(samplePod(projected(tokenSource)), { securityContext: { runAsUser: uid } });
    await volumesWith().prepare(asUser, { signal });
    expect(await show(path())).toEqual({ token: ["token-1", "600"] });
    const mixed = withSpec(samplePod(projected(tokenSource)), {
      containers: [
        { name: "a", volumeMounts: [{ name: "pr", mountPath: "/p" }], securityContext: { runAsUser: 1 } },
        { name: "b", securityContext: { runAsUser: 2 } },
      ],
    });
    await volumesWith().prepare({ ...mixed, metadata: { ...mixed.metadata, uid: "u2" } }, { signal });
    expect(await show(path().replace("/u1/", "/u2/"))).toEqual({ token: ["token-2", "644"] });
    const gid = process.getgid?.() ?? 0;
    const grouped = withSpec(samplePod(projected(tokenSource)), { securityContext: { fsGroup: gid } });
    await volumesWith().prepare({ ...grouped, metadata: { ...grouped.metadata, uid: "u3" } }, { signal });
    const groupPath = path().replace("/u1/", "/u3/");
    expect(await show(groupPath)).toEqual({ token: ["token-3", "600"] });
    expect(fakes.mounts.calls).toContain(`group ${groupPath} ${gid} ro`);
    expect((await stat(groupPath)).mode & 0o2070).toBe(0o2070);
  });

  it("tells of all sources that failed, like the reference", async () => {
    expect(
      await prepareInVain(volumesWith(), samplePod(projected({ secret: { name: "a" } }, { configMap: { name: "b" } }, tokenSource))),
    ).toMatchObject({ cause: { message: '[secret "a" not found, configmap "b" not found]' } });
  });

  it.each([
    [
      { podCertificate: { keyType: "ED25519", signerName: "x" } },
      "spec.volumes[0].projected.sources[0].podCertificate: this source is not supported by nk yet",
    ],
  ])("refuses the source %j", async (source, text) => {
    await expect(volumesWith().prepare(samplePod(projected(source)), { signal })).rejects.toMatchObject({
      code: "unsupported-source",
      message: text,
    });
  });
});

describe("an image volume", () => {
  it("needs nothing on the host", async () => {
    const ready = await volumesWith().prepare(samplePod({ name: "img", image: { reference: "r/x:1", pullPolicy: "IfNotPresent" } }), {
      signal,
    });
    expect(ready.get("img")).toEqual({ hostPath: "", readOnly: true });
    await expect(readdir(join(dir, "pods"))).rejects.toThrow("ENOENT");
  });
});

describe("an emptyDir in memory", () => {
  it.each([
    [{ sizeLimit: "16Mi" }, 16n],
    [{ sizeLimit: "4Gi" }, 1024n],
    [{}, 1024n],
  ])("of %j has %i MiB", async (emptyDir, mebibytes) => {
    await volumesWith().prepare(samplePod({ name: "m", emptyDir: { medium: "Memory", ...emptyDir } }), { signal });
    expect(fakes.mounts.calls).toEqual([`tmpfs ${pathOf("kubernetes.io~empty-dir", "m")} ${mebibytes * 1024n * 1024n}`]);
  });

  it("is mounted again after a reboot, when its marker is still there", async () => {
    const pod = samplePod({ name: "m", emptyDir: { medium: "Memory" } });
    await volumesWith().prepare(pod, { signal });
    await volumesWith().prepare(pod, { signal });
    expect(fakes.mounts.calls).toHaveLength(1);
    fakes.mounts.mounted.length = 0;
    await volumesWith().prepare(pod, { signal });
    expect(fakes.mounts.calls).toHaveLength(2);
  });

  it("is given to the pod's group also when the kubelet died right after it was mounted again", async () => {
    const gid = process.getgid?.() ?? 0;
    const pod = withSpec(samplePod({ name: "m", emptyDir: { medium: "Memory" } }), { securityContext: { fsGroup: gid } });
    await volumesWith().prepare(pod, { signal });
    const path = pathOf("kubernetes.io~empty-dir", "m");
    fakes.mounts.mounted.length = 0;
    await chmod(path, 0o755);
    const died = new AbortController();
    const deadly: MountPort["mountTmpfs"] = async (request, options) => {
      await fakes.mounts.mountTmpfs(request, options);
      died.abort(new Error("killed"));
      throw died.signal.reason;
    };
    fakes.ports = { ...fakes.ports, mounts: { ...fakes.mounts, mountTmpfs: deadly } };
    await expect(volumesWith().prepare(pod, { signal: died.signal })).rejects.toThrow("killed");
    fakes.ports = { ...fakes.ports, mounts: fakes.mounts };
    await volumesWith().prepare(pod, { signal });
    expect((await stat(path)).mode & 0o7777).toBe(0o2775);
  });
});

describe("giving volumes back", () => {
  it("unmounts before it removes, sub-paths first, and leaves nothing", async () => {
    putSecret("s", { pass: "s3cret" });
    const volumes = volumesWith();
    const pod = samplePod({ name: "s", secret: { secretName: "s" } }, { name: "e", emptyDir: {} });
    const ready = await volumes.prepare(pod, { signal });
    const request = {
      pod,
      containerName: "main",
      volumeName: "e",
      volumeHostPath: ready.get("e")?.hostPath ?? "",
      subPath: "a/b",
      mountIndex: 7,
    };
    const place = join(dir, "pods/u1/volume-subpaths/e/main/7");
    expect(await volumes.resolveSubPath(request, { signal })).toBe(place);
    await mkdir(join(dir, "pods/u1/volume-subpaths/e/other"), { recursive: true });
    await writeFile(join(dir, "pods/u1/volume-subpaths/e/other/0"), "");
    fakes.mounts.calls.length = 0;
    await volumes.release("u1", { signal });
    expect(fakes.mounts.calls).toEqual([`unmount ${place} detach`, `unmount ${pathOf("kubernetes.io~secret", "s")} detach`]);
    expect(await readdir(join(dir, "pods/u1"), { recursive: true })).toEqual(["plugins", "volumes"]);
    expect(fakes.objects.size).toBe(0);
    await fakes.clock.advance(0);
    expect(fakes.clock.pendingCount).toBe(0);
  });

  it("needs no definition: a new kubelet finds what the old one left, wherever that one died", async () => {
    putSecret("s", { pass: "s3cret" });
    await volumesWith().prepare(samplePod({ name: "s", secret: { secretName: "s" } }, { name: "e", emptyDir: {} }), { signal });
    await rm(join(dir, "pods/u1/plugins"), { recursive: true });
    await mkdir(`${pathOf("kubernetes.io~empty-dir", "late")}.new`);
    fakes.mounts.failures.unmount = new Error("busy");
    await expect(volumesWith().release("u1", { signal })).rejects.toMatchObject({ code: "mounted" });
    expect(await show(pathOf("kubernetes.io~secret", "s"))).toEqual({ pass: ["s3cret", "644"] });
    delete fakes.mounts.failures.unmount;
    await volumesWith().release("u1", { signal });
    expect(await readdir(join(dir, "pods/u1/volumes"))).toEqual([]);
  });

  it("unmounts what a container left in a volume, and removes nothing when it cannot", async () => {
    const volumes = volumesWith();
    const ready = await volumes.prepare(samplePod({ name: "e", emptyDir: {} }), { signal });
    const inner = join(ready.get("e")?.hostPath ?? "", "inner");
    await mkdir(inner);
    await writeFile(join(inner, "foreign"), "");
    fakes.mounts.mounted.push({ mountPoint: inner, fsType: "ext4" });
    fakes.mounts.failures.unmount = new Error("busy");
    await expect(volumes.release("u1", { signal })).rejects.toMatchObject({ code: "mounted" });
    expect(await readdir(inner)).toEqual(["foreign"]);
  });
});

it("a volume is written once, whatever a reader of its layout expects", async () => {
  putConfigMap("cm", { data: { k1: "v1" } });
  const volumes = volumesWith();
  const pod = samplePod({ name: "cm", configMap: { name: "cm" } });
  await volumes.prepare(pod, { signal });
  const before = await readlink(join(pathOf("kubernetes.io~configmap", "cm"), "..data"));
  await volumes.prepare(pod, { signal });
  await volumesWith().prepare(pod, { signal });
  expect(await readlink(join(pathOf("kubernetes.io~configmap", "cm"), "..data"))).toBe(before);
});
