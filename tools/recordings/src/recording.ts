import { readdirSync, readFileSync } from "node:fs";
import type { Pod, PodStatus } from "@nk/pod-model";
import type { Json } from "./proto-json.ts";

const fixtures = new URL("../fixtures/", import.meta.url);

/** JSON of a request or an answer. */
export type JsonObject = { readonly [key: string]: Json };

/** One call to the runtime. */
export interface RecordedCall {
  readonly method: string;
  readonly req: JsonObject;
  readonly res?: JsonObject;
  /** What the runtime said instead of answering. */
  readonly err?: string;
}

/** An object that was created for the scenario. */
export interface RecordedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [field: string]: unknown };
  readonly [field: string]: unknown;
}

/** A status that the API showed, `run` before and `delete` after the pod was deleted. */
export interface RecordedStatus {
  readonly phase_of_test: "run" | "delete";
  readonly status: PodStatus & { readonly [field: string]: unknown };
}

/** An event about the pod. */
export interface RecordedEvent {
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly fieldPath?: string;
  readonly count: number;
}

/** A scenario as fixtures/ORIGIN.md describes it. */
export interface Recording {
  readonly objects: readonly RecordedObject[];
  readonly cri: readonly RecordedCall[];
  readonly statuses: readonly RecordedStatus[];
  readonly events: readonly RecordedEvent[];
  readonly logs: { readonly [container: string]: string };
}

/** One pod as the recording without an API server keeps it of `/pods`. */
export interface ShownPod {
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly labels?: { readonly [key: string]: string };
    readonly annotations?: { readonly [key: string]: string };
  };
  readonly spec: { readonly [field: string]: unknown };
  readonly phase?: string;
  readonly qosClass?: string;
  readonly containers?: readonly { readonly name: string; readonly state: string; readonly restartCount: number }[];
}

/** One step of the recording without an API server. */
export interface StandaloneStep {
  readonly step: string;
  readonly file: string;
  readonly manifest: Pod | string | null;
  readonly cri: readonly (RecordedCall & { readonly after_ms: number })[];
  readonly pods: readonly ShownPod[] | null;
}

/** The API server drops fields that are null; so does reading here, but for what stands for "nothing". */
const readJson = (path: string): unknown =>
  JSON.parse(readFileSync(new URL(path, fixtures), "utf8"), (key, value: unknown) =>
    value === null && key !== "manifest" && key !== "pods" ? undefined : value,
  );

/** Names of all recordings, without suffix, sorted. */
export const recordingNames: readonly string[] = readdirSync(new URL("recordings/", fixtures))
  .map((file) => file.replace(/\.json$/u, ""))
  .toSorted();

/** Reads one by its name, e.g. `p01-minimal`; with the last status of its pod, which the recorder missed for some. */
export const readRecording = (name: string): Recording => {
  const recording = readJson(`recordings/${name}.json`) as Recording;
  const last = (readJson("last-statuses.json") as { readonly [name: string]: RecordedStatus })[name];
  return last === undefined ? recording : { ...recording, statuses: [...recording.statuses, last] };
};

/** The pod that a recording is about, as it was created. */
export const recordedPod = (recording: Recording): Pod => {
  const created = recording.objects.findLast(({ kind }) => kind === "Pod") as unknown as Pod | undefined;
  if (created?.spec === undefined) throw new Error("the recording has no pod");
  return created;
};

/** The recording of the reference without an API server. */
export const readStandalone = (): readonly StandaloneStep[] => readJson("standalone.json") as readonly StandaloneStep[];
