import type { Pod } from "@nk/pod-model";

const ANNOTATION = "container.apparmor.security.beta.kubernetes.io/";

const confines = (type: string | undefined): boolean => type !== undefined && type !== "Unconfined";

/**
 * Why the pod's AppArmor profiles cannot be enforced, in the reference's words (pkg/security/apparmor/validate.go); undefined when they
 * can, or when it asks for none. A pod that runs already is not asked again.
 */
export const findAppArmorProblem = (pod: Pod, isHostEnabled: boolean): string | undefined => {
  const { phase = "Pending" } = pod.status ?? {};
  if (phase !== "Pending") return undefined;
  const { securityContext, containers = [], initContainers = [], ephemeralContainers = [] } = pod.spec ?? {};
  const profiles = [...initContainers, ...containers, ...ephemeralContainers].map(
    (container) => container.securityContext?.appArmorProfile,
  );
  const annotations = Object.entries(pod.metadata?.annotations ?? {}).filter(([key]) => key.startsWith(ANNOTATION));
  const isRequired =
    confines(securityContext?.appArmorProfile?.type) ||
    profiles.some((profile) => confines(profile?.type)) ||
    annotations.some(([, value]) => value !== "unconfined");
  if (!isRequired) return undefined;
  if (!isHostEnabled) return "Cannot enforce AppArmor: AppArmor is not enabled on the host";
  const names = [
    ...[securityContext?.appArmorProfile, ...profiles].flatMap((profile) =>
      profile?.type === "Localhost" ? [profile.localhostProfile ?? ""] : [],
    ),
    ...annotations.flatMap(([, value]) => (value.startsWith("localhost/") ? [value.slice("localhost/".length)] : [])),
  ];
  return names.some((name) => name.trim() === "") ? 'Cannot enforce AppArmor: invalid empty AppArmor profile name: ""' : undefined;
};
