import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { explainConfig } from "./explain.ts";
import { loadSettings } from "./load.ts";
import type { LoadedConfig } from "./load.ts";
import type { DirectoryEntry } from "./sources.ts";
import { formatWarning } from "./warning.ts";

const HEAD = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";

/** Files by path; directories are what the paths imply. Bodies get the head of a KubeletConfiguration put in front. */
const load = async (argv: readonly string[], bodies: Record<string, string> = {}): Promise<LoadedConfig> => {
  const listDir = (path: string): Promise<readonly DirectoryEntry[]> => {
    const rests = Object.keys(bodies)
      .filter((file) => file.startsWith(`${path}/`))
      .map((file) => file.slice(path.length + 1));
    if (rests.length === 0) return Promise.reject(new Error("ENOENT"));
    const entries = new Map(rests.map((rest) => [rest.split("/", 1).join(), rest.includes("/")]));
    return Promise.resolve([...entries].map(([name, isDirectory]) => ({ name, isDirectory })).toReversed());
  };
  const readFile = (path: string): Promise<string> => {
    const body = bodies[path];
    return body === undefined ? Promise.reject(new Error("ENOENT")) : Promise.resolve(HEAD + body);
  };
  const result = await loadSettings({ argv, hostname: () => " Node-1.Example ", readFile, listDir });
  if (result.kind !== "run") throw new Error(`asked for ${result.kind}`);
  return result;
};
const loadFile = (body: string, ...argv: readonly string[]): Promise<LoadedConfig> =>
  load(["--config=/c.yaml", ...argv], { "/c.yaml": body });

describe("loadSettings", () => {
  it("answers --version and --help with text", async () => {
    expect(await loadSettings({ argv: ["--version"] })).toEqual({ kind: "version", text: "Kubernetes v1.36.1\n" });
    const help = await loadSettings({ argv: ["--help"] });
    expect(help).toMatchObject({ kind: "help" });
  });

  it("uses the older defaults without --config and those of v1beta1 with it", async () => {
    expect((await load([])).settings.readOnlyPort).toBe(10_255);
    expect((await load([])).provenance.get("authorization.mode")?.value).toBe("AlwaysAllow");
    expect((await loadFile("")).settings.readOnlyPort).toBe(0);
    expect((await loadFile("")).provenance.get("authorization.mode")?.value).toBe("Webhook");
  });

  it("lets flags win over drop-ins, drop-ins over the file, and the file over defaults, and says who won", async () => {
    const bodies = {
      "/c.yaml": "registryBurst: 1\nregistryPullQPS: 1\nhealthzPort: 1\n",
      "/d/10.conf": "registryPullQPS: 2\nhealthzPort: 2\n",
      "/d/sub/a.conf": "registryPullQPS: 3\n",
      "/d/readme.txt": "",
    };
    const { settings, provenance, warnings } = await load(["--config=/c.yaml", "--config-dir=/d", "--healthz-port=3"], bodies);
    expect(settings).toMatchObject({ registryBurst: 1, registryPullQps: 3, healthzPort: 3, oomScoreAdj: -999 });
    const origins = ["registryBurst", "registryPullQPS", "healthzPort", "oomScoreAdj"].map((path) => provenance.get(path)?.provenance);
    expect(origins).toEqual(["file /c.yaml:3", "drop-in /d/sub/a.conf:3", "flag --healthz-port", "default"]);
    expect(warnings.map(formatWarning)).toEqual(["/d/readme.txt: is no *.conf file and was left out"]);
  });

  it("merges drop-ins as patches: maps by key, lists whole, null takes back", async () => {
    const bodies = {
      "/c.yaml": "featureGates: {EnvFiles: true, EventedPLEG: false}\nclusterDNS: [10.0.0.1]\nregistryBurst: 7\n",
      "/d/1.conf": "featureGates: {EventedPLEG: null, HostnameOverride: true}\nclusterDNS: [10.0.0.2]\nregistryBurst: null\n",
    };
    const { settings, provenance } = await load(["--config=/c.yaml", "--config-dir=/d", "--feature-gates=EnvFiles=false"], bodies);
    expect(settings.featureGates).toEqual({ EnvFiles: false, HostnameOverride: true });
    expect(provenance.get("featureGates")?.provenance).toBe("file /c.yaml:3, drop-in /d/1.conf:3, flag --feature-gates");
    expect(settings.clusterDns).toEqual(["10.0.0.2"]);
    expect(settings.registryBurst).toBe(10);
  });

  it("keeps the older defaults under drop-ins without a file", async () => {
    const { settings } = await load(["--config-dir=/d"], { "/d/1.conf": "registryBurst: 9\n" });
    expect(settings).toMatchObject({ registryBurst: 9, readOnlyPort: 10_255 });
  });

  it("takes zero for the default where the reference does, but not from a flag", async () => {
    const { settings } = await loadFile("registryBurst: 0\nsyncFrequency: 0s\nhealthzPort: 0\nregistryPullQPS: 0\n");
    expect(settings).toMatchObject({ registryBurst: 10, syncFrequencyMs: 60_000, healthzPort: 0, registryPullQps: 0 });
    expect((await loadFile("", "--registry-burst=0")).settings.registryBurst).toBe(0);
  });

  it("pulls images in parallel unless told otherwise", async () => {
    expect((await loadFile("")).settings).toMatchObject({ serializeImagePulls: false, maxParallelImagePulls: undefined });
    expect((await loadFile("serializeImagePulls: true\n")).settings.serializeImagePulls).toBe(true);
    await expect(loadFile("serializeImagePulls: true\nmaxParallelImagePulls: 2\n")).rejects.toMatchObject({
      field: "maxParallelImagePulls",
    });
  });

  it("reads what pods may set of the kernel, and how many ids a user namespace has", async () => {
    expect((await load([])).settings).toMatchObject({ allowedUnsafeSysctls: [], userNamespaceIdsPerPod: 65_536 });
    const { settings } = await loadFile(
      "allowedUnsafeSysctls: [net/core/somaxconn]\nuserNamespaces: {idsPerPod: 131072}\n",
      "--allowed-unsafe-sysctls=kernel.msg*,net.core.somaxconn,fs.mqueue.*",
    );
    expect(settings).toMatchObject({
      allowedUnsafeSysctls: ["kernel.msg*", "net.core.somaxconn", "fs.mqueue.*"],
      userNamespaceIdsPerPod: 131_072,
    });
  });

  it("trims the node's name and puts it in lower case", async () => {
    expect((await load([])).settings.nodeName).toBe("node-1.example");
    expect((await load(["--hostname-override= A "])).settings.nodeName).toBe("a");
  });

  it("takes an absolute root directory only", async () => {
    expect((await load(["--root-dir=/srv/../data/kubelet"])).settings.rootDir).toBe("/data/kubelet");
    await expect(load(["--root-dir=kubelet"])).rejects.toMatchObject({ code: "invalid-flag", field: "--root-dir" });
  });

  it("takes one node IP or one of each family", async () => {
    expect((await load(["--node-ip=10.0.0.1,fd00::1"])).settings.nodeIps).toEqual(["10.0.0.1", "fd00::1"]);
    expect((await load(["--node-ip=0.0.0.0"])).settings.nodeIps).toEqual([]);
    await expect(load(["--node-ip=10.0.0.1,10.0.0.2"])).rejects.toMatchObject({ code: "invalid-flag" });
    await expect(load(["--node-ip=here"])).rejects.toMatchObject({ code: "invalid-flag" });
  });

  it("refuses what nk cannot do, and accepts its default or what asks for less", async () => {
    await expect(loadFile("cpuManagerPolicy: static\n")).rejects.toMatchObject({
      code: "unsupported-field",
      message: "/c.yaml:3: cpuManagerPolicy is not supported by nk yet",
      line: 3,
    });
    await expect(load(["--eviction-hard=memory.available<5%"])).rejects.toMatchObject({
      code: "unsupported-flag",
      field: "--eviction-hard",
    });
    await expect(load(["--bootstrap-kubeconfig=/k"])).rejects.toThrow("--bootstrap-kubeconfig is not supported by nk yet");
    await load(["--kubeconfig=", "--cpu-manager-policy=none", "--exit-on-lock-contention=false"]);
    await loadFile("evictionHard: {}\nmemorySwap: {swapBehavior: NoSwap}\nimageMinimumGCAge: 120s\n");
  });

  it("says which settings change nothing", async () => {
    const { warnings } = await loadFile("rotateCertificates: true\nnodeStatusUpdateFrequency: 10s\n", "--hairpin-mode=none");
    expect(warnings.map(formatWarning)).toEqual([
      "/c.yaml:3: rotateCertificates has no effect: nk does not ask for certificates yet",
      "--hairpin-mode has no effect: a CRI runtime does its own networking",
    ]);
  });

  it.each([
    ["port: 70000", "port must be between 1 and 65535"],
    ["address: here", "address must be an IP address"],
    ["allowedUnsafeSysctls: [kernel.panic]", 'names "kernel.panic": the sysctls are not known to be namespaced'],
    ["allowedUnsafeSysctls: ['kernel.*']", "the sysctls are not known to be namespaced"],
    ["allowedUnsafeSysctls: [Net.core]", "must have at most 253 characters and match regex"],
    ["allowedUnsafeSysctls: ['net.*.x']", "must have at most 253 characters and match regex"],
    ["userNamespaces: {idsPerPod: 0}", "must be a multiple of 65536, at least 65536"],
    ["userNamespaces: {idsPerPod: 65537}", "must be a multiple of 65536"],
    ["userNamespaces: {idsPerPod: 4294967296}", "not more than 4294967295"],
    ["podLogsDir: /a/../b", "podLogsDir"],
    ["podLogsDir: /ä", "podLogsDir must be ASCII"],
    ["cpuCFSQuotaPeriod: 2s", "must be between 1ms and 1s"],
    ["crashLoopBackOff: {maxContainerRestartPeriod: 10m}", "must be between 1s and 300s"],
    ["cgroupDriver: docker", "must be one of cgroupfs, systemd"],
    ["logging: {format: xml}", "must be one of text, json"],
    ["staticPodURL: ftp://a", "must be an http or https URL"],
    ["maxParallelImagePulls: 0", "must be at least 1"],
    ["nodeLeaseDurationSeconds: -1", "must be at least 1"],
    ["featureGates: {SidecarContainers: false}", "cannot set SidecarContainers to false: it is locked to true"],
  ])("refuses %s", async (body, message) => {
    await expect(loadFile(`${body}\n`)).rejects.toThrow(message);
    await expect(loadFile(`${body}\n`)).rejects.toMatchObject({ code: "invalid-value", file: "/c.yaml", line: 3 });
  });

  it("warns about DNS servers and gates it does not know", async () => {
    const { warnings, settings } = await loadFile(
      "clusterDNS: [dns.local, 10.0.0.1]\nfeatureGates: {EventedPLEGs: true, MemoryQoS: true}\n",
    );
    expect(settings.clusterDns).toEqual(["10.0.0.1"]);
    expect(warnings.map(formatWarning)).toEqual([
      'clusterDNS holds "dns.local", which is no IP address',
      "nk does not know the feature gate EventedPLEGs, did you mean EventedPLEG?",
      "feature gate MemoryQoS=true may have no effect in nk",
    ]);
  });

  it("shows header values to nobody but who asks for them", async () => {
    const loaded = await loadFile("staticPodURLHeader: {Authorization: [s3cret]}\n", "--manifest-url=https://a/b");
    expect(
      JSON.stringify([loaded, Object.fromEntries(loaded.provenance)]) + inspect(loaded, { depth: 9 }) + explainConfig(loaded),
    ).not.toContain("s3cret");
    expect(loaded.settings.staticPodUrlHeader.reveal()).toEqual({ Authorization: ["s3cret"] });
    expect(explainConfig(loaded)).toContain('staticPodURLHeader = {"Authorization":["[masked]"]}  (file /c.yaml:3)\n');
  });

  it("gives the effective configuration as one object", async () => {
    const { configObject } = await loadFile("authentication: {anonymous: {enabled: true}}\n");
    expect(configObject).toMatchObject({
      kind: "KubeletConfiguration",
      registryBurst: 10,
      authentication: { anonymous: { enabled: true }, webhook: { enabled: true } },
    });
  });

  it("fails for files and directories that cannot be read, and when it is aborted", async () => {
    await expect(load(["--config=/none"])).rejects.toMatchObject({ code: "unreadable", file: "/none" });
    await expect(load(["--config-dir=/none"])).rejects.toMatchObject({ code: "unreadable", file: "/none" });
    const reason = new Error("stop");
    await expect(loadSettings({ argv: [], signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
