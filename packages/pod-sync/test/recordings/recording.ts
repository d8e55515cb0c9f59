import { applyPodDefaults } from "@nk/pod-model";
import type { Pod, PodSpec } from "@nk/pod-model";
import { readRecording as readWhole, readStandalone as readSteps, recordedPod } from "@nk/tool-recordings";
import type { Json } from "@nk/tool-recordings";
import type { EnvData, EnvObjects } from "../../src/config/environment.ts";

/** One recorded call of those that this package composes. */
export interface RecordedCall {
  readonly method: "RunPodSandbox" | "CreateContainer";
  readonly req: {
    readonly config: {
      readonly metadata: { readonly name: string; readonly uid?: string; readonly attempt?: number } & { readonly [key: string]: Json };
      readonly [key: string]: Json;
    };
    readonly [key: string]: Json;
  };
}

interface ObjectWithData {
  readonly data?: { readonly [key: string]: string };
  readonly stringData?: { readonly [key: string]: string };
}

/** A scenario as far as this package is concerned. */
export interface Recording {
  readonly cri: readonly RecordedCall[];
  /** Messages of the pod's events with the reason `Failed`. */
  readonly failures: readonly string[];
  readonly logs: { readonly [container: string]: string };
}

/** One step of the recording without an API server. */
export interface StandaloneStep {
  readonly step: string;
  readonly file: string;
  readonly manifest: Pod | string | null;
  readonly cri: readonly RecordedCall[];
}

const isComposed = ({ method }: { readonly method: string }): boolean => method === "RunPodSandbox" || method === "CreateContainer";

/** Reads a scenario by its name, e.g. `p01-minimal`. */
export const readRecording = (name: string): Recording => {
  const { cri, events, logs } = readWhole(name);
  return {
    cri: cri.filter(isComposed) as unknown as readonly RecordedCall[],
    failures: events.filter(({ reason }) => reason === "Failed").map(({ message }) => message),
    logs,
  };
};

/** The steps of the kubelet without an API server. */
export const readStandalone = (): readonly StandaloneStep[] =>
  readSteps().map((step) => ({ ...step, cri: step.cri.filter(isComposed) as unknown as readonly RecordedCall[] }));

/** What admission plugins of the API server and the scheduler add to a pod, as far as the kubelet looks at it. */
const admit = (name: string, spec: PodSpec): PodSpec => ({
  ...spec,
  nodeName: "node-1",
  serviceAccountName: "default",
  ...(name === "p31-priority-class" && { priority: 2_000_001_000 }),
  ...(name === "p38-runtimeclass" && { overhead: { cpu: "50m", memory: "16Mi" } }),
  ...(name === "p02-token" && {
    containers: spec.containers.map((container) => ({
      ...container,
      volumeMounts: [{ name: "kube-api-access-<rand>", mountPath: "/var/run/secrets/kubernetes.io/serviceaccount", readOnly: true }],
    })),
  }),
});

/** The recorded pod as the kubelet got it from the API server. */
export const podOfRecording = (name: string): Pod => {
  const created = recordedPod(readWhole(name));
  return applyPodDefaults({
    ...created,
    metadata: {
      ...created.metadata,
      uid: "<uid>",
      annotations: { ...created.metadata?.annotations, "kubernetes.io/config.source": "api", "kubernetes.io/config.seen": "<time>" },
    },
    spec: admit(name, { containers: [], ...created.spec }),
  });
};

/** A manifest as the file source hands it over: named after the node and marked with where it came from. */
export const podOfManifest = (manifest: Pod, uid: string): Pod =>
  applyPodDefaults({
    ...manifest,
    metadata: {
      ...manifest.metadata,
      name: `${manifest.metadata?.name}-node-1`,
      uid,
      annotations: { "kubernetes.io/config.hash": uid, "kubernetes.io/config.source": "file", "kubernetes.io/config.seen": "<time>" },
    },
    spec: { containers: [], ...manifest.spec, nodeName: "node-1" },
  });

const dataOf = (name: string, kind: string): ReadonlyMap<string, EnvData> =>
  new Map(
    readWhole(name)
      .objects.filter((object) => object.kind === kind)
      .map((object) => {
        const { data, stringData } = object as ObjectWithData;
        return [object.metadata.name, new Map(Object.entries({ ...data, ...stringData }))];
      }),
  );

/** The ConfigMaps and Secrets that were created before the pod. */
export const objectsOfRecording = (name: string): EnvObjects => ({
  configMaps: dataOf(name, "ConfigMap"),
  secrets: dataOf(name, "Secret"),
});
