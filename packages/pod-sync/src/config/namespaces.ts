import { NamespaceMode } from "@nk/cri-api";
import type { IDMapping, NamespaceOption } from "@nk/cri-api";
import { isHostNetwork } from "@nk/pod-model";
import type { Pod } from "@nk/pod-model";

/** The user namespace of a pod with hostUsers false: its ids on the host. */
export interface UserNamespaceMapping {
  readonly uids: readonly IDMapping[];
  readonly gids: readonly IDMapping[];
}

const pidMode = (pod: Pod): NamespaceMode => {
  if (pod.spec?.hostPID === true) return NamespaceMode.NODE;
  return pod.spec?.shareProcessNamespace === true ? NamespaceMode.POD : NamespaceMode.CONTAINER;
};

/**
 * Which namespaces a pod has of its own (NamespacesForPod in the reference). `targetContainerId` puts an ephemeral container into the
 * process namespace of another container, unless the pod shares one already.
 */
export const computeNamespaceOptions = (
  pod: Pod,
  options: { readonly userNamespace?: UserNamespaceMapping | undefined; readonly targetContainerId?: string | undefined } = {},
): NamespaceOption => {
  const { userNamespace, targetContainerId = "" } = options;
  const pid = pidMode(pod);
  const isTargeted = targetContainerId !== "" && pid === NamespaceMode.CONTAINER;
  return {
    network: isHostNetwork(pod) ? NamespaceMode.NODE : NamespaceMode.POD,
    pid: isTargeted ? NamespaceMode.TARGET : pid,
    ipc: pod.spec?.hostIPC === true ? NamespaceMode.NODE : NamespaceMode.POD,
    targetId: isTargeted ? targetContainerId : "",
    usernsOptions:
      userNamespace === undefined
        ? { mode: NamespaceMode.NODE, uids: [], gids: [] }
        : { mode: NamespaceMode.POD, uids: userNamespace.uids, gids: userNamespace.gids },
  };
};
