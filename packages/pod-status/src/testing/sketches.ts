import { CONFIG_ANNOTATIONS } from "@nk/pod-model";
import type { ContainerState, Pod, PodStatus } from "@nk/pod-model";

/** What a test says about a pod object of the API; everything else is a small fixed pod with one container `main`. */
export interface ApiPodSketch {
  readonly name: string;
  /** Default: the name. */
  readonly uid?: string;
  readonly isDeleting?: boolean;
  readonly restartPolicy?: string;
  /** A static pod of this hash; with `isMirror` its mirror. */
  readonly hash?: string;
  readonly isMirror?: boolean;
  readonly finalizers?: readonly string[];
  readonly status?: PodStatus;
}

/** A pod object as the API, or a source of static pods, would give it. */
export const sketchApiPod = (sketch: ApiPodSketch): Pod => {
  const { name, uid = name, hash, isMirror = false } = sketch;
  const annotations = hash === undefined ? {} : { [CONFIG_ANNOTATIONS.hash]: hash, [CONFIG_ANNOTATIONS.source]: "file" };
  return {
    metadata: {
      name,
      uid,
      namespace: "default",
      ...(sketch.isDeleting === true ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
      ...(sketch.finalizers === undefined ? {} : { finalizers: sketch.finalizers }),
      ...(hash === undefined ? {} : { annotations: { ...annotations, ...(isMirror ? { [CONFIG_ANNOTATIONS.mirror]: hash } : {}) } }),
    },
    spec: { restartPolicy: sketch.restartPolicy ?? "Always", containers: [{ name: "main", image: "busybox" }] },
    ...(sketch.status === undefined ? {} : { status: sketch.status }),
  };
};

/** What a test says about a status; its only condition is Ready, its only container `main`. */
export interface StatusSketch {
  readonly phase: string;
  readonly isReady?: boolean;
  /** Default: true. */
  readonly hasReadyCondition?: boolean;
  readonly exitCode?: number;
  readonly waiting?: string;
  readonly reason?: string;
  readonly restarts?: number;
}

const stateOf = ({ exitCode, waiting, phase }: StatusSketch): ContainerState => {
  if (exitCode !== undefined) return { terminated: { exitCode, reason: exitCode === 0 ? "Completed" : "Error" } };
  if (waiting !== undefined || phase === "Pending") return { waiting: { reason: waiting ?? "ContainerCreating" } };
  return { running: { startedAt: "2026-01-01T00:00:00Z" } };
};

/** A status as a kubelet would compute it, but small. */
export const sketchStatus = (sketch: StatusSketch): PodStatus => ({
  phase: sketch.phase,
  ...(sketch.reason === undefined ? {} : { reason: sketch.reason }),
  ...(sketch.hasReadyCondition === false ? {} : { conditions: [{ type: "Ready", status: sketch.isReady === true ? "True" : "False" }] }),
  containerStatuses: [
    {
      name: "main",
      image: "busybox",
      imageID: "",
      ready: sketch.isReady === true,
      restartCount: sketch.restarts ?? 0,
      state: stateOf(sketch),
    },
  ],
});
