import type { Pod } from "@nk/pod-model";

export interface PodSketch {
  /** Also its UID, unless that is given. In the namespace `default`. */
  readonly name: string;
  readonly uid?: string;
  readonly priority?: number;
  /** Of its only container, `main`. */
  readonly requests?: { readonly [resource: string]: string };
  readonly limits?: { readonly [resource: string]: string };
  /** Names of emptyDirs, and their sizeLimit; the empty text is no limit. */
  readonly emptyDirs?: { readonly [name: string]: string };
  readonly gracePeriodSeconds?: number;
  readonly annotations?: { readonly [key: string]: string };
  readonly createdAt?: string;
}

/** A pod with one container, and only what eviction looks at. */
export const sketchPod = ({ name, requests = {}, limits = {}, emptyDirs = {}, ...rest }: PodSketch): Pod => ({
  metadata: {
    name,
    namespace: "default",
    uid: rest.uid ?? name,
    annotations: rest.annotations ?? {},
    ...(rest.createdAt === undefined ? {} : { creationTimestamp: rest.createdAt }),
  },
  spec: {
    containers: [{ name: "main", resources: { requests, limits } }],
    volumes: Object.entries(emptyDirs).map(([volume, sizeLimit]) => ({ name: volume, emptyDir: sizeLimit === "" ? {} : { sizeLimit } })),
    ...(rest.priority === undefined ? {} : { priority: rest.priority }),
    ...(rest.gracePeriodSeconds === undefined ? {} : { terminationGracePeriodSeconds: rest.gracePeriodSeconds }),
  },
});
