import type { PodStatus, PodUid } from "@nk/pod-model";
import { systemClock } from "@nk/stdx";
import type { Clock } from "@nk/stdx";

/** The steps of a pod's start, in the order in which a timeline shows them. */
export const START_STEPS = ["admit", "volumes", "sandbox", "pull", "create", "start", "ready"] as const;

export type StartStep = (typeof START_STEPS)[number];

/** One step of a pod's start. */
export interface TimelineStep {
  readonly step: StartStep;
  /** Of the steps that each container has. */
  readonly container?: string;
  /** Each time that it was done, oldest first; at most `maxSpans`, the last of which then stretches over the rest. */
  readonly spans: readonly TimelineSpan[];
}

/** Epoch milliseconds. */
export interface TimelineSpan {
  readonly beginMs: number;
  /** Absent while it is under way. */
  readonly endMs?: number;
}

/** A step begins or has ended. */
export interface StepMark {
  readonly name: Exclude<StartStep, "ready">;
  readonly containerName?: string;
  readonly isEnded: boolean;
}

/** Remembers how pods start: a few numbers a pod, nothing more once it is ready. */
export interface StartTimelines {
  mark(uid: PodUid, mark: StepMark): void;
  /** The pod's status was computed; the first that is ready ends the timeline. */
  changed(uid: PodUid, status: PodStatus): void;
  /** In the order of their beginnings; empty for a pod that an earlier kubelet started. */
  list(uid: PodUid): readonly TimelineStep[];
  forget(uid: PodUid): void;
}

export interface StartTimelinesOptions {
  /** Steps kept of one pod; what comes after them is not recorded. Default 200. */
  readonly maxSteps?: number;
  /** Tries kept of one step. Default 20. */
  readonly maxSpans?: number;
  readonly clock?: Clock;
}

interface Recorded {
  readonly step: StartStep;
  readonly container?: string;
  readonly spans: { readonly beginMs: number; endMs?: number }[];
}

type Steps = Map<string, Recorded>;

const isReady = ({ conditions }: PodStatus): boolean =>
  conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true;

/** Creates an empty record. */
export const createStartTimelines = ({
  maxSteps = 200,
  maxSpans = 20,
  clock = systemClock,
}: StartTimelinesOptions = {}): StartTimelines => {
  const byUid = new Map<PodUid, Steps>();
  return {
    mark(uid, { name, containerName, isEnded }) {
      let steps = byUid.get(uid);
      // The first step of every pod is its admission: a pod without it was not started by us.
      if (steps === undefined) {
        if (name !== "admit" || isEnded) return;
        steps = new Map();
        byUid.set(uid, steps);
      }
      if (steps.has("ready")) return;
      const key = containerName === undefined ? name : `${name} ${containerName}`;
      const atMs = clock.nowMs();
      const known = steps.get(key);
      const last = known?.spans.at(-1);
      if (isEnded) {
        if (last !== undefined) last.endMs = atMs;
      } else if (known === undefined) {
        const container = containerName === undefined ? {} : { container: containerName };
        if (steps.size < maxSteps) steps.set(key, { step: name, ...container, spans: [{ beginMs: atMs }] });
      } else if (known.spans.length < maxSpans) {
        known.spans.push({ beginMs: atMs });
      } else if (last !== undefined) {
        delete last.endMs;
      }
    },
    changed(uid, status) {
      const steps = byUid.get(uid);
      if (steps === undefined || steps.has("ready") || !isReady(status)) return;
      // Ready without a sandbox of ours: an earlier kubelet started it, and this one only took it over.
      if (!steps.has("sandbox")) return void byUid.delete(uid);
      const atMs = clock.nowMs();
      const ends = [...steps.values()].flatMap(({ spans }) => spans.map(({ beginMs, endMs = beginMs }) => endMs));
      steps.set("ready", { step: "ready", spans: [{ beginMs: Math.min(Math.max(...ends), atMs), endMs: atMs }] });
    },
    list: (uid) => structuredClone([...(byUid.get(uid)?.values() ?? [])]),
    forget: (uid) => void byUid.delete(uid),
  };
};
