import { isKubeClientError, kinds } from "@nk/kube-client";
import type { KubeClient } from "@nk/kube-client";
import type { Pod, PodRef } from "@nk/pod-model";
import type { DeleteOutcome, PodStatusApiPort } from "@nk/pod-status";
import type { MirrorApiPort } from "@nk/static-pods";

const place = ({ namespace, name }: Pick<PodRef, "namespace" | "name">): { readonly namespace: string; readonly name: string } => ({
  namespace,
  name,
});

const deletePod =
  (client: KubeClient) =>
  async (
    ref: PodRef,
    { gracePeriodSeconds, signal }: { readonly gracePeriodSeconds: 0; readonly signal: AbortSignal },
  ): Promise<DeleteOutcome> => {
    try {
      await client.delete(kinds.pods, place(ref), { gracePeriodSeconds, preconditions: { uid: ref.uid }, signal, lane: "status" });
      return "deleted";
    } catch (error) {
      if (isKubeClientError(error, "not-found")) return "not-found";
      if (isKubeClientError(error, "conflict")) return "conflict";
      throw error;
    }
  };

/** Pods of the API as the status writer wants them. */
export const podStatusApi = (client: KubeClient): PodStatusApiPort => ({
  patchStatus: async (target, patch, { signal, priority }) => {
    try {
      const change = { ...place(target), type: "strategic", body: patch } as const;
      const pod = await client.patch(kinds.pods, change, { subresource: "status", signal, priority });
      return { type: "written", pod };
    } catch (error) {
      if (isKubeClientError(error, "not-found")) return { type: "not-found" };
      if (isKubeClientError(error) && (error.code === "conflict" || error.code === "invalid"))
        return { type: "refused", message: error.message };
      throw error;
    }
  },
  deletePod: deletePod(client),
  getPod: async (target, { signal }) => {
    try {
      return await client.get(kinds.pods, place(target), { signal, lane: "status" });
    } catch (error) {
      if (isKubeClientError(error, "not-found")) return undefined;
      throw error;
    }
  },
});

/** Mirror pods in the API. */
export const mirrorApi = (client: KubeClient): MirrorApiPort => ({
  create: async (pod, { signal }) => {
    try {
      return { type: "created", pod: await client.create<Pod>(kinds.pods, pod, { signal }) };
    } catch (error) {
      if (isKubeClientError(error, "already-exists")) return { type: "exists" };
      throw error;
    }
  },
  delete: deletePod(client),
});
