import type { Pod, PodUid, RuntimeContainerStatus, RuntimePodStatus } from "@nk/pod-model";
import type { ProbeVerdict } from "./input.ts";

/** What the statuses are computed from, read at the moment of computing. */
export interface PodFactsPort {
  /** The last observation, from memory. */
  observed(uid: PodUid): RuntimePodStatus | undefined;
  /** Verdicts of the probes by container id, from memory; containers without probes may be left out. */
  probes(pod: Pod): ReadonlyMap<string, ProbeVerdict>;
  /**
   * The message a container left when it ended, cut to its limit; empty when it left none. Asked once per container. A failure counts as
   * no message: a status must not wait for a broken file.
   */
  readTerminationMessage(pod: Pod, container: RuntimeContainerStatus): Promise<string>;
}
