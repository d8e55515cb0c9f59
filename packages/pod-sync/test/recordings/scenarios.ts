import type { ResolvedVolumeMount } from "../../src/config/mounts.ts";
import type { Scenario } from "./compose.ts";
import { recordedNode } from "./node.ts";
import { objectsOfRecording, podOfRecording } from "./recording.ts";

const VOLUMES = "/var/lib/kubelet/pods/<uid>/volumes";

const mount = (mountPath: string, hostPath: string, readOnly = false): ResolvedVolumeMount => ({
  mountPath,
  hostPath,
  readOnly,
  selinuxRelabel: false,
});

/** Where the volume manager mounted what, for the recordings with volumes. */
const RESOLVED: { readonly [recording: string]: readonly ResolvedVolumeMount[] } = {
  "p02-token": [mount("/var/run/secrets/kubernetes.io/serviceaccount", `${VOLUMES}/kubernetes.io~projected/kube-api-access-<rand>`, true)],
  "p17-volumes": [
    mount("/v/e", `${VOLUMES}/kubernetes.io~empty-dir/e`),
    mount("/v/m", `${VOLUMES}/kubernetes.io~empty-dir/m`),
    mount("/v/cm", `${VOLUMES}/kubernetes.io~configmap/cm`, true),
    mount("/v/sec", `${VOLUMES}/kubernetes.io~secret/sec`, true),
    mount("/v/dw", `${VOLUMES}/kubernetes.io~downward-api/dw`, true),
    mount("/v/pr", `${VOLUMES}/kubernetes.io~projected/pr`, true),
    mount("/v/hp", "/var/tmp"),
    mount("/v/sub", "/var/lib/kubelet/pods/<uid>/volume-subpaths/e/main/7"),
    mount("/v/one.txt", "/var/lib/kubelet/pods/<uid>/volume-subpaths/cm/main/8", true),
    mount("/v/subexpr", "/var/lib/kubelet/pods/<uid>/volume-subpaths/e/main/9"),
  ],
  "p42-image-volume": [
    {
      ...mount("/img", "", true),
      image: {
        image: "sha256:<digest>",
        userSpecifiedImage: "registry.k8s.io/e2e-test-images/busybox:1.37.0-1",
        annotations: { "kubernetes.io/config.source": "api", "kubernetes.io/config.seen": "<time>" },
      },
    },
  ],
  "p44-emptydir-sizelimit": [mount("/e", `${VOLUMES}/kubernetes.io~empty-dir/e`)],
};

const mySvc = {
  name: "my-svc",
  namespace: "rec",
  clusterIp: "10.96.24.78",
  ports: [
    { name: "http", port: 80, protocol: "TCP" },
    { name: "alt", port: 8443, protocol: "TCP" },
  ],
};

/** What the requests of a recording are made from. */
export const scenarioOf = (name: string): Scenario => ({
  pod: podOfRecording(name),
  node: name === "p37-service-links" ? { ...recordedNode, services: [...recordedNode.services, mySvc] } : recordedNode,
  podIps: ["<podIP>"],
  mounts: RESOLVED[name] ?? [],
  objects: objectsOfRecording(name),
  runtimeHandler: name === "p38-runtimeclass" ? "test-handler" : "",
});
