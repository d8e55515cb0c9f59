import { isAbsolute } from "node:path";
import type { PodSecurityContext, SeccompProfile, SecurityContext, Sysctl } from "@nk/pod-model";
import { forEachItem } from "../field.ts";
import type { Field } from "../field.ts";
import { checkAppArmor } from "./app-armor.ts";
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

const SYSCTL = "([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?";
const SYSCTL_REGEX = new RegExp(`^${SYSCTL}$`, "u");
const MAX_SYSCTL_CHARS = 253;

const checkSysctls = (sysctls: readonly Sysctl[] | undefined, list: Field): void => {
  const seen = new Set<string>();
  forEachItem(sysctls, list, ({ name }, field) => {
    const place = field.at("name");
    if (name === "") place.required();
    else if (name.length > MAX_SYSCTL_CHARS || !SYSCTL_REGEX.test(name))
      place.invalid(name, `must have at most ${MAX_SYSCTL_CHARS} characters and match regex ^${SYSCTL}$`);
    else if (seen.has(name)) place.duplicate(name);
    seen.add(name);
  });
};

/** The pod's security context. */
export const validatePodSecurity = (context: PodSecurityContext | undefined, field: Field): void => {
  checkId(context?.runAsUser, field.at("runAsUser"));
  checkId(context?.runAsGroup, field.at("runAsGroup"));
  checkId(context?.fsGroup, field.at("fsGroup"));
  forEachItem(context?.supplementalGroups, field.at("supplementalGroups"), checkId);
  checkOneOf(context?.fsGroupChangePolicy, field.at("fsGroupChangePolicy"), ["Always", "OnRootMismatch"]);
  checkSeccomp(context?.seccompProfile, field.at("seccompProfile"));
  checkSysctls(context?.sysctls, field.at("sysctls"));
  checkAppArmor(context?.appArmorProfile, field.at("appArmorProfile"));
  checkOneOf(context?.supplementalGroupsPolicy, field.at("supplementalGroupsPolicy"), ["Merge", "Strict"]);
  checkOneOf(context?.seLinuxChangePolicy, field.at("seLinuxChangePolicy"), ["MountOption", "Recursive"]);
};

/** One container's security context; whether the pod has the host's users decides what it may unmask. */
export const validateContainerSecurity = (context: SecurityContext | undefined, field: Field, hasHostUsers: boolean): void => {
  checkId(context?.runAsUser, field.at("runAsUser"));
  checkId(context?.runAsGroup, field.at("runAsGroup"));
  checkSeccomp(context?.seccompProfile, field.at("seccompProfile"));
  checkAppArmor(context?.appArmorProfile, field.at("appArmorProfile"));
  checkOneOf(context?.procMount, field.at("procMount"), ["Default", "Unmasked"]);
  if (hasHostUsers && context?.procMount === "Unmasked")
    field.at("procMount").invalid("Unmasked", "`hostUsers` must be false to use `Unmasked`");
  if (context?.allowPrivilegeEscalation !== false) return;
  if (context.privileged === true) field.invalid("", "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
  if (context.capabilities?.add?.includes("CAP_SYS_ADMIN") === true) {
    field.invalid("", "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
  }
};
