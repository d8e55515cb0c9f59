import type { Pod } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { problemsOf } from "../../test/problems-of.ts";

const container = { name: "c", image: "i" };
const withSpec = (spec: object): Pod => ({ metadata: { name: "p" }, spec: { containers: [container], ...spec } });
const withContainer = (fields: object): Pod => withSpec({ containers: [{ ...container, ...fields }] });
const withMeta = (metadata: object): Pod => ({ metadata: { name: "p", ...metadata }, spec: { containers: [container] } });

describe("validatePod", () => {
  it("accepts a pod that uses all that is supported", () => {
    const probe = { httpGet: { port: "web", scheme: "HTTPS", httpHeaders: [{ name: "X-A", value: "" }] }, periodSeconds: 1 };
    expect(
      problemsOf({
        metadata: {
          name: "p",
          namespace: "kube-system",
          labels: { "app.kubernetes.io/name": "x", a: "" },
          annotations: { "x.y/Z": "any\ntext" },
        },
        spec: {
          hostNetwork: true,
          dnsPolicy: "None",
          dnsConfig: { nameservers: ["1.1.1.1", "::1"], searches: ["a.b", "_x.y.", "."], options: [{ name: "ndots", value: "2" }] },
          hostAliases: [{ ip: "10.0.0.1", hostnames: ["a.b"] }],
          hostname: "h",
          subdomain: "s",
          activeDeadlineSeconds: 2 ** 31 - 1,
          os: { name: "linux" },
          tolerations: [{ operator: "Exists" }, { key: "a/b", value: "c", effect: "NoExecute", tolerationSeconds: 3 }],
          securityContext: {
            runAsUser: 0,
            fsGroup: 1,
            supplementalGroups: [2],
            seccompProfile: { type: "Localhost", localhostProfile: "a/b.json" },
          },
          volumes: [{ name: "e" }, { name: "h", hostPath: { path: "/x", type: "Directory" } }],
          initContainers: [
            { name: "i", image: "i" },
            { name: "s", image: "i", restartPolicy: "Always", startupProbe: { exec: { command: ["x"] } }, ports: [{ containerPort: 81 }] },
          ],
          containers: [
            {
              ...container,
              ports: [
                { containerPort: 80, name: "web", hostIP: "127.0.0.1" },
                { containerPort: 80, protocol: "UDP" },
              ],
              env: [
                { name: "A.B-C", value: "$(X)" },
                { name: "L", valueFrom: { fieldRef: { fieldPath: "metadata.labels['a.b/c']" } } },
                { name: "R", valueFrom: { resourceFieldRef: { resource: "limits.cpu", divisor: "1m" } } },
              ],
              resources: { requests: { cpu: "1" }, limits: { cpu: "1", memory: "1Gi" } },
              volumeMounts: [
                { name: "h", mountPath: "/h", mountPropagation: "Bidirectional" },
                { name: "e", mountPath: "/e" },
              ],
              securityContext: { privileged: true, capabilities: { add: ["NET_ADMIN"] } },
              livenessProbe: probe,
              readinessProbe: { ...probe, successThreshold: 3 },
              lifecycle: { preStop: { sleep: { seconds: 30 } }, postStart: { exec: { command: ["x"] } } },
            },
          ],
        },
      }),
    ).toEqual([]);
  });

  it.each<readonly [string, Pod, string]>([
    ["a name in upper case", withMeta({ name: "P" }), 'metadata.name: Invalid value: "P-n": a lowercase RFC 1123 subdomain'],
    ["a namespace with a dot", withMeta({ namespace: "a.b" }), 'metadata.namespace: Invalid value: "a.b": a lowercase RFC 1123 label'],
    ["a label that is too long", withMeta({ labels: { a: "x".repeat(64) } }), "metadata.labels.a: Invalid value"],
    ["a label key without a name", withMeta({ labels: { "a.b/": "" } }), "metadata.labels[a.b/]: Invalid value"],
    ["an annotation key with a blank", withMeta({ annotations: { "a b": "" } }), "metadata.annotations[a b]: Invalid value"],
    ["huge annotations", withMeta({ annotations: { a: "x".repeat(300_000) } }), "metadata.annotations: Too long"],
    [
      "a mirror",
      withMeta({ annotations: { "kubernetes.io/config.mirror": "x" } }),
      "metadata.annotations[kubernetes.io/config.mirror]: Forbidden",
    ],
    ["a deleted pod", withMeta({ deletionTimestamp: "2026-01-01T00:00:00Z" }), "metadata.deletionTimestamp: Forbidden"],
    ["no containers", withSpec({ containers: [] }), "spec.containers: Required value"],
    ["a container without a name", withContainer({ name: "" }), "spec.containers[0].name: Required value"],
    ["a container with a bad name", withContainer({ name: "a_b" }), 'spec.containers[0].name: Invalid value: "a_b"'],
    ["two containers of one name", withSpec({ initContainers: [container] }), 'spec.initContainers[0].name: Duplicate value: "c"'],
    [
      "an image with a blank",
      withContainer({ image: " i" }),
      'spec.containers[0].image: Invalid value: " i": must not have leading or trailing whitespace',
    ],
    [
      "a pull policy",
      withContainer({ imagePullPolicy: "Sometimes" }),
      'spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"',
    ],
    [
      "a message policy",
      withContainer({ terminationMessagePolicy: "x" }),
      "spec.containers[0].terminationMessagePolicy: Unsupported value",
    ],
    [
      "a probe of an init container that restarts on failure",
      withSpec({ initContainers: [{ ...container, name: "i", restartPolicy: "OnFailure", startupProbe: { exec: { command: ["x"] } } }] }),
      "spec.initContainers[0].startupProbe: Forbidden: may not be set for init containers without restartPolicy=Always",
    ],
    [
      "a probe of an init container",
      withSpec({ initContainers: [{ ...container, name: "i", livenessProbe: { exec: { command: ["x"] } } }] }),
      "spec.initContainers[0].livenessProbe: Forbidden",
    ],
    ["no port number", withContainer({ ports: [{ containerPort: 0 }] }), "spec.containers[0].ports[0].containerPort: Required value"],
    [
      "a port out of range",
      withContainer({ ports: [{ containerPort: 70_000 }] }),
      "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
    ],
    [
      "a protocol",
      withContainer({ ports: [{ containerPort: 1, protocol: "tcp" }] }),
      'spec.containers[0].ports[0].protocol: Unsupported value: "tcp"',
    ],
    ["a host IP", withContainer({ ports: [{ containerPort: 1, hostIP: "x" }] }), "spec.containers[0].ports[0].hostIP: Invalid value"],
    [
      "a port name that is too long",
      withContainer({ ports: [{ containerPort: 1, name: "a".repeat(16) }] }),
      "spec.containers[0].ports[0].name: Invalid value",
    ],
    [
      "a port name twice",
      withContainer({
        ports: [
          { containerPort: 1, name: "a" },
          { containerPort: 2, name: "a" },
        ],
      }),
      'spec.containers[0].ports[1].name: Duplicate value: "a"',
    ],
    [
      "a host port twice",
      withContainer({
        ports: [
          { containerPort: 1, hostPort: 5 },
          { containerPort: 2, hostPort: 5 },
        ],
      }),
      'spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//5"',
    ],
    [
      "a host port other than the port, on the host's network",
      withSpec({ hostNetwork: true, containers: [{ ...container, ports: [{ containerPort: 1, hostPort: 2 }] }] }),
      "spec.containers[0].ports[0].hostPort: Invalid value: 2: must match `containerPort`",
    ],
    ["a variable without a name", withContainer({ env: [{ name: "" }] }), "spec.containers[0].env[0].name: Required value"],
    ["a variable's name with =", withContainer({ env: [{ name: "a=b" }] }), 'spec.containers[0].env[0].name: Invalid value: "a=b"'],
    [
      "a variable with two values",
      withContainer({ env: [{ name: "a", value: "b", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } }] }),
      "spec.containers[0].env[0].valueFrom: Invalid value",
    ],
    [
      "a variable from nothing",
      withContainer({ env: [{ name: "a", valueFrom: {} }] }),
      "spec.containers[0].env[0].valueFrom: Invalid value",
    ],
    [
      "a quantity",
      withContainer({ resources: { limits: { cpu: "lots" } } }),
      'spec.containers[0].resources.limits.cpu: Invalid value: "lots"',
    ],
    [
      "less than nothing",
      withContainer({ resources: { limits: { cpu: "-1" } } }),
      'spec.containers[0].resources.limits.cpu: Invalid value: "-1": must be greater than or equal to 0',
    ],
    [
      "a request over its limit",
      withContainer({ resources: { requests: { cpu: "2" }, limits: { cpu: "1" } } }),
      'spec.containers[0].resources.requests.cpu: Invalid value: "2": must be less than or equal to cpu limit of 1',
    ],
    [
      "an unknown volume",
      withContainer({ volumeMounts: [{ name: "v", mountPath: "/v" }] }),
      'spec.containers[0].volumeMounts[0].name: Not found: "v"',
    ],
    [
      "a mount without a path",
      withSpec({ volumes: [{ name: "v" }], containers: [{ ...container, volumeMounts: [{ name: "v", mountPath: "" }] }] }),
      "spec.containers[0].volumeMounts[0].mountPath: Required value",
    ],
    [
      "a mount path twice",
      withSpec({
        volumes: [{ name: "v" }],
        containers: [
          {
            ...container,
            volumeMounts: [
              { name: "v", mountPath: "/v" },
              { name: "v", mountPath: "/v" },
            ],
          },
        ],
      }),
      'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/v": must be unique',
    ],
    [
      "propagation out of an unprivileged container",
      withSpec({
        volumes: [{ name: "v" }],
        containers: [{ ...container, volumeMounts: [{ name: "v", mountPath: "/v", mountPropagation: "Bidirectional" }] }],
      }),
      "spec.containers[0].volumeMounts[0].mountPropagation: Forbidden",
    ],
    ["a volume name twice", withSpec({ volumes: [{ name: "v" }, { name: "v" }] }), 'spec.volumes[1].name: Duplicate value: "v"'],
    [
      "two volumes in one",
      withSpec({ volumes: [{ name: "v", emptyDir: {}, hostPath: { path: "/" } }] }),
      "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type",
    ],
    [
      "a host path without a path",
      withSpec({ volumes: [{ name: "v", hostPath: { path: "" } }] }),
      "spec.volumes[0].hostPath.path: Required value",
    ],
    [
      "a host path with a backstep",
      withSpec({ volumes: [{ name: "v", hostPath: { path: "/a/../b" } }] }),
      "spec.volumes[0].hostPath.path: Invalid value: \"/a/../b\": must not contain '..'",
    ],
    [
      "a host path type",
      withSpec({ volumes: [{ name: "v", hostPath: { path: "/", type: "Dir" } }] }),
      'spec.volumes[0].hostPath.type: Unsupported value: "Dir"',
    ],
    [
      "a probe of nothing",
      withContainer({ livenessProbe: {} }),
      "spec.containers[0].livenessProbe: Required value: must specify a handler type",
    ],
    [
      "a probe of two things",
      withContainer({ livenessProbe: { exec: { command: ["x"] }, tcpSocket: { port: 1 } } }),
      "spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type",
    ],
    [
      "a negative delay",
      withContainer({ livenessProbe: { exec: { command: ["x"] }, initialDelaySeconds: -1 } }),
      "spec.containers[0].livenessProbe.initialDelaySeconds: Invalid value: -1",
    ],
    [
      "two successes for liveness",
      withContainer({ livenessProbe: { exec: { command: ["x"] }, successThreshold: 2 } }),
      "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1",
    ],
    [
      "a grace period of readiness",
      withContainer({ readinessProbe: { exec: { command: ["x"] }, terminationGracePeriodSeconds: 2 } }),
      "spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value",
    ],
    ["no command", withContainer({ startupProbe: { exec: {} } }), "spec.containers[0].startupProbe.exec.command: Required value"],
    [
      "a header name",
      withContainer({ startupProbe: { httpGet: { port: 1, httpHeaders: [{ name: "a b", value: "" }] } } }),
      "spec.containers[0].startupProbe.httpGet.httpHeaders[0].name: Invalid value",
    ],
    [
      "a scheme",
      withContainer({ startupProbe: { httpGet: { port: 1, scheme: "ftp" } } }),
      "spec.containers[0].startupProbe.httpGet.scheme: Unsupported value",
    ],
    [
      "a probe's port",
      withContainer({ startupProbe: { tcpSocket: { port: "A" } } }),
      "spec.containers[0].startupProbe.tcpSocket.port: Invalid value",
    ],
    [
      "a sleep beyond the grace period",
      withContainer({ lifecycle: { preStop: { sleep: { seconds: 31 } } } }),
      "spec.containers[0].lifecycle.preStop.sleep.seconds: Invalid value: 31",
    ],
    [
      "a restart policy",
      withSpec({ restartPolicy: "always" }),
      'spec.restartPolicy: Unsupported value: "always": supported values: "Always", "Never", "OnFailure"',
    ],
    ["a negative grace period", withSpec({ terminationGracePeriodSeconds: -1 }), "spec.terminationGracePeriodSeconds: Invalid value: -1"],
    [
      "a user out of range",
      withSpec({ securityContext: { runAsUser: 2 ** 31 } }),
      "spec.securityContext.runAsUser: Invalid value: 2147483648: must be between 0 and 2147483647, inclusive",
    ],
    [
      "a group out of range",
      withSpec({ securityContext: { supplementalGroups: [-1] } }),
      "spec.securityContext.supplementalGroups[0]: Invalid value: -1",
    ],
    [
      "a seccomp type",
      withSpec({ securityContext: { seccompProfile: { type: "x" } } }),
      "spec.securityContext.seccompProfile.type: Unsupported value",
    ],
    [
      "a seccomp profile missing",
      withContainer({ securityContext: { seccompProfile: { type: "Localhost" } } }),
      "spec.containers[0].securityContext.seccompProfile.localhostProfile: Required value",
    ],
    [
      "a seccomp profile out of place",
      withContainer({ securityContext: { seccompProfile: { type: "Localhost", localhostProfile: "/x" } } }),
      "spec.containers[0].securityContext.seccompProfile.localhostProfile: Invalid value",
    ],
    [
      "privileges and none",
      withContainer({ securityContext: { privileged: true, allowPrivilegeEscalation: false } }),
      "spec.containers[0].securityContext: Invalid value",
    ],
    [
      "host PIDs shared in the pod",
      withSpec({ hostPID: true, shareProcessNamespace: true }),
      "spec.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled",
    ],
    ["a DNS policy", withSpec({ dnsPolicy: "x" }), "spec.dnsPolicy: Unsupported value"],
    ["no name server", withSpec({ dnsPolicy: "None" }), "spec.dnsConfig: Required value: must provide at least one DNS nameserver"],
    [
      "four name servers",
      withSpec({ dnsConfig: { nameservers: ["1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4"] } }),
      "spec.dnsConfig.nameservers: Invalid value",
    ],
    ["a search domain", withSpec({ dnsConfig: { searches: ["A B"] } }), 'spec.dnsConfig.searches[0]: Invalid value: "A B"'],
    ["a host name with a dot", withSpec({ hostname: "a.b" }), 'spec.hostname: Invalid value: "a.b"'],
    ["an alias of no address", withSpec({ hostAliases: [{ ip: "x", hostnames: ["a"] }] }), 'spec.hostAliases[0].ip: Invalid value: "x"'],
    [
      "a toleration of all without Exists",
      withSpec({ tolerations: [{ operator: "Equal" }] }),
      "spec.tolerations[0].operator: Invalid value",
    ],
    [
      "a toleration's effect",
      withSpec({ tolerations: [{ operator: "Exists", effect: "x" }] }),
      "spec.tolerations[0].effect: Unsupported value",
    ],
    [
      "a deadline of now",
      withSpec({ activeDeadlineSeconds: 0 }),
      "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive",
    ],
    ["a deadline that never comes", withSpec({ activeDeadlineSeconds: 2 ** 31 }), "spec.activeDeadlineSeconds: Invalid value: 2147483648"],
    [
      "an operating system",
      withSpec({ os: { name: "plan9" } }),
      'spec.os: Unsupported value: "plan9": supported values: "linux", "windows"',
    ],
    ["an operating system without a name", withSpec({ os: { name: "" } }), "spec.os.name: Required value"],
    ["an overhead", withSpec({ overhead: { cpu: "x" } }), 'spec.overhead.cpu: Invalid value: "x"'],
  ])("refuses %s", (_what, pod, expected) => {
    const problems = problemsOf(pod);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems[0]).toContain(expected);
  });

  it("takes no time over names made to slow a pattern down", () => {
    const slow = `${"a-".repeat(200_000)}!`;
    expect(problemsOf(withMeta({ name: slow, labels: { [slow]: slow } })).length).toBeGreaterThan(1);
  });
});
