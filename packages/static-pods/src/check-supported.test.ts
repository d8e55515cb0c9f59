import type { Pod } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { checkApiReferences } from "./api-references.ts";
import { checkSupported } from "./check-supported.ts";
import { createField } from "./field.ts";
import type { FieldProblem } from "./field.ts";
import { SUPPORTED_FIELDS } from "./supported-fields.ts";

const fieldsOf = (check: (onProblem: (problem: FieldProblem) => void) => void): readonly string[] => {
  const fields: string[] = [];
  check((problem) => fields.push(problem.field));
  return fields;
};
const unsupported = (spec: object, also: readonly string[] = []): readonly string[] =>
  fieldsOf((add) => checkSupported({ spec: { containers: [], ...spec } } as Pod, createField(add), (pattern) => also.includes(pattern)));
const references = (spec: object): readonly string[] =>
  fieldsOf((add) => checkApiReferences({ spec: { containers: [], ...spec } } as Pod, createField(add)));
const inContainer = (fields: object): object => ({ containers: [{ name: "c", ...fields }] });

describe("checkSupported", () => {
  it.each<readonly [string, object]>([
    ["spec.readinessGates", { readinessGates: [{ conditionType: "x" }] }],
    ["spec.ephemeralContainers", { ephemeralContainers: [{ name: "e" }] }],
    ["spec.volumes[0].nfs", { volumes: [{ name: "v", nfs: { server: "s", path: "/" } }] }],
    ["spec.schedulingGates", { schedulingGates: [{ name: "g" }] }],
    ["spec.volumes[0].projected.sources[0].secret", { volumes: [{ name: "v", projected: { sources: [{ secret: {} }] } }] }],
    ["spec.volumes[0].emptyDir.medium", { volumes: [{ name: "v", emptyDir: { medium: "HugePages-2Mi" } }] }],
    ["spec.containers[0].envFrom", inContainer({ envFrom: [{ prefix: "x" }] })],
    ["spec.containers[0].volumeDevices", inContainer({ volumeDevices: [{}] })],
    ["spec.containers[0].lifecycle.preStop.tcpSocket", inContainer({ lifecycle: { preStop: { tcpSocket: { port: 1 } } } })],
    ["spec.containers[0].resources.limits.hugepages", inContainer({ resources: { limits: { hugepages: "2Mi" } } })],
    ["spec.containers[0].resources[hugepages-2Mi]", inContainer({ resources: { "hugepages-2Mi": "2Mi" } })],
    ["spec.containers[0].lifecycle.stopSignal", inContainer({ lifecycle: { stopSignal: "SIGTERM" } })],
    ["spec.containers[0].resources.limits[nvidia.com/gpu]", inContainer({ resources: { limits: { "nvidia.com/gpu": "1" } } })],
  ])("reports %s", (field, spec) => expect(unsupported(spec)).toEqual([field]));

  it.each<readonly [string, object]>([
    [
      "what only the scheduler reads",
      { nodeSelector: { a: "b" }, affinity: { nodeAffinity: {} }, topologySpreadConstraints: [{ maxSkew: 1 }] },
    ],
    ["sidecars", { initContainers: [{ name: "s", restartPolicy: "Always" }] }],
    ["empty lists of anything", { imagePullSecrets: [], ephemeralContainers: [], ...inContainer({ envFrom: [], volumeDevices: [] }) }],
    [
      "emptyDir and hostPath",
      {
        volumes: [
          { name: "a", emptyDir: { medium: "" } },
          { name: "b", emptyDir: {} },
          { name: "c", hostPath: { path: "/", type: "" } },
          { name: "d", emptyDir: { medium: "Memory", sizeLimit: "1Gi" } },
          { name: "e", image: { reference: "r", pullPolicy: "Always" } },
        ],
      },
    ],
    [
      "what a pod may ask of the kernel",
      {
        hostUsers: false,
        hostnameOverride: "h",
        runtimeClassName: "kata",
        os: { name: "linux" },
        securityContext: {
          sysctls: [{ name: "a", value: "b" }],
          appArmorProfile: { type: "RuntimeDefault" },
          supplementalGroupsPolicy: "Strict",
          seLinuxChangePolicy: "Recursive",
        },
        ...inContainer({
          securityContext: { procMount: "Unmasked", appArmorProfile: { type: "Localhost", localhostProfile: "p" } },
          volumeMounts: [{ name: "v", mountPath: "/v", readOnly: true, recursiveReadOnly: "IfPossible", subPath: "x", subPathExpr: "y" }],
          env: [{ name: "A", valueFrom: { fileKeyRef: { volumeName: "v", path: "p", key: "A", optional: true } } }],
        }),
      },
    ],
    [
      "what a pod may ask for as a whole, and how long it may take",
      { activeDeadlineSeconds: 5, resources: { limits: { cpu: "1" }, requests: { memory: "1Gi", "hugepages-2Mi": "2Mi" } } },
    ],
    [
      "a container's own restart policy, rules, resize policy and huge pages",
      inContainer({
        restartPolicy: "Never",
        restartPolicyRules: [{ action: "Restart", exitCodes: { operator: "In", values: [1] } }],
        resizePolicy: [{ resourceName: "cpu", restartPolicy: "NotRequired" }],
        resources: { limits: { memory: "1Gi", "hugepages-1Gi": "1Gi" }, requests: { "hugepages-2Mi": "2Mi" } },
      }),
    ],
    [
      "the pod's own fields as files",
      {
        volumes: [
          { name: "a", downwardAPI: { defaultMode: 256, items: [{ path: "p", mode: 256, fieldRef: { fieldPath: "metadata.name" } }] } },
          { name: "b", projected: { defaultMode: 256, sources: [{ downwardAPI: { items: [{ path: "p" }] } }] } },
        ],
      },
    ],
    [
      "probes and hooks",
      inContainer({
        livenessProbe: { httpGet: { port: 1, httpHeaders: [{ name: "a", value: "b" }] }, periodSeconds: 1 },
        startupProbe: { grpc: { port: 1, service: "a" } },
        lifecycle: { preStop: { sleep: { seconds: 1 } } },
      }),
    ],
  ])("accepts %s", (_what, spec) => expect(unsupported(spec)).toEqual([]));

  it("can be widened by pattern", () => {
    const wanted = { readinessGates: [{}], schedulingGates: [{}] };
    expect(unsupported(wanted, ["spec.readinessGates"])).toEqual(["spec.schedulingGates"]);
    const pages = { volumes: [{ name: "v", emptyDir: { medium: "HugePages" } }] };
    expect(unsupported(pages, ["spec.volumes[].emptyDir.medium=HugePages"])).toEqual([]);
  });

  it("has a table without repetition", () => expect(new Set(SUPPORTED_FIELDS).size).toBe(SUPPORTED_FIELDS.length));
});

describe("checkApiReferences", () => {
  it.each<readonly [string, object]>([
    ["spec.serviceAccountName", { serviceAccountName: "x" }],
    ["spec.serviceAccount", { serviceAccount: "x" }],
    ["spec.imagePullSecrets", { imagePullSecrets: [{ name: "x" }] }],
    ["spec.resourceClaims", { resourceClaims: [{ name: "x" }] }],
    ["spec.volumes[0].configMap", { volumes: [{ name: "v", configMap: {} }] }],
    ["spec.volumes[0].secret", { volumes: [{ name: "v", secret: {} }] }],
    ["spec.volumes[0].persistentVolumeClaim", { volumes: [{ name: "v", persistentVolumeClaim: { claimName: "x" } }] }],
    ["spec.volumes[0].ephemeral", { volumes: [{ name: "v", ephemeral: {} }] }],
    [
      "spec.volumes[0].projected.sources[1].serviceAccountToken",
      { volumes: [{ name: "v", projected: { sources: [{ downwardAPI: {} }, { serviceAccountToken: { path: "t" } }] } }] },
    ],
    [
      "spec.volumes[0].projected.sources[0].clusterTrustBundle",
      { volumes: [{ name: "v", projected: { sources: [{ clusterTrustBundle: { path: "t" } }] } }] },
    ],
    ["spec.containers[0].env[0].valueFrom.secretKeyRef", inContainer({ env: [{ name: "E", valueFrom: { secretKeyRef: { key: "k" } } }] })],
    [
      "spec.containers[0].env[0].valueFrom.configMapKeyRef",
      inContainer({ env: [{ name: "E", valueFrom: { configMapKeyRef: { key: "k" } } }] }),
    ],
    ["spec.containers[0].envFrom[0].secretRef", inContainer({ envFrom: [{ secretRef: { name: "x" } }] })],
    ["spec.containers[0].resources.claims", inContainer({ resources: { claims: [{ name: "x" }] } })],
    ["spec.initContainers[0].envFrom[0].configMapRef", { initContainers: [{ name: "i", envFrom: [{ configMapRef: {} }] }] }],
  ])("reports %s", (field, spec) => expect(references(spec)).toEqual([field]));

  it("lets automountServiceAccountToken be", () => expect(references({ automountServiceAccountToken: true })).toEqual([]));
});
