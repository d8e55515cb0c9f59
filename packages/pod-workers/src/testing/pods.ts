import { CONFIG_ANNOTATIONS } from "@nk/pod-model";
import type { Pod, RuntimePod } from "@nk/pod-model";

/** What a test says about a pod; everything else is a small fixed pod. */
export interface PodSketch {
  readonly uid: string;
  /** Default: the uid. */
  readonly name?: string;
  /** Any change of it is a change of the spec. */
  readonly version?: string;
  readonly graceSeconds?: number;
  readonly deletionGraceSeconds?: number;
  readonly isDeleting?: boolean;
  readonly phase?: string;
  readonly isMirror?: boolean;
  /** A port of the host that its container binds. */
  readonly hostPort?: number;
}

/** A pod as a source would give it. */
export const sketchPod = (sketch: PodSketch): Pod => ({
  metadata: {
    uid: sketch.uid,
    name: sketch.name ?? sketch.uid,
    namespace: "default",
    ...(sketch.isDeleting === true ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
    ...(sketch.deletionGraceSeconds === undefined ? {} : { deletionGracePeriodSeconds: sketch.deletionGraceSeconds }),
    ...(sketch.isMirror === true ? { annotations: { [CONFIG_ANNOTATIONS.mirror]: "hash" } } : {}),
  },
  spec: {
    containers: [
      {
        name: "main",
        image: `image:${sketch.version ?? "1"}`,
        ...(sketch.hostPort === undefined ? {} : { ports: [{ containerPort: 80, hostPort: sketch.hostPort }] }),
      },
    ],
    terminationGracePeriodSeconds: sketch.graceSeconds ?? 30,
  },
  ...(sketch.phase === undefined ? {} : { status: { phase: sketch.phase } }),
});

/** A pod that runs in the runtime. */
export const sketchRuntimePod = (uid: string, name: string = uid): RuntimePod => ({
  uid,
  name,
  namespace: "default",
  sandboxes: [{ id: `sandbox-${uid}`, attempt: 0, state: "ready", createdAtNanos: 1n, labels: {}, annotations: {}, runtimeHandler: "" }],
  containers: [],
});
