import { formatGoDuration, raceSignal } from "@nk/stdx";
import type { ProbeVerdict } from "./outcome.ts";
import type { ExecPort, ExecRequest } from "./ports.ts";

/** Whether a command in the container ends with 0. A command that takes too long is a failure; one that cannot be run, an error. */
export const probeExec = async (port: ExecPort, request: ExecRequest, signal: AbortSignal): Promise<ProbeVerdict> => {
  const limit = formatGoDuration(request.timeoutMs);
  const output = `command timed out: ${JSON.stringify(request.command.join(" "))} timed out after ${limit}`;
  const timedOut: ProbeVerdict = { verdict: "failure", output };
  try {
    // Raced: a runtime that hangs must not keep the probe from its verdict.
    const answer = await raceSignal(port.exec(request, { signal }), signal);
    if (answer.type === "timed-out") return timedOut;
    return { verdict: answer.exitCode === 0 ? "success" : "failure", output: answer.output };
  } catch (error) {
    if (signal.aborted) return timedOut;
    return { verdict: "error", output: error instanceof Error ? error.message : String(error) };
  }
};
