import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { applyPodDefaults } from "./defaults.ts";
import type { Container, Pod, PodSpec, ResourceRequirements, Volume } from "./gen/core-v1.ts";
import { defaultPullPolicy } from "./pull-policy.ts";

const specOf = (spec: PodSpec): PodSpec => applyPodDefaults({ spec }).spec ?? { containers: [] };
const containerOf = (container: Partial<Container>, more: Partial<PodSpec> = {}): Container =>
  specOf({ containers: [{ name: "c", image: "i", ...container }], ...more }).containers[0] ?? { name: "none" };
const volumeOf = (volume: Partial<Volume>): Volume =>
  specOf({ containers: [], volumes: [{ name: "v", ...volume }] }).volumes?.[0] ?? { name: "none" };

describe("applyPodDefaults", () => {
  it("gives the recorded static pod the spec that the reference showed", () => {
    const shown = JSON.parse(readFileSync(join(import.meta.dirname, "../test/fixtures/static-web-spec.json"), "utf8")) as Pod;
    const written: PodSpec = {
      containers: [
        {
          name: "web",
          image: "registry.k8s.io/e2e-test-images/busybox:1.37.0-1",
          command: ["sh", "-c", "httpd -f -p 8088"],
          resources: { requests: { cpu: "20m", memory: "16Mi" }, limits: { memory: "64Mi" } },
        },
      ],
      nodeName: "node-1",
      tolerations: [{ operator: "Exists", effect: "NoExecute" }],
    };
    expect(specOf(written)).toEqual(shown.spec);
  });

  it("is idempotent, keeps what was set and touches nothing else", () => {
    const pod: Pod = {
      metadata: { name: "p" },
      spec: {
        restartPolicy: "Never",
        terminationGracePeriodSeconds: 0,
        dnsPolicy: "Default",
        enableServiceLinks: false,
        securityContext: { runAsUser: 0 },
        schedulerName: "mine",
        hostNetwork: true,
        containers: [
          {
            name: "a",
            image: "i",
            imagePullPolicy: "Never",
            ports: [{ containerPort: 80 }],
            env: [{ name: "E", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }],
          },
        ],
        initContainers: [{ name: "b", restartPolicy: "Always", livenessProbe: { exec: { command: ["x"] } } }],
        ephemeralContainers: [{ name: "e", targetContainerName: "a" }],
        volumes: [{ name: "v" }],
        overhead: { cpu: "0.25" },
        resources: { limits: { cpu: "1" } },
      },
    };
    const once = applyPodDefaults(pod);
    expect(applyPodDefaults(once)).toEqual(once);
    expect(once.spec).toMatchObject({
      restartPolicy: "Never",
      terminationGracePeriodSeconds: 0,
      dnsPolicy: "Default",
      enableServiceLinks: false,
    });
    expect(once.spec).toMatchObject({ overhead: { cpu: "250m" }, resources: { requests: { cpu: "1" } }, schedulerName: "mine" });
    expect(once.spec?.containers[0]?.ports).toEqual([{ containerPort: 80, hostPort: 80, protocol: "TCP" }]);
    expect(once.spec?.ephemeralContainers?.[0]).toMatchObject({ targetContainerName: "a", terminationMessagePolicy: "File" });
    expect(applyPodDefaults({ metadata: { name: "p" } })).toEqual({ metadata: { name: "p" } });
  });

  it("takes requests from limits, name by name, in canonical spelling", () => {
    expect(containerOf({ resources: { limits: { cpu: "0.5", memory: "1024Mi" }, requests: { cpu: "0.1" } } }).resources).toEqual({
      limits: { cpu: "500m", memory: "1Gi" },
      requests: { cpu: "100m", memory: "1Gi" },
    });
    expect(containerOf({ resources: { requests: { cpu: "1u" } } }).resources).toEqual({ requests: { cpu: "1m" } });
    expect(containerOf({ resources: { limits: { cpu: "nonsense" } } }).resources?.limits).toEqual({ cpu: "nonsense" });
  });

  it("takes a pod's own requests from its containers, and from its limits where they ask for none", () => {
    const resourcesOf = (resources: ResourceRequirements, ...containers: readonly ResourceRequirements[]): PodSpec["resources"] =>
      specOf({ resources, containers: containers.map((own, index) => ({ name: `c${index}`, resources: own })) }).resources;
    const pages = { limits: { memory: "1Gi", "hugepages-2Mi": "4Mi" } };
    expect(resourcesOf({ limits: { cpu: "2", memory: "1024Mi" } }, { requests: { cpu: "0.5" } }, { limits: { cpu: "1" } })).toEqual({
      limits: { cpu: "2", memory: "1Gi" },
      requests: { cpu: "1500m", memory: "1Gi" },
    });
    expect(resourcesOf({ limits: { cpu: "2" }, requests: { cpu: "1.9" } }, { requests: { cpu: "1", memory: "1Mi" } })).toEqual({
      limits: { cpu: "2" },
      requests: { cpu: "1900m", memory: "1Mi" },
    });
    expect(resourcesOf({ requests: { cpu: "1" } }, { limits: { cpu: "1", memory: "1Mi" } })).toEqual({ requests: { cpu: "1" } });
    expect(resourcesOf({ requests: { cpu: "1" } }, pages, pages)).toEqual({
      limits: { "hugepages-2Mi": "8Mi" },
      requests: { cpu: "1", memory: "2Gi", "hugepages-2Mi": "8Mi" },
    });
    expect(resourcesOf({}, { limits: { cpu: "1" } })).toEqual({});
    const odd = JSON.parse('{"constructor": "1", "__proto__": "1"}') as Record<string, string>;
    expect(resourcesOf({ limits: odd }, { limits: odd }, { limits: odd })).toEqual({ limits: odd });
    expect(resourcesOf({ limits: { cpu: "1" } }, { requests: { cpu: "lots" } })).toEqual({ limits: { cpu: "1" }, requests: { cpu: "1" } });
  });

  it("fills in probes and HTTP actions", () => {
    const container = containerOf({
      readinessProbe: { httpGet: { port: 80 } },
      livenessProbe: { grpc: { port: 9 }, periodSeconds: 3 },
      lifecycle: { preStop: { httpGet: { port: "web", path: "/x", scheme: "HTTPS" } }, postStart: { httpGet: { port: 1 } } },
    });
    const times = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 };
    expect(container.readinessProbe).toEqual({ ...times, httpGet: { port: 80, path: "/", scheme: "HTTP" } });
    expect(container.livenessProbe).toEqual({ ...times, periodSeconds: 3, grpc: { port: 9, service: "" } });
    expect(container.startupProbe).toBeUndefined();
    expect(container.lifecycle?.preStop?.httpGet).toEqual({ port: "web", path: "/x", scheme: "HTTPS" });
    expect(container.lifecycle?.postStart?.httpGet).toEqual({ port: 1, path: "/", scheme: "HTTP" });
  });

  it.each<readonly [Partial<Volume>, Partial<Volume>]>([
    [{}, { emptyDir: {} }],
    [{ emptyDir: { medium: "Memory" } }, { emptyDir: { medium: "Memory" } }],
    [{ hostPath: { path: "/x" } }, { hostPath: { path: "/x", type: "" } }],
    [{ secret: { secretName: "s" } }, { secret: { secretName: "s", defaultMode: 420 } }],
    [{ configMap: { name: "c", defaultMode: 256 } }, { configMap: { name: "c", defaultMode: 256 } }],
    [
      { downwardAPI: { items: [{ path: "p", fieldRef: { fieldPath: "metadata.name" } }] } },
      { downwardAPI: { defaultMode: 420, items: [{ path: "p", fieldRef: { fieldPath: "metadata.name", apiVersion: "v1" } }] } },
    ],
    [
      { projected: { sources: [{ serviceAccountToken: { path: "t" } }] } },
      { projected: { defaultMode: 420, sources: [{ serviceAccountToken: { path: "t", expirationSeconds: 3600 } }] } },
    ],
    [{ image: { reference: "i:1" } }, { image: { reference: "i:1", pullPolicy: "IfNotPresent" } }],
    [{ nfs: { path: "/", server: "s" } }, { nfs: { path: "/", server: "s" } }],
  ])("turns volume %j into %j", (written, filled) => expect(volumeOf(written)).toEqual({ name: "v", ...filled }));
});

describe("defaultPullPolicy", () => {
  it.each([
    ["busybox", "Always"],
    ["busybox:latest", "Always"],
    ["busybox:1.36", "IfNotPresent"],
    ["localhost:5000/busybox", "Always"],
    ["localhost:5000/busybox:1", "IfNotPresent"],
    ["busybox@sha256:0123", "IfNotPresent"],
    ["busybox:latest@sha256:0123", "Always"],
    ["", "IfNotPresent"],
  ])("for %s is %s", (image, policy) => expect(defaultPullPolicy(image)).toBe(policy));
});
