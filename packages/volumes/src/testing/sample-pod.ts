import type { Pod, Volume } from "@nk/pod-model";

/** A pod whose one container mounts all of its volumes. */
export const samplePod = (...volumes: readonly Volume[]): Pod => ({
  metadata: { name: "p", namespace: "default", uid: "u1" },
  spec: {
    containers: [{ name: "main", volumeMounts: volumes.map(({ name }) => ({ name, mountPath: `/v/${name}` })) }],
    volumes,
  },
});
