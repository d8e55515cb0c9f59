import type { CriClient } from "@nk/cri-client";
import type { CommandPort, ContainersPort, StreamingPort } from "@nk/kubelet-api";
import type { Pod, PodUid, RuntimePodStatus } from "@nk/pod-model";

/** Streams into containers: where the runtime serves them. */
export const streamingOf = (cri: CriClient): StreamingPort => ({
  exec: async ({ containerId, command, ...streams }, { signal }) =>
    (await cri.exec({ containerId, cmd: [...command], ...streams }, { signal })).url,
  attach: async (request, { signal }) => (await cri.attach(request, { signal })).url,
  portForward: async ({ sandboxId, ports }, { signal }) =>
    (await cri.portForward({ podSandboxId: sandboxId, port: [...ports] }, { signal })).url,
});

/** Commands that run to their end. */
export const commandsOf = (cri: CriClient): CommandPort => ({
  execSync: ({ containerId, command }, { signal }) => cri.execSync({ containerId, cmd: [...command], timeout: 0n }, { signal }),
});

/** Pods and their running containers; what was observed last is asked first, the runtime only when that knows none. */
export const containersOf = (parts: {
  findPod(namespace: string, name: string): { readonly pod: Pod } | undefined;
  observed(uid: PodUid): RuntimePodStatus | undefined;
  refresh(uid: PodUid, options: { readonly signal: AbortSignal }): Promise<RuntimePodStatus | undefined>;
}): ContainersPort => {
  const look = async <T>(
    uid: PodUid,
    { find, signal }: { readonly find: (status: RuntimePodStatus | undefined) => T | undefined; readonly signal: AbortSignal },
  ): Promise<T | undefined> => find(parts.observed(uid)) ?? find(await parts.refresh(uid, { signal }));
  return {
    findPod: ({ namespace, name }) => parts.findPod(namespace, name)?.pod,
    findContainer: ({ podUid, container }, { signal }) =>
      look(podUid, {
        signal,
        find: (status) => status?.containers.find(({ name, state }) => name === container && state === "running")?.id,
      }),
    findSandbox: (podUid, { signal }) =>
      look(podUid, { signal, find: (status) => status?.sandboxes.find(({ state }) => state === "ready")?.id }),
  };
};
