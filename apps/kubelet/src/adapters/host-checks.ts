import { writeFile } from "node:fs/promises";
import type { KubeletSettings } from "@nk/kubelet-config";
import { NODE_EVENTS } from "@nk/node-status";
import type { Logger } from "@nk/stdx";
import type { EventLog } from "./event-log.ts";
import type { HostFacts } from "./host.ts";

/** Refuses machines that the settings do not allow; the texts are the reference's. */
export const checkHost = (
  settings: Pick<KubeletSettings, "failCgroupV1" | "failSwapOn" | "singleProcessOomKill">,
  host: Pick<HostFacts, "cgroupVersion" | "swapCapacityBytes">,
): void => {
  if (settings.failCgroupV1 && host.cgroupVersion === 1) {
    throw new Error(
      "kubelet is configured to not run on a host using cgroup v1. cgroup v1 support is unsupported and will be removed in a future release (set failCgroupV1: false to run all the same)",
    );
  }
  if (host.cgroupVersion === 1 && settings.singleProcessOomKill === false)
    throw new Error("invalid configuration: singleProcessOOMKill must not be explicitly set to false when using cgroup v1");
  if (settings.failSwapOn && host.swapCapacityBytes > 0n) {
    throw new Error("running with swap on is not supported, please disable swap or set --fail-swap-on flag to false");
  }
};

/** Tells once, at start, what of the machine is there on sufferance. */
export const reportHost = (host: Pick<HostFacts, "cgroupVersion">, events: Pick<EventLog, "recordNode">): void => {
  if (host.cgroupVersion === 1) events.recordNode(NODE_EVENTS.cgroupV1());
};

/** Tells the kernel how willingly to kill the kubelet. A kubelet without the right to do so runs on. */
export const applyOomScoreAdj = async (path: string, score: number, logger: Logger): Promise<void> => {
  try {
    await writeFile(path, String(score));
  } catch (error) {
    logger.warn("Failed to apply oom score", { oomScoreAdj: score, error });
  }
};
