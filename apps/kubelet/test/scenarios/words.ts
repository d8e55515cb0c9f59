import type { PodSpec } from "@nk/pod-model";
import { containersOf } from "./behaviour.ts";

/** Events that say no more than the trace does, or that come as often as a probe. */
const UNTOLD: ReadonlySet<string> = new Set(["Pulled", "Pulling", "Created", "Started", "Scheduled", "Unhealthy", "ProbeWarning"]);

/** Whether the scenarios speak of events of this reason. */
export const isTold = ({ reason }: { readonly reason?: string | undefined }): boolean => !UNTOLD.has(reason ?? "");

/** What is stopped may be stopped again: by the pass that found the pod at its end, and by the end itself. Once is enough to tell. */
export const withoutRepeats = (lines: readonly string[]): readonly string[] =>
  lines.filter((line, index) => line !== "sandbox is stopped" || lines[index - 1] !== line);

/** Which of a container's hooks a command is. */
export const hookOf = (spec: PodSpec, name: string, cmd: readonly string[]): string => {
  const lifecycle = containersOf(spec).find((container) => container.name === name)?.lifecycle;
  for (const hook of ["postStart", "preStop"] as const) if (lifecycle?.[hook]?.exec?.command?.join(" ") === cmd.join(" ")) return hook;
  return cmd.join(" ");
};
