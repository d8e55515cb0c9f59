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
  /** What its container asks for, e.g. `500m`. */
  readonly cpu?: string;
  /** What the status of its container shows that it was given. */
  readonly givenCpu?: string;
}

const statusOf = ({ phase, givenCpu }: PodSketch): Pick<Pod, "status"> => {
  if (phase === undefined && givenCpu === undefined) return {};
  const given = givenCpu === undefined ? undefined : { cpu: givenCpu };
  const container = { name: "main", image: "", imageID: "", ready: true, restartCount: 0 };
  return {
    status: {
      ...(phase === undefined ? {} : { phase }),
      ...(given === undefined ? {} : { containerStatuses: [{ ...container, allocatedResources: given, resources: { requests: given } }] }),
    },
  };
};

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
        ...(sketch.cpu === undefined ? {} : { resources: { requests: { cpu: sketch.cpu } } }),
      },
    ],
    terminationGracePeriodSeconds: sketch.graceSeconds ?? 30,
  },
  ...statusOf(sketch),
});

/** A pod that runs in the runtime. */
export const sketchRuntimePod = (uid: string, name: string = uid): RuntimePod => ({
  uid,
  name,
  namespace: "default",
  sandboxes: [{ id: `sandbox-${uid}`, attempt: 0, state: "ready", createdAtNanos: 1n, labels: {}, annotations: {}, runtimeHandler: "" }],
  containers: [],
});
