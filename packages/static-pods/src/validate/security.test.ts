import { applyPodDefaults } from "@nk/pod-model";
import type { Pod } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { createField } from "../field.ts";
import { validatePod } from "./pod.ts";

const container = { name: "c", image: "i" };
const ANNOTATION = "container.apparmor.security.beta.kubernetes.io/";

const podOf = (spec: object, annotations: { readonly [key: string]: string } = {}): Pod => ({
  metadata: { name: "p", namespace: "default", uid: "u", annotations },
  spec: { containers: [container], ...spec },
});
const inContainer = (fields: object, spec: object = {}): Pod =>
  podOf({
    volumes: [
      { name: "v", emptyDir: {} },
      { name: "h", hostPath: { path: "/x" } },
    ],
    ...spec,
    containers: [{ ...container, ...fields }],
  });
const inPodContext = (securityContext: object): Pod => podOf({ securityContext });
const withMount = (mount: object): Pod => inContainer({ volumeMounts: [{ name: "v", mountPath: "/v", ...mount }] });
const withFileKey = (ref: object): Pod =>
  inContainer({ env: [{ name: "A", valueFrom: { fileKeyRef: { volumeName: "v", path: "a.env", key: "A", ...ref } } }] });

const problemsOf = (written: Pod): readonly string[] => {
  const messages: string[] = [];
  validatePod(
    written,
    applyPodDefaults(written),
    createField(({ field, message }) => messages.push(`${field}: ${message}`)),
  );
  return messages;
};

const CONTEXT = "spec.securityContext";
const OWN_CONTEXT = "spec.containers[0].securityContext";
const MOUNT = "spec.containers[0].volumeMounts[0]";
const FILE_KEY = "spec.containers[0].env[0].valueFrom.fileKeyRef";

describe("validatePod", () => {
  it("accepts what a pod may ask of the kernel", () => {
    const pod = inContainer(
      {
        securityContext: { procMount: "Unmasked", appArmorProfile: { type: "Localhost", localhostProfile: "mine" } },
        volumeMounts: [
          { name: "v", mountPath: "/v", subPath: "a/b", readOnly: true, recursiveReadOnly: "Enabled", mountPropagation: "None" },
          { name: "i", mountPath: "/i", subPathExpr: "$(A)" },
        ],
        env: [{ name: "A", valueFrom: { fileKeyRef: { volumeName: "v", path: "a/b.env", key: "a-b.c" } } }],
      },
      {
        hostUsers: false,
        hostnameOverride: "a.example",
        runtimeClassName: "kata",
        volumes: [
          { name: "v", emptyDir: { medium: "Memory", sizeLimit: "1Gi" } },
          { name: "i", image: { reference: "r", pullPolicy: "Never" } },
        ],
        securityContext: {
          sysctls: [
            { name: "net/ipv4/tcp_syncookies", value: "1" },
            { name: "kernel.shm_rmid_forced", value: "0" },
          ],
          appArmorProfile: { type: "RuntimeDefault" },
          supplementalGroupsPolicy: "Strict",
          seLinuxChangePolicy: "MountOption",
        },
      },
    );
    expect(problemsOf(pod)).toEqual([]);
    expect(problemsOf(podOf({}, { [`${ANNOTATION}c`]: "localhost/x", other: "y" }))).toEqual([]);
    expect(
      problemsOf(podOf({ securityContext: { appArmorProfile: { type: "Unconfined" } } }, { [`${ANNOTATION}c`]: "unconfined" })),
    ).toEqual([]);
  });

  it.each<readonly [string, Pod, string]>([
    ["no sysctl", inPodContext({ sysctls: [{ name: "", value: "1" }] }), `${CONTEXT}.sysctls[0].name: Required value`],
    [
      "what is none",
      inPodContext({ sysctls: [{ name: "Kernel.x", value: "1" }] }),
      `${CONTEXT}.sysctls[0].name: Invalid value: "Kernel.x": must have at most 253 characters and match regex ^(`,
    ],
    [
      "one twice",
      inPodContext({ sysctls: ["a.b", "a.b"].map((name) => ({ name, value: "1" })) }),
      `${CONTEXT}.sysctls[1].name: Duplicate value: "a.b"`,
    ],
    [
      "a groups policy",
      inPodContext({ supplementalGroupsPolicy: "Lax" }),
      `${CONTEXT}.supplementalGroupsPolicy: Unsupported value: "Lax": supported values: "Merge", "Strict"`,
    ],
    ["a label policy", inPodContext({ seLinuxChangePolicy: "x" }), `${CONTEXT}.seLinuxChangePolicy: Unsupported value: "x"`],
    ["no kind of profile", inPodContext({ appArmorProfile: { type: "" } }), `${CONTEXT}.appArmorProfile.type: Required value`],
    ["a kind of profile", inPodContext({ appArmorProfile: { type: "x" } }), `${CONTEXT}.appArmorProfile.type: Unsupported value: "x"`],
    [
      "no name of a profile",
      inPodContext({ appArmorProfile: { type: "Localhost" } }),
      `${CONTEXT}.appArmorProfile.localhostProfile: Required value: must be set when AppArmor type is Localhost`,
    ],
    [
      "a blank in one",
      inPodContext({ appArmorProfile: { type: "Localhost", localhostProfile: " x" } }),
      `${CONTEXT}.appArmorProfile.localhostProfile: Invalid value: " x": must not be padded with whitespace`,
    ],
    [
      "a long one",
      inPodContext({ appArmorProfile: { type: "Localhost", localhostProfile: "x".repeat(4096) } }),
      `${CONTEXT}.appArmorProfile.localhostProfile: Too long: may not be more than 4095 bytes`,
    ],
    [
      "one too many",
      inContainer({ securityContext: { appArmorProfile: { type: "Unconfined", localhostProfile: "x" } } }),
      `${OWN_CONTEXT}.appArmorProfile.localhostProfile: Invalid value: "x": can only be set when AppArmor type is Localhost`,
    ],
    [
      "an annotation of nobody",
      podOf({}, { [`${ANNOTATION}x`]: "unconfined" }),
      `metadata.annotations[${ANNOTATION}x]: Invalid value: "x": container not found`,
    ],
    [
      "an annotation that is no profile",
      podOf({}, { [`${ANNOTATION}c`]: "mine" }),
      `metadata.annotations[${ANNOTATION}c]: Invalid value: "mine": invalid AppArmor profile name: "mine"`,
    ],
    [
      "an annotation and a field",
      podOf({ securityContext: { appArmorProfile: { type: "RuntimeDefault" } } }, { [`${ANNOTATION}c`]: "unconfined" }),
      `${OWN_CONTEXT}.appArmorProfile.type: Forbidden: apparmor type in annotation and field must match`,
    ],
    [
      "two names",
      podOf({ securityContext: { appArmorProfile: { type: "Localhost", localhostProfile: "a" } } }, { [`${ANNOTATION}c`]: "localhost/b" }),
      `${OWN_CONTEXT}.appArmorProfile.localhostProfile: Forbidden: apparmor profile in annotation and field must match`,
    ],
    ["a proc mount", inContainer({ securityContext: { procMount: "x" } }), `${OWN_CONTEXT}.procMount: Unsupported value: "x"`],
    [
      "a bare /proc of the host's users",
      inContainer({ securityContext: { procMount: "Unmasked" } }),
      `${OWN_CONTEXT}.procMount: Invalid value: "Unmasked": \`hostUsers\` must be false to use \`Unmasked\``,
    ],
    [
      "users apart and the host's network",
      podOf({ hostUsers: false, hostNetwork: true }),
      "spec.hostNetwork: Forbidden: when `hostUsers` is false",
    ],
    [
      "users apart and the host's processes",
      podOf({ hostUsers: false, hostPID: true }),
      "spec.hostPID: Forbidden: when `hostUsers` is false",
    ],
    ["users apart and the host's IPC", podOf({ hostUsers: false, hostIPC: true }), "spec.hostIPC: Forbidden: when `hostUsers` is false"],
    ["a runtime class", podOf({ runtimeClassName: "A" }), 'spec.runtimeClassName: Invalid value: "A": a lowercase RFC 1123 subdomain'],
    ["a host name", podOf({ hostnameOverride: "a..b" }), 'spec.hostnameOverride: Invalid value: "a..b"'],
    ["a long host name", podOf({ hostnameOverride: "a".repeat(65) }), "spec.hostnameOverride: Too long: may not be more than 64 bytes"],
    [
      "two host names",
      podOf({ hostnameOverride: "a", setHostnameAsFQDN: true }),
      "spec.hostnameOverride: Forbidden: may not be specified when setHostnameAsFQDN is true",
    ],
    [
      "a host name on the host's network",
      podOf({ hostnameOverride: "a", hostNetwork: true }),
      "spec.hostnameOverride: Forbidden: may not be specified when hostNetwork is true",
    ],
    ["an absolute sub-path", withMount({ subPath: "/a" }), `${MOUNT}.subPath: Invalid value: "/a": must be a relative path`],
    [
      "a sub-path that leads out",
      withMount({ subPath: "a/../../b" }),
      `${MOUNT}.subPath: Invalid value: "a/../../b": must not contain '..'`,
    ],
    [
      "two sub-paths",
      withMount({ subPath: "a", subPathExpr: "b" }),
      `${MOUNT}.subPathExpr: Invalid value: "b": subPathExpr and subPath are mutually exclusive`,
    ],
    ["a mode of read-only", withMount({ readOnly: true, recursiveReadOnly: "x" }), `${MOUNT}.recursiveReadOnly: Unsupported value: "x"`],
    [
      "a mode without read-only",
      withMount({ recursiveReadOnly: "Enabled" }),
      `${MOUNT}.recursiveReadOnly: Forbidden: may only be specified when readOnly is true`,
    ],
    [
      "a mode with propagation",
      withMount({ readOnly: true, recursiveReadOnly: "IfPossible", mountPropagation: "HostToContainer" }),
      `${MOUNT}.recursiveReadOnly: Forbidden: may only be specified when mountPropagation is None or not specified`,
    ],
    ["no key", withFileKey({ key: "" }), `${FILE_KEY}.key: Required value`],
    ["a key that is none", withFileKey({ key: "a=b" }), `${FILE_KEY}.key: Invalid value: "a=b"`],
    ["no volume", withFileKey({ volumeName: "" }), `${FILE_KEY}.volumeName: Required value`],
    ["a volume that is none", withFileKey({ volumeName: "A" }), `${FILE_KEY}.volumeName: Invalid value: "A"`],
    ["a volume that is not there", withFileKey({ volumeName: "gone" }), `${FILE_KEY}.volumeName: Not found: "gone"`],
    [
      "a volume of another kind",
      withFileKey({ volumeName: "h" }),
      `${FILE_KEY}.volumeName: Invalid value: "h": referenced volume must be of type emptyDir`,
    ],
    ["no file", withFileKey({ path: "" }), `${FILE_KEY}.path: Required value`],
    ["a file outside", withFileKey({ path: "../x" }), `${FILE_KEY}.path: Invalid value: "../x": must not contain '..'`],
    ["no image", podOf({ volumes: [{ name: "v", image: {} }] }), "spec.volumes[0].image.reference: Required value"],
    [
      "a pull policy",
      podOf({ volumes: [{ name: "v", image: { reference: "r", pullPolicy: "x" } }] }),
      'spec.volumes[0].image.pullPolicy: Unsupported value: "x"',
    ],
    [
      "a size",
      podOf({ volumes: [{ name: "v", emptyDir: { sizeLimit: "-1" } }] }),
      'spec.volumes[0].emptyDir.sizeLimit: Invalid value: "-1": must be greater than or equal to 0',
    ],
  ])("refuses %s", (_what, pod, expected) => {
    const problems = problemsOf(pod);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems[0]).toContain(expected);
  });
});
