import { formatPod, formatTimestampMicro, parseTimestamp } from "@nk/pod-model";
import { formatGoDuration } from "@nk/stdx";
import type { PodExplanation } from "./explanation.ts";
import { START_STEPS } from "./start-timelines.ts";
import type { TimelineStep } from "./start-timelines.ts";

/** Longer texts of a runtime or a registry are cut: the terminal is for people. */
const MAX_TEXT = 500;
/** Columns of the bars. */
const BAR_WIDTH = 50;

/** What others wrote, without what a terminal would obey. */
const plain = (text: string): string => {
  // oxlint-disable-next-line no-control-regex -- these are the characters that are taken out
  const clean = text.replace(/[\u0000-\u001f\u007f-\u009f]+/gu, " ");
  return clean.length > MAX_TEXT ? `${clean.slice(0, MAX_TEXT)}...` : clean;
};

/** Two or three digits are enough for people: 12.3 s of 12.345678. */
const formatSpan = (ms: number): string => {
  const spanMs = Math.max(0, ms);
  if (spanMs < 1000) return `${Math.round(spanMs)}ms`;
  return formatGoDuration(spanMs < 60_000 ? Math.round(spanMs / 100) * 100 : Math.round(spanMs / 1000) * 1000);
};

const timeOfDay = (ms: number): string => formatTimestampMicro(ms).slice(11, 23);

const ago = (time: string | undefined, nowMs: number): string =>
  time === undefined ? "" : `, for ${formatSpan(nowMs - parseTimestamp(time))} (since ${time})`;

const formatNextTry = ({ nextPassAt, isPassRunning }: PodExplanation, nowMs: number): string => {
  if (isPassRunning) return "a pass is under way";
  if (nextPassAt === undefined) return "when something changes";
  const inMs = parseTimestamp(nextPassAt) - nowMs;
  return `${inMs <= 0 ? "now" : `in ${formatSpan(inMs)}`} (${nextPassAt}), or when something changes`;
};

/** The explanation as text of a few lines, with a newline at its end. */
export const formatExplanation = (explanation: PodExplanation, { nowMs }: { readonly nowMs: number }): string => {
  const { pod, state, since, phase, waitsFor, waitsSince, lastError, runtime, decisions } = explanation;
  const rows: readonly (readonly [string, string])[] = [
    ["state", `${state}${phase === undefined ? "" : `, ${phase}`}${ago(since, nowMs)}`],
    ["waits for", waitsFor === "" ? "nothing" : `${plain(waitsFor)}${ago(waitsSince, nowMs)}`],
    ["last error", lastError === undefined ? "none" : plain(lastError)],
    ["next try", formatNextTry(explanation, nowMs)],
    ["runtime", runtime.readable ? "readable" : `cannot be read: ${plain(runtime.error ?? "")}${ago(runtime.since, nowMs)}`],
  ];
  return [
    `pod ${formatPod(pod)}: ${plain(explanation.summary)}`,
    ...rows.map(([name, text]) => `${`${name}:`.padEnd(12)}${text}`),
    decisions.length === 0 ? "decisions:  none" : `decisions (the last ${decisions.length}):`,
    ...decisions.map(({ atMs, text }) => `  ${timeOfDay(atMs)}  ${plain(text)}`),
    "",
  ].join("\n");
};

interface Scale {
  readonly startMs: number;
  readonly spanMs: number;
}

/** `#` from each beginning to its end, `>` for what is under way; the shortest span is one column wide. */
const drawBar = ({ spans }: TimelineStep, { startMs, spanMs }: Scale): string => {
  const column = (ms: number): number => Math.min(BAR_WIDTH, Math.max(0, Math.round(((ms - startMs) / spanMs) * BAR_WIDTH)));
  const cells: string[] = Array.from({ length: BAR_WIDTH }, () => " ");
  for (const { beginMs, endMs } of spans) {
    const from = Math.min(column(beginMs), BAR_WIDTH - 1);
    const to = Math.max(from + 1, endMs === undefined ? BAR_WIDTH : column(endMs));
    cells.fill(endMs === undefined ? ">" : "#", from, to);
  }
  return cells.join("");
};

const labelOf = ({ step, container }: TimelineStep): string => (container === undefined ? step : `${step} ${plain(container)}`);

const beginOf = ({ spans }: TimelineStep): number => spans[0]?.beginMs ?? 0;

const inOrder = (steps: readonly TimelineStep[]): readonly TimelineStep[] =>
  steps.toSorted((a, b) => START_STEPS.indexOf(a.step) - START_STEPS.indexOf(b.step) || beginOf(a) - beginOf(b));

const describeSpans = ({ spans }: TimelineStep, { startMs, nowMs }: { readonly startMs: number; readonly nowMs: number }): string => {
  const busyMs = spans.reduce((sum, { beginMs, endMs = nowMs }) => sum + Math.max(0, endMs - beginMs), 0);
  const isOpen = spans.at(-1)?.endMs === undefined;
  const begin = `+${formatSpan((spans[0]?.beginMs ?? startMs) - startMs)}`.padEnd(8);
  return `${begin}${formatSpan(busyMs)}${isOpen ? "..." : ""}${spans.length > 1 ? `, ${spans.length} times` : ""}`;
};

/**
 * One pod's start as a Gantt chart of text: a line a step, with when it began after the pod was seen, how long it took in all, and how often it was
 * done if not once.
 */
export const formatTimeline = (
  { pod, timeline }: Pick<PodExplanation, "pod" | "timeline">,
  { nowMs }: { readonly nowMs: number },
): string => {
  if (timeline.length === 0) return `pod ${formatPod(pod)}: its start was not recorded, an earlier kubelet made it\n`;
  const startMs = Math.min(...timeline.map(beginOf));
  const ready = timeline.find(({ step }) => step === "ready");
  const lastMs = Math.max(ready?.spans[0]?.endMs ?? nowMs, startMs);
  const scale = { startMs, spanMs: Math.max(1, lastMs - startMs) };
  const width = Math.max(...timeline.map((step) => labelOf(step).length));
  return [
    `pod ${formatPod(pod)}: ${ready === undefined ? "not ready yet after" : "ready after"} ${formatSpan(lastMs - startMs)}, seen at ${formatTimestampMicro(startMs).replace(/000Z$/u, "Z")}`,
    ...inOrder(timeline).map((step) =>
      `${labelOf(step).padEnd(width)} |${drawBar(step, scale)}| ${describeSpans(step, { startMs, nowMs })}`.trimEnd(),
    ),
    "",
  ].join("\n");
};
