import type { PodSecurityContext, PodSpec, SecurityContext } from "@nk/pod-model";
import { invalid } from "../../field-error.ts";
import type { FieldError } from "../../field-error.ts";

const MAX_ID = 2 ** 31 - 1;

const validateId = (id: number | undefined, field: string): readonly FieldError[] =>
  id === undefined || (id >= 0 && id <= MAX_ID) ? [] : [invalid(field, id, `must be between 0 and ${MAX_ID}, inclusive`)];

/** A container's security context. */
export const validateSecurityContext = (context: SecurityContext | undefined, field: string): readonly FieldError[] => {
  if (context === undefined) return [];
  const isBound = context.allowPrivilegeEscalation === false;
  const hasAdmin = context.capabilities?.add?.includes("CAP_SYS_ADMIN") === true;
  return [
    ...validateId(context.runAsUser, `${field}.runAsUser`),
    ...validateId(context.runAsGroup, `${field}.runAsGroup`),
    ...(isBound && context.privileged === true
      ? [invalid(field, context, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true")]
      : []),
    ...(isBound && hasAdmin
      ? [invalid(field, context, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN")]
      : []),
  ];
};

/** A pod's security context. */
export const validatePodSecurityContext = (spec: PodSpec): readonly FieldError[] => {
  const context: PodSecurityContext = spec.securityContext ?? {};
  const field = "spec.securityContext";
  return [
    ...validateId(context.fsGroup, `${field}.fsGroup`),
    ...validateId(context.runAsUser, `${field}.runAsUser`),
    ...validateId(context.runAsGroup, `${field}.runAsGroup`),
    ...(context.supplementalGroups ?? []).flatMap((group, index) => validateId(group, `${field}.supplementalGroups[${index}]`)),
    ...(spec.shareProcessNamespace === true && spec.hostPID === true
      ? [invalid(`${field}.shareProcessNamespace`, true, "ShareProcessNamespace and HostPID cannot both be enabled")]
      : []),
  ];
};
