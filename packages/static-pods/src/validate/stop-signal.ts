import type { PodSpec } from "@nk/pod-model";
import type { Field } from "../field.ts";
import { checkOneOf } from "./rules.ts";

const NAMES =
  "ABRT ALRM BUS CHLD CLD CONT FPE HUP ILL INT IO IOT KILL PIPE POLL PROF PWR QUIT SEGV STKFLT STOP SYS TERM TRAP TSTP TTIN TTOU URG USR1 " +
  "USR2 VTALRM WINCH XCPU XFSZ RTMIN RTMAX";
const MAX_ABOVE_RTMIN = 15;
const MAX_BELOW_RTMAX = 14;
const numbered = (prefix: string, count: number): readonly string[] => Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`);

const LINUX: readonly string[] = [...NAMES.split(" "), ...numbered("RTMIN+", MAX_ABOVE_RTMIN), ...numbered("RTMAX-", MAX_BELOW_RTMAX)]
  .map((name) => `SIG${name}`)
  .toSorted();
const WINDOWS = ["SIGKILL", "SIGTERM"] as const;

/**
 * The signal that a container is stopped with, for those who have a runtime that knows of it and accept the field. Which ones there are
 * depends on the operating system, so the pod has to name it.
 */
export const checkStopSignal = (signal: string | undefined, field: Field, os: PodSpec["os"]): void => {
  if (signal === undefined) return;
  if (os === undefined) field.forbidden("may not be set for containers with empty `spec.os.name`");
  if (os?.name === "linux") checkOneOf(signal, field, LINUX);
  if (os?.name === "windows") checkOneOf(signal, field, WINDOWS);
};
