import { posix } from "node:path";
import { SecurityProfile_ProfileType as ProfileType } from "@nk/cri-api";
import type { SecurityProfile } from "@nk/cri-api";
import type { AppArmorProfile, Container, Pod, SeccompProfile } from "@nk/pod-model";
import type { NodeFacts } from "./node-facts.ts";
import { rejectConfig } from "./reject.ts";

/** A profile in both of CRI's spellings. */
export interface AppArmorSetting {
  readonly profile: SecurityProfile | undefined;
  /** The deprecated field; empty when the pod states nothing. */
  readonly deprecated: string;
}

const APP_ARMOR_ANNOTATION = "container.apparmor.security.beta.kubernetes.io/";

const plain = (profileType: SecurityProfile["profileType"]): SecurityProfile => ({ profileType, localhostRef: "" });

const convertSeccomp = (profile: SeccompProfile, profileRoot: string): SecurityProfile => {
  switch (profile.type) {
    case "RuntimeDefault":
      return plain(ProfileType.RuntimeDefault);
    case "Localhost": {
      const { localhostProfile = "" } = profile;
      if (localhostProfile === "") throw rejectConfig("localhostProfile must be set if seccompProfile type is Localhost.");
      return { profileType: ProfileType.Localhost, localhostRef: posix.join(profileRoot, localhostProfile) };
    }
    default:
      return plain(ProfileType.Unconfined);
  }
};

/** The container's seccomp profile, else the pod's, else the node's default. */
export const computeSeccomp = (
  pod: Pod,
  container: Container,
  node: Pick<NodeFacts, "kubeletRootDir" | "seccompDefault">,
): SecurityProfile => {
  const stated = container.securityContext?.seccompProfile ?? pod.spec?.securityContext?.seccompProfile;
  if (stated !== undefined) return convertSeccomp(stated, posix.join(node.kubeletRootDir, "seccomp"));
  return plain(node.seccompDefault ? ProfileType.RuntimeDefault : ProfileType.Unconfined);
};

const appArmorFromAnnotation = (value: string | undefined): AppArmorProfile | undefined => {
  if (value === undefined) return undefined;
  if (value.startsWith("localhost/")) return { type: "Localhost", localhostProfile: value.slice("localhost/".length) };
  if (value === "runtime/default") return { type: "RuntimeDefault" };
  return value === "unconfined" ? { type: "Unconfined" } : undefined;
};

/** The container's AppArmor profile: its field, else the annotation (static pods), else the pod's field, else nothing. */
export const computeAppArmor = (pod: Pod, container: Container): AppArmorSetting => {
  const stated =
    container.securityContext?.appArmorProfile ??
    appArmorFromAnnotation(pod.metadata?.annotations?.[`${APP_ARMOR_ANNOTATION}${container.name}`]) ??
    pod.spec?.securityContext?.appArmorProfile;
  switch (stated?.type) {
    case undefined:
      return { profile: undefined, deprecated: "" };
    case "RuntimeDefault":
      return { profile: plain(ProfileType.RuntimeDefault), deprecated: "runtime/default" };
    case "Localhost": {
      const { localhostProfile = "" } = stated;
      if (localhostProfile === "") throw rejectConfig("missing localhost apparmor profile name");
      return {
        profile: { profileType: ProfileType.Localhost, localhostRef: localhostProfile },
        deprecated: `localhost/${localhostProfile}`,
      };
    }
    case "Unconfined":
      return { profile: plain(ProfileType.Unconfined), deprecated: "unconfined" };
    default:
      throw rejectConfig(`unknown apparmor profile type: ${JSON.stringify(stated?.type)}`);
  }
};
