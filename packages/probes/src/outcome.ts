/** What one shot found. */
export interface ProbeOutcome {
  /** `warning` is a success worth an event; `error` says nothing about what was probed. */
  readonly verdict: "success" | "warning" | "failure" | "error";
  /** Why, in the words an event shows; at most 10 KiB. Of a success: what the peer said. */
  readonly output: string;
  readonly durationMs: number;
  /**
   * How long this process was too busy to look for an answer; only of a shot that ran into its time limit. The limit does not run meanwhile, as
   * far as such a stall is longer than an eighth of it (and than 100 ms).
   */
  readonly lateByMs?: number;
}

/** An outcome before it is timed. */
export type ProbeVerdict = Pick<ProbeOutcome, "verdict" | "output">;

/** More of a response or of a command's output is not read (reference: pkg/probe). */
export const MAX_OUTPUT_BYTES: number = 10 * 1024;

/** Cuts text to so many bytes of UTF-8, between characters. */
export const truncateOutput = (text: string): string => {
  const bytes = Buffer.from(text);
  return bytes.length <= MAX_OUTPUT_BYTES
    ? text
    : bytes
        .subarray(0, MAX_OUTPUT_BYTES)
        .toString("utf8")
        .replace(/\uFFFD+$/, "");
};
