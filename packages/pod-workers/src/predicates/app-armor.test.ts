import type { AppArmorProfile, Pod } from "@nk/pod-model";
import { describe, expect, it } from "vitest";
import { findAppArmorProblem } from "./app-armor.ts";
import { computeNodeAdmission } from "./node-admission.ts";

const ANNOTATION = "container.apparmor.security.beta.kubernetes.io/main";

interface Asked {
  readonly pod?: AppArmorProfile;
  readonly container?: AppArmorProfile;
  readonly init?: AppArmorProfile;
  readonly annotation?: string;
  readonly phase?: string;
}

const podOf = ({ pod, container, init, annotation, phase }: Asked): Pod => ({
  metadata: { name: "p", namespace: "default", uid: "u", annotations: annotation === undefined ? {} : { [ANNOTATION]: annotation } },
  spec: {
    ...(pod === undefined ? {} : { securityContext: { appArmorProfile: pod } }),
    ...(init === undefined ? {} : { initContainers: [{ name: "init", securityContext: { appArmorProfile: init } }] }),
    containers: [{ name: "main", ...(container === undefined ? {} : { securityContext: { appArmorProfile: container } }) }],
  },
  ...(phase === undefined ? {} : { status: { phase } }),
});

const NOT_ENABLED = "Cannot enforce AppArmor: AppArmor is not enabled on the host";
const EMPTY_NAME = 'Cannot enforce AppArmor: invalid empty AppArmor profile name: ""';

describe("findAppArmorProblem", () => {
  it.each<[string, Asked]>([
    ["asks for nothing", {}],
    ["asks to be unconfined", { pod: { type: "Unconfined" }, container: { type: "Unconfined" }, annotation: "unconfined" }],
    ["runs already", { container: { type: "RuntimeDefault" }, phase: "Running" }],
    ["has ended", { container: { type: "RuntimeDefault" }, phase: "Failed" }],
  ])("lets a pod that %s onto a host without AppArmor", (_name, asked) => {
    expect(findAppArmorProblem(podOf(asked), false)).toBeUndefined();
  });

  it.each<[string, Asked]>([
    ["the pod", { pod: { type: "RuntimeDefault" } }],
    ["a container", { container: { type: "RuntimeDefault" }, phase: "Pending" }],
    ["an init container", { init: { type: "Localhost", localhostProfile: "mine" } }],
    ["the older annotation", { annotation: "runtime/default" }],
    ["an annotation that is no profile", { annotation: "nonsense" }],
  ])("tells of a host without AppArmor where %s asks for a profile", (_name, asked) => {
    expect(findAppArmorProblem(podOf(asked), false)).toBe(NOT_ENABLED);
    expect(findAppArmorProblem(podOf(asked), true)).toBeUndefined();
  });

  it.each<[string, Asked]>([
    ["a container", { container: { type: "Localhost", localhostProfile: " " } }],
    ["the pod", { pod: { type: "Localhost" } }],
    ["an annotation", { annotation: "localhost/" }],
  ])("tells of a profile of %s that has no name", (_name, asked) => {
    expect(findAppArmorProblem(podOf(asked), true)).toBe(EMPTY_NAME);
  });

  it("is the last word of the node's admission", () => {
    const node = { metadata: { name: "n" }, status: { allocatable: { cpu: "1", pods: "1" } } };
    const pod = podOf({ container: { type: "RuntimeDefault" } });
    const judge = (more: object) => computeNodeAdmission({ pod, others: [], node, allowedUnsafeSysctls: [], ...more });
    expect(judge({})).toEqual({ admit: false, reason: "AppArmor", message: NOT_ENABLED });
    expect(judge({ isAppArmorEnabled: true })).toEqual({ admit: true });
    expect(judge({ others: [pod] })).toMatchObject({ reason: "OutOfpods" });
  });
});
