import { formatTimestampMicro, isPodModelError, parseTimestamp } from "@nk/pod-model";
import type { PodRef, PodStatus } from "@nk/pod-model";
import { describeWaiting, findPodWait } from "./describe-waiting.ts";
import type { TimelineStep } from "./start-timelines.ts";

/** What the kubelet knows of a pod's worker. */
export interface WorkFacts {
  readonly ref: PodRef;
  readonly state: "syncing" | "terminating" | "terminated" | "finished";
  readonly sinceMs: number;
  readonly waitingFor?: string;
  readonly isPassRunning: boolean;
  readonly lastError?: unknown;
  readonly nextPassAtMs?: number;
}

/** Everything an explanation is made from. */
export interface ExplanationInput {
  readonly work: WorkFacts;
  readonly status: PodStatus | undefined;
  /** Undefined while the runtime can be read. */
  readonly unreadable?: { readonly sinceMs: number; readonly message: string };
  readonly steps: readonly TimelineStep[];
  readonly decisions: readonly PodDecisionNote[];
}

/** Something that was decided about the pod. */
export interface PodDecisionNote {
  readonly atMs: number;
  readonly text: string;
}

/** What the kubelet is doing with one pod, for people and programs; what GET /explain answers. Times are RFC 3339 where they end in `At` or `since`. */
export interface PodExplanation {
  readonly pod: PodRef;
  readonly state: WorkFacts["state"];
  readonly since: string;
  readonly phase?: string;
  /** One sentence: what it does, or what it waits for. */
  readonly summary: string;
  /** Empty when it waits for nothing. */
  readonly waitsFor: string;
  readonly waitsSince?: string;
  readonly isPassRunning: boolean;
  readonly lastError?: string;
  readonly nextPassAt?: string;
  readonly runtime: { readonly readable: boolean; readonly since?: string; readonly error?: string };
  /** Of its start by this kubelet. */
  readonly timeline: readonly TimelineStep[];
  /** Oldest first. */
  readonly decisions: readonly PodDecisionNote[];
}

const timestamp = (ms: number): string => formatTimestampMicro(ms).replace(/000Z$/u, "Z");

/** Absent keys instead of undefined values: it is written as JSON. */
const optional = <K extends string, V>(key: K, value: V | undefined): { readonly [key in K]?: V } =>
  (value === undefined ? {} : { [key]: value }) as { readonly [key in K]?: V };

const sinceMsOf = (since: string | undefined): number | undefined => {
  try {
    return since === undefined ? undefined : parseTimestamp(since);
  } catch (error) {
    if (isPodModelError(error)) return undefined;
    throw error;
  }
};

const DOING: { readonly [step in TimelineStep["step"]]: string } = {
  admit: "being admitted",
  volumes: "setting up volumes",
  sandbox: "making the sandbox",
  pull: "pulling the image",
  create: "creating the container",
  start: "starting the container",
  ready: "becoming ready",
};

const describeStep = ({ step, container }: TimelineStep): string =>
  `${DOING[step]}${container === undefined ? "" : ` of ${container}`}`.replace("the container of ", "container ");

interface Wait {
  readonly text: string;
  readonly sinceMs?: number;
  /** It is the kubelet itself that is busy. */
  readonly isOwnWork?: true;
}

/** What is under way longest. */
const findOpenStep = (steps: readonly TimelineStep[]): Wait | undefined =>
  steps
    .flatMap((step) => {
      const last = step.spans.at(-1);
      return last === undefined || last.endMs !== undefined
        ? []
        : [{ text: describeStep(step), sinceMs: last.beginMs, isOwnWork: true as const }];
    })
    .toSorted((a, b) => a.sinceMs - b.sinceMs)[0];

const findWait = ({ work, status, unreadable, steps }: ExplanationInput): Wait | undefined => {
  if (unreadable !== undefined) return { text: `the runtime to be readable: ${unreadable.message}`, sinceMs: unreadable.sinceMs };
  switch (work.state) {
    case "terminating":
      return { text: "its containers to stop", sinceMs: work.sinceMs };
    case "terminated":
      return { text: "what it held to be given back", sinceMs: work.sinceMs };
    case "finished":
      return undefined;
    case "syncing": {
      if (work.waitingFor !== undefined) return { text: work.waitingFor, sinceMs: work.sinceMs };
      const open = findOpenStep(steps);
      if (work.isPassRunning && open !== undefined) return open;
      const wait = status === undefined ? undefined : findPodWait(status);
      if (wait !== undefined) return { text: wait.text, ...optional("sinceMs", sinceMsOf(wait.since)) };
      return status === undefined ? { text: "its first pass", sinceMs: work.sinceMs } : undefined;
    }
  }
};

const errorText = (error: unknown): string | undefined => {
  if (error === undefined) return undefined;
  return error instanceof Error ? error.message : "failed without an error";
};

const summarise = ({ work, status }: ExplanationInput, wait: Wait | undefined): string => {
  if (work.state === "finished") {
    const end = status === undefined ? "" : describeWaiting(status);
    return `finished${status?.phase === undefined ? "" : `, ${status.phase}`}${end === "" ? "" : `: ${end}`}`;
  }
  return wait === undefined ? `${work.state}: nothing is left to do` : `${work.state}: ${wait.isOwnWork ? "is" : "waits for"} ${wait.text}`;
};

/** What the kubelet is doing with one pod. */
export const computePodExplanation = (input: ExplanationInput): PodExplanation => {
  const { work, status, unreadable, steps, decisions } = input;
  const wait = findWait(input);
  return {
    pod: work.ref,
    state: work.state,
    since: timestamp(work.sinceMs),
    ...optional("phase", status?.phase),
    summary: summarise(input, wait),
    waitsFor: wait?.text ?? "",
    ...optional("waitsSince", wait?.sinceMs === undefined ? undefined : timestamp(wait.sinceMs)),
    isPassRunning: work.isPassRunning,
    ...optional("lastError", errorText(work.lastError)),
    ...optional("nextPassAt", work.nextPassAtMs === undefined ? undefined : timestamp(work.nextPassAtMs)),
    runtime:
      unreadable === undefined ? { readable: true } : { readable: false, since: timestamp(unreadable.sinceMs), error: unreadable.message },
    timeline: steps,
    decisions,
  };
};
