import { formatPod } from "@nk/pod-model";
import type { RuntimePodStatus } from "@nk/pod-model";
import { errorText, PodSyncError } from "../errors.ts";
import type { PodSyncErrorCode } from "../errors.ts";
import { refreshObservation } from "./sync-context.ts";
import type { Made, PodPass } from "./sync-context.ts";

/** Runs a step and turns its failure into an error of this package; an abort passes through. */
export const attempt = async <T>(
  pass: PodPass,
  step: { readonly code: PodSyncErrorCode; readonly what: string },
  work: () => Promise<T>,
): Promise<T> => {
  pass.signal.throwIfAborted();
  try {
    return await work();
  } catch (error) {
    pass.signal.throwIfAborted();
    throw failStep(pass, step, error);
  }
};

/** The error of a step that failed. */
export const failStep = (
  pass: Pick<PodPass, "ref">,
  step: { readonly code: PodSyncErrorCode; readonly what: string },
  cause: unknown,
): PodSyncError => {
  const pod = formatPod(pass.ref);
  return new PodSyncError(step.code, `${step.what} of pod ${pod}: ${errorText(cause)}`, { details: { pod }, cause });
};

/** Reads the runtime, or rejects with `observation-failed`; with `made` as `refreshObservation`. */
export const observe = (pass: PodPass, made?: Made): Promise<RuntimePodStatus | undefined> =>
  attempt(pass, { code: "observation-failed", what: "read the runtime's state" }, () => refreshObservation(pass, made));
