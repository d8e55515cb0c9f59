import { NamespaceMode, SecurityProfile_ProfileType as ProfileType } from "@nk/cri-api";
import type { Container, Pod, PodSecurityContext, PodSpec, SecurityContext } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { computeNamespaceOptions } from "./namespaces.ts";
import { findRootUserProblem } from "./run-as-non-root.ts";
import { computeContainerSecurity, computeSandboxSecurity, MASKED_PATHS, READONLY_PATHS } from "./security-context.ts";
import type { ContainerSecurityInput } from "./security-context.ts";

const node = {
  kubeletRootDir: "/var/lib/kubelet",
  seccompDefault: false,
  maskedThermalPaths: ["/sys/devices/system/cpu/cpu0/thermal_throttle"],
};
const podWith = (securityContext: PodSecurityContext | undefined, spec: Partial<PodSpec> = {}): Pod => ({
  metadata: { name: "web", namespace: "ns", uid: "u-1" },
  spec: { containers: [], ...spec, ...(securityContext !== undefined && { securityContext }) },
});
const containerWith = (securityContext: SecurityContext): Container => ({ name: "main", securityContext });
const secure = (
  podContext: PodSecurityContext,
  own: SecurityContext,
  rest: Partial<ContainerSecurityInput> = {},
): ReturnType<typeof computeContainerSecurity> =>
  computeContainerSecurity({ pod: podWith(podContext), container: containerWith(own), imageUser: {}, node, ...rest });

describe("container security context", () => {
  it.each<[string, PodSecurityContext, SecurityContext, Partial<ContainerSecurityInput>, object]>([
    ["the image's user id", {}, {}, { imageUser: { uid: 7n } }, { runAsUser: { value: 7n }, runAsUsername: "" }],
    ["the image's user name", {}, {}, { imageUser: { username: "web" } }, { runAsUser: undefined, runAsUsername: "web" }],
    ["root when the image names nobody", {}, {}, {}, { runAsUser: { value: 0n }, runAsGroup: undefined }],
    [
      "the pod's user and group",
      { runAsUser: 1, runAsGroup: 2 },
      {},
      { imageUser: { username: "web" } },
      { runAsUser: { value: 1n }, runAsGroup: { value: 2n }, runAsUsername: "" },
    ],
    ["its own user before the pod's", { runAsUser: 1 }, { runAsUser: 0 }, {}, { runAsUser: { value: 0n } }],
    [
      "groups of filesystem, pod and volumes",
      { fsGroup: 1, supplementalGroups: [2], supplementalGroupsPolicy: "Strict" },
      {},
      { volumeGroups: [3] },
      { supplementalGroups: [1n, 2n, 3n], supplementalGroupsPolicy: 1 },
    ],
    [
      "its own SELinux label before the pod's",
      { seLinuxOptions: { level: "s0" } },
      { seLinuxOptions: { type: "t" } },
      {},
      { selinuxOptions: { user: "", role: "", type: "t", level: "" } },
    ],
    ["no new privileges when escalation is forbidden", {}, { allowPrivilegeEscalation: false }, {}, { noNewPrivs: true }],
    [
      "masked paths with those of the host's CPUs",
      {},
      {},
      {},
      { maskedPaths: [...MASKED_PATHS, ...node.maskedThermalPaths], readonlyPaths: READONLY_PATHS },
    ],
    ["nothing masked when asked", {}, { procMount: "Unmasked" }, {}, { maskedPaths: [], readonlyPaths: [] }],
    [
      "capabilities as they are",
      {},
      { capabilities: { add: ["SYS_TIME"] } },
      {},
      { capabilities: { addCapabilities: ["SYS_TIME"], dropCapabilities: [], addAmbientCapabilities: [] } },
    ],
  ])("has %s", (_what, podContext, own, rest, expected) => {
    expect(secure(podContext, own, rest)).toMatchObject(expected);
  });

  it.each<[string, PodSecurityContext, SecurityContext, boolean, object]>([
    ["unconfined by default", {}, {}, false, { profileType: ProfileType.Unconfined, localhostRef: "" }],
    ["the runtime's by the node's default", {}, {}, true, { profileType: ProfileType.RuntimeDefault, localhostRef: "" }],
    ["the pod's", { seccompProfile: { type: "RuntimeDefault" } }, {}, false, { profileType: ProfileType.RuntimeDefault, localhostRef: "" }],
    [
      "its own before the pod's",
      { seccompProfile: { type: "RuntimeDefault" } },
      { seccompProfile: { type: "Unconfined" } },
      true,
      { profileType: ProfileType.Unconfined, localhostRef: "" },
    ],
    [
      "a file of the node",
      {},
      { seccompProfile: { type: "Localhost", localhostProfile: "a/b.json" } },
      false,
      { profileType: ProfileType.Localhost, localhostRef: "/var/lib/kubelet/seccomp/a/b.json" },
    ],
  ])("has the seccomp profile: %s", (_what, podContext, own, seccompDefault, expected) => {
    expect(secure(podContext, own, { node: { ...node, seccompDefault } }).seccomp).toEqual(expected);
  });

  it.each<[string, Pod, SecurityContext, object]>([
    ["none", podWith({}), {}, { apparmor: undefined, apparmorProfile: "" }],
    [
      "the pod's",
      podWith({ appArmorProfile: { type: "RuntimeDefault" } }),
      {},
      { apparmor: { profileType: ProfileType.RuntimeDefault, localhostRef: "" }, apparmorProfile: "runtime/default" },
    ],
    [
      "its own before the pod's",
      podWith({ appArmorProfile: { type: "RuntimeDefault" } }),
      { appArmorProfile: { type: "Localhost", localhostProfile: "p" } },
      { apparmor: { profileType: ProfileType.Localhost, localhostRef: "p" }, apparmorProfile: "localhost/p" },
    ],
    [
      "the annotation's",
      { metadata: { annotations: { "container.apparmor.security.beta.kubernetes.io/main": "unconfined" } }, spec: { containers: [] } },
      {},
      { apparmor: { profileType: ProfileType.Unconfined, localhostRef: "" }, apparmorProfile: "unconfined" },
    ],
  ])("has the AppArmor profile: %s", (_what, pod, own, expected) => {
    expect(computeContainerSecurity({ pod, container: containerWith(own), imageUser: {}, node })).toMatchObject(expected);
  });

  it("refuses a local profile without a name", () => {
    expect(() => secure({}, { seccompProfile: { type: "Localhost" } })).toThrow(
      "localhostProfile must be set if seccompProfile type is Localhost.",
    );
    expect(() => secure({}, { appArmorProfile: { type: "Localhost" } })).toThrow("missing localhost apparmor profile name");
  });

  it("refuses kinds that it does not know where the lax one would be the other answer", () => {
    expect(() => secure({}, { appArmorProfile: { type: "Strict" } })).toThrow('unknown apparmor profile type: "Strict"');
    expect(() => secure({ supplementalGroupsPolicy: "Lax" }, {})).toThrow("unsupported supplementalGroupsPolicy: Lax");
    expect(() => computeSandboxSecurity(podWith({ supplementalGroupsPolicy: "Lax" }))).toThrow("unsupported supplementalGroupsPolicy: Lax");
  });
});

describe("sandbox security context", () => {
  it("is privileged when any container is", () => {
    const privileged = { name: "p", securityContext: { privileged: true } };
    expect(computeSandboxSecurity(podWith({}, { initContainers: [privileged] })).privileged).toBe(true);
    expect(computeSandboxSecurity(podWith({}, { ephemeralContainers: [privileged] })).privileged).toBe(true);
    expect(computeSandboxSecurity(podWith({})).privileged).toBe(false);
  });

  it("has the pod's user and the groups of filesystem, volumes and pod", () => {
    const context = { runAsUser: 1, runAsGroup: 2, fsGroup: 3, supplementalGroups: [5], seLinuxOptions: { role: "r" } };
    expect(computeSandboxSecurity(podWith(context), { volumeGroups: [4] })).toMatchObject({
      runAsUser: { value: 1n },
      runAsGroup: { value: 2n },
      supplementalGroups: [3n, 4n, 5n],
      selinuxOptions: { user: "", role: "r", type: "", level: "" },
    });
  });

  it("leaves the namespaces to the runtime for a pod that was not defaulted", () => {
    expect(computeSandboxSecurity(podWith(undefined)).namespaceOptions).toBeUndefined();
  });
});

describe("namespaces", () => {
  const { POD, CONTAINER, NODE, TARGET } = NamespaceMode;

  it.each<[string, Partial<PodSpec>, string | undefined, object]>([
    ["its own", {}, undefined, { network: POD, ipc: POD, pid: CONTAINER, targetId: "" }],
    ["the host's", { hostNetwork: true, hostIPC: true, hostPID: true }, undefined, { network: NODE, ipc: NODE, pid: NODE }],
    ["one for all processes", { shareProcessNamespace: true }, undefined, { pid: POD }],
    ["the target's", {}, "abc", { pid: TARGET, targetId: "abc" }],
    ["the shared one before the target's", { shareProcessNamespace: true }, "abc", { pid: POD, targetId: "" }],
  ])("are %s", (_what, spec, targetContainerId, expected) => {
    expect(computeNamespaceOptions(podWith({}, spec), { targetContainerId })).toMatchObject(expected);
  });

  it("map users of a pod with a user namespace", () => {
    const ids = [{ hostId: 65_536, containerId: 0, length: 65_536 }];
    expect(computeNamespaceOptions(podWith({}), { userNamespace: { uids: ids, gids: ids } }).usernsOptions).toEqual({
      mode: POD,
      uids: ids,
      gids: ids,
    });
  });
});

describe("runAsNonRoot", () => {
  const where = '(pod: "web_ns(u-1)", container: main)';

  it.each<[string, PodSecurityContext, SecurityContext, { uid?: bigint; username?: string }, string | undefined]>([
    ["is not asked for", {}, {}, { uid: 0n }, undefined],
    ["is taken back by the container", { runAsNonRoot: true }, { runAsNonRoot: false }, { uid: 0n }, undefined],
    ["has a user", { runAsNonRoot: true, runAsUser: 5 }, {}, { uid: 0n }, undefined],
    [
      "has root as its user",
      { runAsNonRoot: true, runAsUser: 5 },
      { runAsUser: 0 },
      { uid: 9n },
      `container's runAsUser breaks non-root policy ${where}`,
    ],
    ["has an image with a user", {}, { runAsNonRoot: true }, { uid: 9n }, undefined],
    ["has an image with root", {}, { runAsNonRoot: true }, { uid: 0n }, `container has runAsNonRoot and image will run as root ${where}`],
    ["has an image with nobody", {}, { runAsNonRoot: true }, {}, `container has runAsNonRoot and image will run as root ${where}`],
    [
      "has an image with a name",
      {},
      { runAsNonRoot: true },
      { username: "web" },
      `container has runAsNonRoot and image has non-numeric user (web), cannot verify user is non-root ${where}`,
    ],
    [
      "has an image with an impossible id",
      {},
      { runAsNonRoot: true },
      { uid: -1n },
      `container has runAsNonRoot and image has an invalid user id (-1). (Must be 1-(2147483647)): must be between 0 and 2147483647, inclusive ${where}`,
    ],
  ])("of a container that %s", (_what, podContext, own, imageUser, problem) => {
    expect(findRootUserProblem(podWith(podContext), containerWith(own), imageUser)).toBe(problem);
  });
});
