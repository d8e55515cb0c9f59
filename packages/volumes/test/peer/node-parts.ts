import type { ConfigMap, Pod, Secret } from "@nk/pod-model";
import { createMounts } from "@nk/mounts";
import { createPodObjects, createPodTokens, createVolumes } from "../../src/index.ts";
import type { PodObjects, Volumes } from "../../src/index.ts";
import { createFakeSource } from "../../src/testing/fake-source.ts";
import type { FakeSource } from "../../src/testing/fake-source.ts";

/** Volumes on the kernel's own mounts, fed by an API server in memory. */
export interface NodeParts {
  readonly volumes: Volumes;
  readonly objects: PodObjects;
  readonly secrets: FakeSource<Secret>;
  readonly configMaps: FakeSource<ConfigMap>;
}

export const createNodeParts = (rootDir: string): NodeParts => {
  const secrets = createFakeSource<Secret>();
  const configMaps = createFakeSource<ConfigMap>();
  configMaps.put({ metadata: { name: "cm17", namespace: "rec" }, data: { k1: "v1", k2: "v2" }, binaryData: { bin: "AAEC" } });
  const encode = (text: string): string => Buffer.from(text).toString("base64");
  secrets.put({ metadata: { name: "sec17", namespace: "rec" }, data: { user: encode("alice"), pass: encode("s3cret") } });
  const objects = createPodObjects({ secrets, configMaps });
  const tokens = createPodTokens({
    requestToken: async () => ({ token: "a-token", expirationTimestamp: new Date(Date.now() + 3_600_000).toISOString() }),
  });
  const volumes = createVolumes(
    { rootDir },
    {
      mounts: createMounts({ rootDir }),
      objects,
      tokens,
      fields: {
        fieldValue: (pod) => pod.metadata?.name ?? "",
        resourceFieldValue: async () => "3906",
      },
      node: { allocatable: async () => ({ memory: "256Mi" }) },
    },
  );
  return { volumes, objects, secrets, configMaps };
};

/** The pod of the recording p17-volumes. */
export const recordedPod: Pod = {
  metadata: { name: "p17-volumes", namespace: "rec", uid: "u17", labels: { a: "1", b: "two" }, annotations: { x: 'y "q"\nz' } },
  spec: {
    serviceAccountName: "default",
    securityContext: { fsGroup: 2345 },
    containers: [
      {
        name: "main",
        volumeMounts: [
          { name: "e", mountPath: "/v/e" },
          { name: "m", mountPath: "/v/m" },
          { name: "cm", mountPath: "/v/cm", readOnly: true },
          { name: "sec", mountPath: "/v/sec" },
          { name: "dw", mountPath: "/v/dw" },
          { name: "pr", mountPath: "/v/pr" },
          { name: "hp", mountPath: "/v/hp", mountPropagation: "HostToContainer" },
          { name: "e", mountPath: "/v/sub", subPath: "a/b" },
          { name: "cm", mountPath: "/v/one.txt", subPath: "k1" },
          { name: "e", mountPath: "/v/subexpr", subPathExpr: "$(PN)" },
        ],
      },
    ],
    volumes: [
      { name: "e", emptyDir: {} },
      { name: "m", emptyDir: { medium: "Memory", sizeLimit: "16Mi" } },
      { name: "cm", configMap: { name: "cm17", defaultMode: 256 } },
      { name: "sec", secret: { secretName: "sec17", items: [{ key: "user", path: "nested/u", mode: 288 }] } },
      {
        name: "dw",
        downwardAPI: {
          items: [
            { path: "labels", fieldRef: { fieldPath: "metadata.labels" } },
            { path: "annotations", fieldRef: { fieldPath: "metadata.annotations" } },
            { path: "mem", resourceFieldRef: { containerName: "main", resource: "limits.memory", divisor: "1Mi" } },
          ],
        },
      },
      {
        name: "pr",
        projected: {
          sources: [
            { configMap: { name: "cm17" } },
            { secret: { name: "sec17" } },
            { downwardAPI: { items: [{ path: "name", fieldRef: { fieldPath: "metadata.name" } }] } },
            { serviceAccountToken: { path: "tok", expirationSeconds: 7200, audience: "vault" } },
          ],
        },
      },
      { name: "hp", hostPath: { path: "/var/tmp", type: "Directory" } },
    ],
  },
};
