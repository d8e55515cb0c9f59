import { formatPod, podRef } from "@nk/pod-model";
import type { Container, Pod } from "@nk/pod-model";

/** The user that the image names; neither when it names none, which means root. */
export interface ImageUser {
  readonly uid?: bigint;
  readonly username?: string;
}

const MAX_UID = 2_147_483_647n;

/**
 * Why a container that must not run as root would, or could; undefined when it may start. The texts are upstream's
 * (security_context_others.go).
 */
export const findRootUserProblem = (pod: Pod, container: Container, imageUser: ImageUser): string | undefined => {
  const podContext = pod.spec?.securityContext;
  const ownContext = container.securityContext;
  if ((ownContext?.runAsNonRoot ?? podContext?.runAsNonRoot) !== true) return undefined;
  const where = `(pod: ${JSON.stringify(formatPod(podRef(pod)))}, container: ${container.name})`;
  const runAsUser = ownContext?.runAsUser ?? podContext?.runAsUser;
  if (runAsUser !== undefined) return runAsUser === 0 ? `container's runAsUser breaks non-root policy ${where}` : undefined;
  const { uid, username = "" } = imageUser;
  if (uid === undefined && username !== "") {
    return `container has runAsNonRoot and image has non-numeric user (${username}), cannot verify user is non-root ${where}`;
  }
  const imageUid = uid ?? 0n;
  if (imageUid === 0n) return `container has runAsNonRoot and image will run as root ${where}`;
  if (imageUid >= 0n && imageUid <= MAX_UID) return undefined;
  return (
    `container has runAsNonRoot and image has an invalid user id (${imageUid}). (Must be 1-(${MAX_UID})): ` +
    `must be between 0 and ${MAX_UID}, inclusive ${where}`
  );
};
