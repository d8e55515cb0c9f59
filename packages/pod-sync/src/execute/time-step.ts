import type { PodStep } from "../options.ts";
import type { PodPass } from "./sync-context.ts";

/** Does the step and tells when it begins and when it has ended, whatever came of it. Costs nothing when nobody listens. */
export const timeStep = async <T>(
  { ref, settings }: Pick<PodPass, "ref" | "settings">,
  step: Pick<PodStep, "name" | "containerName">,
  work: () => Promise<T>,
): Promise<T> => {
  const { onStep } = settings;
  if (onStep === undefined) return work();
  onStep(ref.uid, { ...step, isEnded: false });
  try {
    return await work();
  } finally {
    onStep(ref.uid, { ...step, isEnded: true });
  }
};
