import { listContainers } from "@nk/pod-model";
import type { Container, EphemeralContainer, Pod } from "@nk/pod-model";

/** Every container of the pod: init, app and ephemeral ones. */
export const allContainers = (pod: Pod): readonly (Container | EphemeralContainer)[] => [
  ...listContainers(pod),
  ...(pod.spec?.ephemeralContainers ?? []),
];

/**
 * The user all containers of the pod run as, when each says so and they agree: files that only their owner may read are given to that user
 * (util.FsUserFrom in the reference).
 */
export const computeFsUser = (pod: Pod): number | undefined => {
  const users = allContainers(pod).map(({ securityContext }) => securityContext?.runAsUser ?? pod.spec?.securityContext?.runAsUser);
  return users.every((user) => user === users[0]) ? users[0] : undefined;
};
