import { isAbsolute } from "node:path";
import type { PodSecurityContext, SeccompProfile, SecurityContext } from "@nk/pod-model";
import { forEachItem } from "../field.ts";
import type { Field } from "../field.ts";
import { checkId, checkNoBacksteps, checkOneOf } from "./rules.ts";

const checkSeccomp = (profile: SeccompProfile | undefined, field: Field): void => {
  if (profile === undefined) return;
  if (profile.type === "") field.at("type").required("type is required when seccompProfile is set");
  else checkOneOf(profile.type, field.at("type"), ["Localhost", "RuntimeDefault", "Unconfined"]);
  const place = field.at("localhostProfile");
  const path = profile.localhostProfile;
  if (profile.type !== "Localhost") {
    if (path !== undefined) place.invalid(path, "can only be set when seccomp type is Localhost");
  } else if (path === undefined || path === "") place.required("must be set when seccomp type is Localhost");
  else {
    if (isAbsolute(path)) place.invalid(path, "must be a relative path");
    checkNoBacksteps(path, place);
  }
};

/** The pod's security context. */
export const validatePodSecurity = (context: PodSecurityContext | undefined, field: Field): void => {
  checkId(context?.runAsUser, field.at("runAsUser"));
  checkId(context?.runAsGroup, field.at("runAsGroup"));
  checkId(context?.fsGroup, field.at("fsGroup"));
  forEachItem(context?.supplementalGroups, field.at("supplementalGroups"), checkId);
  checkOneOf(context?.fsGroupChangePolicy, field.at("fsGroupChangePolicy"), ["Always", "OnRootMismatch"]);
  checkSeccomp(context?.seccompProfile, field.at("seccompProfile"));
};

/** One container's security context. */
export const validateContainerSecurity = (context: SecurityContext | undefined, field: Field): void => {
  checkId(context?.runAsUser, field.at("runAsUser"));
  checkId(context?.runAsGroup, field.at("runAsGroup"));
  checkSeccomp(context?.seccompProfile, field.at("seccompProfile"));
  if (context?.allowPrivilegeEscalation !== false) return;
  if (context.privileged === true) field.invalid("", "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
  if (context.capabilities?.add?.includes("CAP_SYS_ADMIN") === true) {
    field.invalid("", "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
  }
};
