import { readdirSync, readFileSync } from "node:fs";
import { applyPodDefaults } from "@nk/pod-model";
import type { Pod, PodSpec } from "@nk/pod-model";
import type { EnvData, EnvObjects } from "../../src/config/environment.ts";
import type { Json } from "./proto-json.ts";

const fixtures = new URL("../fixtures/", import.meta.url);

/** One recorded call, with the request as proto JSON. */
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

interface RecordedObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: { readonly [key: string]: string };
  readonly stringData?: { readonly [key: string]: string };
  readonly [field: string]: unknown;
}

/** A scenario as test/fixtures/ORIGIN.md describes it. */
export interface Recording {
  readonly objects: readonly RecordedObject[];
  readonly cri: readonly RecordedCall[];
  readonly failures?: readonly string[];
  readonly logs?: { readonly [container: string]: string };
}

/** One step of the recording without an API server. */
export interface StandaloneStep {
  readonly step: string;
  readonly file: string;
  readonly manifest: Pod | string | null;
  readonly cri: readonly RecordedCall[];
}

/** The API server drops fields that are null; so does reading here. */
const readJson = (path: string): unknown =>
  JSON.parse(readFileSync(new URL(path, fixtures), "utf8"), (key, value: unknown) =>
    value === null && key !== "manifest" ? undefined : value,
  );

/** Names of all recordings, without suffix, sorted. */
export const recordingNames: readonly string[] = readdirSync(new URL("recordings/", fixtures))
  .map((file) => file.replace(/\.json$/u, ""))
  .toSorted();

export const readRecording = (name: string): Recording => readJson(`recordings/${name}.json`) as Recording;

export const readStandalone = (): readonly StandaloneStep[] => readJson("standalone.json") as readonly StandaloneStep[];

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
  const created = readRecording(name).objects.findLast(({ kind }) => kind === "Pod") as Pod | undefined;
  if (created?.spec === undefined) throw new Error(`recording ${name} has no pod`);
  return applyPodDefaults({
    ...created,
    metadata: {
      ...created.metadata,
      uid: "<uid>",
      annotations: { ...created.metadata?.annotations, "kubernetes.io/config.source": "api", "kubernetes.io/config.seen": "<time>" },
    },
    spec: admit(name, created.spec),
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

const dataOf = (recording: Recording, kind: string): ReadonlyMap<string, EnvData> =>
  new Map(
    recording.objects
      .filter((object) => object.kind === kind)
      .map(({ metadata, data, stringData }) => [metadata.name, new Map(Object.entries({ ...data, ...stringData }))]),
  );

/** The ConfigMaps and Secrets that were created before the pod. */
export const objectsOfRecording = (name: string): EnvObjects => {
  const recording = readRecording(name);
  return { configMaps: dataOf(recording, "ConfigMap"), secrets: dataOf(recording, "Secret") };
};
