import { applyPodDefaults } from "@nk/pod-model";
import type { Container, EnvVar, EnvVarSource } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { createEnvFileReader } from "./env-file.ts";
import { buildEnvironment } from "./environment.ts";
import type { EnvFile, EnvironmentInput } from "./environment.ts";
import type { ServiceEnv } from "./node-facts.ts";

const kubernetes: ServiceEnv = { name: "kubernetes", namespace: "default", clusterIp: "10.96.0.1", ports: [{ name: "https", port: 443 }] };

const inputFor = (container: Partial<Container>, rest: Partial<EnvironmentInput> = {}): EnvironmentInput => {
  const main: Container = { name: "main", ...container };
  const pod = applyPodDefaults({
    metadata: { name: "web", namespace: "ns", uid: "u-1", labels: { app: "x" }, annotations: { "a/b": "y" } },
    spec: { nodeName: "node-1", serviceAccountName: "sa", containers: [main, { name: "other", resources: { limits: { memory: "3Mi" } } }] },
  });
  return {
    pod,
    container: main,
    podIps: ["10.0.0.1", "fd00::1"],
    node: { nodeIps: ["192.0.2.7"], services: [], allocatable: { cpu: "2", memory: "1Gi", "ephemeral-storage": "5G" } },
    objects: {
      configMaps: new Map([
        [
          "cm",
          new Map([
            ["k", "cm-value"],
            ["both", "cm"],
          ]),
        ],
      ]),
      secrets: new Map([
        [
          "sec",
          new Map([
            ["k", "sec-value"],
            ["both", "sec"],
          ]),
        ],
      ]),
    },
    ...rest,
  };
};

const envOf = (container: Partial<Container>, rest: Partial<EnvironmentInput> = {}): { readonly [name: string]: string } =>
  Object.fromEntries(buildEnvironment(inputFor(container, rest)));

const valueFrom = (source: EnvVarSource, rest: Partial<EnvironmentInput> = {}, container: Partial<Container> = {}): string | undefined =>
  envOf({ ...container, env: [{ name: "X", valueFrom: source }] }, rest)["X"];

describe("environment", () => {
  it("takes envFrom first, later sources over earlier ones, and env over both", () => {
    const envFrom = [
      { configMapRef: { name: "cm" } },
      { secretRef: { name: "sec" } },
      { prefix: "P_", configMapRef: { name: "cm" } },
      { secretRef: { name: "none", optional: true } },
      {},
    ];
    expect(envOf({ envFrom, env: [{ name: "k", value: "own" }] })).toEqual({ k: "own", both: "sec", P_k: "cm-value", P_both: "cm" });
  });

  it("expands references to earlier variables and to services, and only those", () => {
    const env: readonly EnvVar[] = [
      { name: "A", value: "1" },
      { name: "B", value: "$(A)$(C)$$(A) $(KUBERNETES_SERVICE_HOST)" },
      { name: "C", value: "3" },
    ];
    const node = { ...inputFor({}).node, services: [kubernetes] };
    expect(envOf({ env }, { node })).toMatchObject({ B: "1$(C)$(A) 10.96.0.1", C: "3" });
  });

  it("keeps a variable of the container that has a service variable's name", () => {
    const node = { ...inputFor({}).node, services: [kubernetes] };
    expect(envOf({ env: [{ name: "KUBERNETES_PORT", value: "" }] }, { node })["KUBERNETES_PORT"]).toBe("");
  });

  it.each<[string, EnvVarSource, string | undefined]>([
    ["a ConfigMap's key", { configMapKeyRef: { name: "cm", key: "k" } }, "cm-value"],
    ["a Secret's key", { secretKeyRef: { name: "sec", key: "k" } }, "sec-value"],
    ["an optional key that is missing", { secretKeyRef: { name: "sec", key: "z", optional: true } }, undefined],
    ["an optional object that is missing", { configMapKeyRef: { name: "z", key: "z", optional: true } }, undefined],
    ["metadata.name", { fieldRef: { fieldPath: "metadata.name" } }, "web"],
    ["metadata.namespace", { fieldRef: { fieldPath: "metadata.namespace" } }, "ns"],
    ["metadata.uid", { fieldRef: { fieldPath: "metadata.uid" } }, "u-1"],
    ["a label", { fieldRef: { fieldPath: "metadata.labels['app']" } }, "x"],
    ["an annotation", { fieldRef: { fieldPath: "metadata.annotations['a/b']" } }, "y"],
    ["a label that is missing", { fieldRef: { fieldPath: "metadata.labels['z']" } }, ""],
    ["spec.nodeName", { fieldRef: { fieldPath: "spec.nodeName" } }, "node-1"],
    ["spec.serviceAccountName", { fieldRef: { fieldPath: "spec.serviceAccountName" } }, "sa"],
    ["status.hostIP", { fieldRef: { fieldPath: "status.hostIP" } }, "192.0.2.7"],
    ["status.hostIPs", { fieldRef: { fieldPath: "status.hostIPs" } }, "192.0.2.7"],
    ["status.podIP", { fieldRef: { fieldPath: "status.podIP" } }, "10.0.0.1"],
    ["status.podIPs", { fieldRef: { fieldPath: "status.podIPs" } }, "10.0.0.1,fd00::1"],
    ["a CPU limit in whole CPUs", { resourceFieldRef: { resource: "limits.cpu" } }, "1"],
    ["a CPU limit in thousandths", { resourceFieldRef: { resource: "limits.cpu", divisor: "1m" } }, "250"],
    ["a memory request, rounded up", { resourceFieldRef: { resource: "requests.memory", divisor: "1Mi" } }, "2"],
    ["a memory limit of the node", { resourceFieldRef: { resource: "limits.memory", divisor: "1Mi" } }, "1024"],
    ["a zero divisor, which means 1", { resourceFieldRef: { resource: "limits.ephemeral-storage", divisor: "0" } }, "5000000000"],
    ["a request that is not stated", { resourceFieldRef: { resource: "requests.cpu" } }, "0"],
    ["huge pages", { resourceFieldRef: { resource: "limits.hugepages-2Mi", divisor: "1Mi" } }, "4"],
    ["another container's limit", { resourceFieldRef: { resource: "limits.memory", containerName: "other" } }, "3145728"],
  ])("reads %s", (_what, source, value) => {
    const resources = { limits: { cpu: "250m", "hugepages-2Mi": "4Mi" }, requests: { memory: "1048577" } };
    expect(valueFrom(source, {}, { resources })).toBe(value);
  });

  it("reads the pod's limit where the container states none", () => {
    const input = inputFor({ env: [{ name: "X", valueFrom: { resourceFieldRef: { resource: "limits.memory" } } }] });
    const pod = { ...input.pod, spec: { containers: [], ...input.pod.spec, resources: { limits: { memory: "64" } } } };
    expect(buildEnvironment({ ...input, pod }).get("X")).toBe("64");
  });

  it("orders the pod's addresses by the node's family", () => {
    const node = { ...inputFor({}).node, nodeIps: ["2001:db8::7"] };
    expect(valueFrom({ fieldRef: { fieldPath: "status.podIPs" } }, { node })).toBe("fd00::1,10.0.0.1");
  });

  it.each<[string, EnvVarSource, string]>([
    ["ConfigMap", { configMapKeyRef: { name: "z", key: "k" } }, 'configmap "z" not found'],
    ["Secret", { secretKeyRef: { name: "z", key: "k" } }, 'secret "z" not found'],
    ["ConfigMap key", { configMapKeyRef: { name: "cm", key: "z" } }, "couldn't find key z in ConfigMap ns/cm"],
    ["Secret key", { secretKeyRef: { name: "sec", key: "z" } }, "couldn't find key z in Secret ns/sec"],
    ["field", { fieldRef: { fieldPath: "status.phase2" } }, "field label not supported: status.phase2"],
    ["resource", { resourceFieldRef: { resource: "limits.gpu" } }, "unsupported container resource : limits.gpu"],
    ["container", { resourceFieldRef: { resource: "limits.cpu", containerName: "z" } }, "container z not found"],
    ["env file", { fileKeyRef: { volumeName: "v", path: "p", key: "k" } }, "couldn't parse env file"],
  ])("refuses a %s that does not exist", (_what, source, message) => {
    expect(() => valueFrom(source)).toThrow(message);
  });

  it("refuses values that stand for more than any runtime takes, before they are written out", () => {
    const grown = Array.from({ length: 30 }, (_, index) => ({ name: `C${index}`, value: "$(B)" }));
    const env = [{ name: "A", value: "x".repeat(1000) }, { name: "B", value: "$(A)".repeat(20_000) }, ...grown];
    expect(() => envOf({ env })).toThrow("environment is longer than 16777216 bytes after variables were expanded");
  });

  it("refuses a value with a NUL byte, and does not show it", () => {
    const objects = { configMaps: new Map(), secrets: new Map([["binary", new Map([["key", "s3cret\0s3cret"]])]]) };
    const env = (): unknown => envOf({ envFrom: [{ prefix: "P_", secretRef: { name: "binary" } }] }, { objects });
    expect(env).toThrow(/^value of environment variable "P_key" contains a NUL byte$/u);
  });

  it("finds no label that has the name of something every object has", () => {
    expect(valueFrom({ fieldRef: { fieldPath: "metadata.labels['constructor']" } })).toBe("");
  });

  it("refuses a host IP while the node has none", () => {
    const node = { ...inputFor({}).node, nodeIps: [] };
    expect(() => valueFrom({ fieldRef: { fieldPath: "status.hostIP" } }, { node })).toThrow("host IP unknown");
  });

  it("refuses references to objects without an API server, optional or not", () => {
    const { objects: _objects, ...input } = inputFor({ envFrom: [{ configMapRef: { name: "cm", optional: true } }] });
    expect(() => buildEnvironment(input)).toThrow("couldn't get configMap ns/cm, no kubeClient defined");
  });

  it("refuses a pod that was not defaulted", () => {
    expect(() => buildEnvironment({ ...inputFor({}), pod: { spec: { containers: [] } } })).toThrow("nil pod.spec.enableServiceLinks");
  });

  it("reads env files of volumes", () => {
    const envFile = (): EnvFile => ({ status: "read", hostPath: "/vol/p", valueOf: createEnvFileReader("k='v'\nempty=''\n") });
    const ref = { volumeName: "v", path: "p" };
    expect(valueFrom({ fileKeyRef: { ...ref, key: "k" } }, { envFile })).toBe("v");
    expect(valueFrom({ fileKeyRef: { ...ref, key: "empty", optional: true } }, { envFile })).toBeUndefined();
    expect(() => valueFrom({ fileKeyRef: { ...ref, key: "z" } }, { envFile })).toThrow(
      'environment variable key "z" not found in file "/vol/p"',
    );
    const wrong = (): EnvFile => ({ status: "read", hostPath: "/vol/p", valueOf: createEnvFileReader("k=v\n") });
    expect(() => valueFrom({ fileKeyRef: { ...ref, key: "k", optional: true } }, { envFile: wrong })).toThrow("couldn't parse env file");
  });

  it.each<[EnvFile | undefined, string]>([
    [{ status: "no-volume" }, 'cannot find the volume "v" referenced by FileKeyRef'],
    [{ status: "unreadable" }, "couldn't parse env file"],
    [undefined, "couldn't parse env file"],
  ])("refuses an env file that is not there, optional or not: %j", (file, why) => {
    const fileKeyRef = { volumeName: "v", path: "p", key: "k", optional: true };
    expect(() => valueFrom({ fileKeyRef }, file === undefined ? {} : { envFile: () => file })).toThrow(why);
  });
});

describe("service variables", () => {
  const dbOf = (namespace: string): ServiceEnv => ({
    name: "my-db",
    namespace,
    clusterIp: "fd00::9",
    ports: [
      { port: 53, protocol: "UDP" },
      { name: "web-ui", port: 80 },
    ],
  });

  it("name each port, the first one twice", () => {
    expect(envOf({}, { node: { ...inputFor({}).node, services: [dbOf("ns"), dbOf("elsewhere")] } })).toEqual({
      MY_DB_SERVICE_HOST: "fd00::9",
      MY_DB_SERVICE_PORT: "53",
      MY_DB_SERVICE_PORT_WEB_UI: "80",
      MY_DB_PORT: "udp://[fd00::9]:53",
      MY_DB_PORT_53_UDP: "udp://[fd00::9]:53",
      MY_DB_PORT_53_UDP_PROTO: "udp",
      MY_DB_PORT_53_UDP_PORT: "53",
      MY_DB_PORT_53_UDP_ADDR: "fd00::9",
      MY_DB_PORT_80_TCP: "tcp://[fd00::9]:80",
      MY_DB_PORT_80_TCP_PROTO: "tcp",
      MY_DB_PORT_80_TCP_PORT: "80",
      MY_DB_PORT_80_TCP_ADDR: "fd00::9",
    });
  });

  it("are only those of the API server without service links", () => {
    const input = inputFor({}, { node: { ...inputFor({}).node, services: [dbOf("ns"), kubernetes] } });
    const pod = { ...input.pod, spec: { containers: [], ...input.pod.spec, enableServiceLinks: false } };
    const names = [...buildEnvironment({ ...input, pod }).keys()];
    expect([names.length, names.every((name) => name.startsWith("KUBERNETES_"))]).toEqual([8, true]);
  });

  it("are those of the pod's own namespace where two services have one name", () => {
    const own = { ...kubernetes, namespace: "ns", clusterIp: "10.1.1.1" };
    for (const services of [
      [own, kubernetes],
      [kubernetes, own],
    ]) {
      expect(envOf({}, { node: { ...inputFor({}).node, services } })["KUBERNETES_SERVICE_HOST"]).toBe("10.1.1.1");
    }
  });
});
