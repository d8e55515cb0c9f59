import {
  DEFAULT_CACHE_DIR,
  checkLabHost,
  ensureDebianPackages,
  findCachedContainerd,
  isLeakFree,
  listLabPackages,
  startLab,
  sweepStaleLabs,
} from "@nk/tool-lab";
import type { Lab } from "@nk/tool-lab";
import { clusterMode } from "./cluster.ts";
import type { OnceResult, UpContext } from "./context.ts";
import type { Progress } from "./progress.ts";
import { standaloneMode } from "./standalone.ts";

const openLab = async ({ options, progress, logs, signal }: UpContext): Promise<Lab> => {
  const containerd = options.containerd ?? (findCachedContainerd(DEFAULT_CACHE_DIR) === undefined ? "1.6" : "2.1");
  const say = (message: string): void => progress.say(message);
  // Not a step: it may have to ask on the same terminal.
  const installed = await ensureDebianPackages(listLabPackages(containerd), { yes: options.yes, signal, onProgress: say });
  if (installed.length > 0) progress.say(`installed ${installed.join(", ")}`);
  return progress.step(`starting a private containerd ${containerd} with the demo image`, (onProgress) =>
    startLab({ containerd, signal, onProgress, logFile: logs.file("containerd.log") }),
  );
};

/** Takes the lab down; what is left on the host is the error, or is only said if there is an earlier one. */
const closeLab = async (lab: Lab, progress: Progress, failure: { readonly error: unknown } | undefined): Promise<void> => {
  const report = await progress.step("stopping pods and containerd", () => lab.close());
  const leaks = isLeakFree(report) ? undefined : `something of the run is left on the host: ${JSON.stringify(report, undefined, 2)}`;
  if (leaks !== undefined && failure !== undefined) progress.say(leaks);
  if (failure !== undefined) throw failure.error;
  if (leaks !== undefined) throw new Error(leaks);
};

/** Sets everything up, runs, and takes everything down whatever happened. A stop by the user is no failure. */
export const runUp = async (context: UpContext): Promise<OnceResult | undefined> => {
  const { progress, options } = context;
  checkLabHost();
  await sweepStaleLabs({ onProgress: (message) => progress.say(message) });
  const lab = await openLab(context);
  let result: OnceResult | undefined;
  let failure: { readonly error: unknown } | undefined;
  try {
    const mode = options.standalone ? standaloneMode : clusterMode;
    if (options.once) result = await mode.once(context, lab);
    else await mode.table(context, lab);
  } catch (error) {
    failure = { error };
  }
  await closeLab(lab, progress, failure);
  return result;
};
