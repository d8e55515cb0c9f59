import { isPodModelError } from "@nk/pod-model";
import { formatExplanation, formatTimeline } from "@nk/pod-status";
import type { PodExplanation } from "@nk/pod-status";
import { withDeadline } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import { parseAskArguments, USAGE } from "./arguments.ts";
import type { AskArguments } from "./arguments.ts";
import { AskError } from "./ask-error.ts";
import { askForPod } from "./ask-kubelet.ts";
import { findTarget } from "./target.ts";
import type { AskDefaults } from "./target.ts";

/** The process's edges, so that the command can be run by a test. */
export interface AskEdges {
  readonly clock: Clock;
  readonly defaults: AskDefaults;
  readonly writeOut: (text: string) => void;
  readonly writeError: (text: string) => void;
  /** Default 10 000. */
  readonly timeoutMs?: number;
}

const isExplanation = (value: unknown): value is PodExplanation =>
  typeof value === "object" &&
  value !== null &&
  "pod" in value &&
  "timeline" in value &&
  Array.isArray(value.timeline) &&
  "decisions" in value &&
  Array.isArray(value.decisions);

/** The kubelet's port may be anybody's while the kubelet is away: what a terminal would obey is taken out of whatever was read from it. */
const plainLines = (text: string): string =>
  // oxlint-disable-next-line no-control-regex -- these are the characters that are taken out
  text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]+/gu, " ");

const render = ({ verb, isJson }: AskArguments, answer: PodExplanation, nowMs: number): string => {
  if (isJson) return `${JSON.stringify(verb === "timeline" ? { pod: answer.pod, timeline: answer.timeline } : answer, undefined, 2)}\n`;
  return plainLines(verb === "timeline" ? formatTimeline(answer, { nowMs }) : formatExplanation(answer, { nowMs }));
};

const show = (args: AskArguments, answer: unknown, nowMs: number): string => {
  if (!isExplanation(answer)) throw new AskError("failed", "the kubelet's answer is no explanation; is it of this version?");
  try {
    return render(args, answer, nowMs);
  } catch (error) {
    // Only its outline was looked at: a time that is none, a step that is null. Another program answered.
    const why = isPodModelError(error) ? `: ${error.message}` : "; is it of this version?";
    throw new AskError("failed", `the kubelet's answer is no explanation${why}`, { cause: error });
  }
};

/** Runs `explain` or `timeline` with the arguments after it. Resolves with the exit code and never rejects for what a user did. */
export const runAsk = async (verb: "explain" | "timeline", argv: readonly string[], edges: AskEdges): Promise<number> => {
  const { clock, defaults, writeOut, writeError, timeoutMs = 10_000 } = edges;
  try {
    const args = parseAskArguments(verb, argv);
    if (args === "help") {
      writeOut(USAGE);
      return 0;
    }
    const target = await findTarget(args, defaults);
    using deadline = withDeadline({ timeoutMs, clock, what: "the answer" });
    const answer = await askForPod(target, args, { signal: deadline.signal });
    writeOut(show(args, answer, clock.nowMs()));
    return 0;
  } catch (error) {
    if (!(error instanceof AskError)) throw error;
    writeError(`kubelet ${verb}: ${plainLines(error.message)}\n`);
    return error.code === "usage" ? 2 : 1;
  }
};
