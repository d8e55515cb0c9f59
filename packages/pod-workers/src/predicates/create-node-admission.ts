import { ADMITTED, ADMIT_REASONS, EVENT_REASONS, isCriticalPod, podRef } from "@nk/pod-model";
import type { AdmitResult, Node, Pod, PodUid } from "@nk/pod-model";
import { noopLogger, raceSignal, systemClock, withDeadline } from "@nk/stdx";
import type { Clock, Logger } from "@nk/stdx";
import { computeGraceSeconds } from "../grace.ts";
import type { PodWorkersMetrics } from "../metrics.ts";
import type { KillRequest } from "../pod-work.ts";
import type { AdmissionAnswer, AdmissionContext, EventPort, PodAdmission } from "../ports.ts";
import { checkPodFeatures } from "./features.ts";
import { computeMisfit, fits, isForLabelsAlone, isForLackOfRoom } from "./fit.ts";
import type { Misfit } from "./fit.ts";
import { checkAppArmor, checkPlatform, checkSysctls, explainMisfit } from "./node-admission.ts";
import { choosePreemption } from "./preemption.ts";
import { checkResize } from "./resize-limits.ts";
import type { ResizeLimits } from "./resize-limits.ts";

/** A further reason to refuse a pod; asked for new pods and for resizes. */
export type AdmitHandler = (pod: Pod, others: readonly Pod[]) => AdmitResult | Promise<AdmitResult>;

/** What the admission asks and causes. */
export interface NodeAdmissionPorts {
  /** The node as it is known. */
  node(): Node;
  /** Reads it from the API: asked when only its labels speak against a pod. Absent without an API server. */
  readNode?(): Promise<Node>;
  /** Resolves when it is known what the node's runtime can do; waited for before a pod is refused for that. Absent: it is known. */
  platformKnown?(): Promise<void>;
  /**
   * Stops a pod that makes room for a critical one; resolves when its containers have ended. The signal aborts when that takes half as long
   * again as its grace period, and 10 s at least: nobody waits for it any more then, and the critical pod is admitted.
   */
  kill(uid: PodUid, request: KillRequest, options: { readonly signal: AbortSignal }): Promise<unknown>;
  readonly events?: EventPort;
}

export interface NodeAdmissionOptions {
  /** Sysctls that may be set though they are not safe; a trailing `*` is a prefix. Default: none. */
  readonly allowedUnsafeSysctls?: readonly string[];
  /** Tells of a feature gate of the node; default: all are on. */
  readonly isOn?: (gate: string) => boolean;
  /** Whether the kernel of this host enforces AppArmor. Default false. */
  readonly isAppArmorEnabled?: boolean;
  readonly resizeLimits?: ResizeLimits;
  /** Handlers at their places in the reference's order. */
  readonly handlers?: {
    /** Before all others: pressure of the node. */
    readonly pressure?: AdmitHandler;
    /** After the sysctls: CPUs, memory, devices. */
    readonly devices?: AdmitHandler;
    /** After all others. */
    readonly shutdown?: AdmitHandler;
  };
  readonly metrics?: Pick<PodWorkersMetrics, "preemptions" | "infeasibleResizes">;
  readonly logger?: Logger;
  readonly clock?: Clock;
}

const PREEMPTED: KillRequest = {
  reason: EVENT_REASONS.Preempting,
  message: "Preempted in order to admit critical pod",
  conditions: [
    {
      type: "DisruptionTarget",
      status: "True",
      reason: "TerminationByKubelet",
      message: "Pod was preempted by Kubelet to accommodate a critical pod.",
    },
  ],
};

interface Desk {
  readonly ports: NodeAdmissionPorts;
  readonly options: NodeAdmissionOptions;
  readonly logger: Logger;
}

/** All other pods wait for their admission meanwhile: one that cannot be stopped must not hold them up for ever (killPodNow in the reference). */
const killInTime = async ({ ports, options }: Desk, victim: Pod): Promise<void> => {
  const timeoutMs = Math.max(10_000, computeGraceSeconds(victim, { current: undefined }) * 1500);
  using deadline = withDeadline({ timeoutMs, clock: options.clock ?? systemClock, what: "stop a preempted pod" });
  await raceSignal(ports.kill(podRef(victim).uid, PREEMPTED, { signal: deadline.signal }), deadline.signal);
};

/** One after another, each waited for: the pod may count on all of it when this returns. */
const preempt = async (desk: Desk, pod: Pod, given: { others: readonly Pod[]; misfit: Misfit }): Promise<AdmitResult> => {
  const { ports, options, logger } = desk;
  const { shortages } = given.misfit;
  const choice = choosePreemption(pod, given.others, shortages);
  if (choice.type === "impossible") {
    const why = `preemption: error finding a set of pods to preempt: ${choice.why}`;
    const message = `Unexpected error while attempting to recover from admission failure: ${why}`;
    return { admit: false, reason: ADMIT_REASONS.UnexpectedAdmissionError, message };
  }
  for (const victim of choice.victims) {
    const ref = podRef(victim);
    ports.events?.record({ ref, type: "Warning", reason: PREEMPTED.reason, message: PREEMPTED.message });
    logger.info("pod is preempted for a critical one", { pod: ref, for: podRef(pod) });
    try {
      await killInTime(desk, victim);
      options.metrics?.preemptions.inc({ preemption_signal: shortages[0]?.resource ?? "" });
    } catch (error) {
      logger.error("pod could not be preempted", { pod: ref, error });
    }
  }
  return ADMITTED;
};

/** The node is read anew when its labels alone are in the way. */
const measure = async ({ ports, logger }: Desk, pod: Pod, others: readonly Pod[]): Promise<Misfit> => {
  const misfit = computeMisfit(pod, others, ports.node());
  if (!isForLabelsAlone(misfit) || ports.readNode === undefined) return misfit;
  try {
    return computeMisfit(pod, others, await ports.readNode());
  } catch (error) {
    logger.warn("node cannot be read from the API", { error });
    return misfit;
  }
};

const judgePlatform = async (ports: NodeAdmissionPorts, pod: Pod): Promise<AdmitResult> => {
  const result = checkPlatform(pod, ports.node());
  if (result.admit || ports.platformKnown === undefined) return result;
  await ports.platformKnown();
  return checkPlatform(pod, ports.node());
};

const askPredicates = async (
  desk: Desk,
  pod: Pod,
  given: { others: readonly Pod[]; context: AdmissionContext },
): Promise<AdmissionAnswer> => {
  const { others, context } = given;
  const platform = await judgePlatform(desk.ports, pod);
  if (!platform.admit) return platform;
  const misfit = await measure(desk, pod, others);
  if (fits(misfit)) return ADMITTED;
  if (isForLackOfRoom(misfit) && context.leaving.size > 0 && context.allocated === undefined) {
    const staying = others.filter((other) => !context.leaving.has(podRef(other).uid));
    if (fits(computeMisfit(pod, staying, desk.ports.node()))) return { admit: "later" };
  }
  if (!isCriticalPod(pod)) return explainMisfit(misfit);
  // A critical pod is never refused for a lack of resources alone.
  if (misfit.predicates.length > 0) return explainMisfit({ shortages: [], predicates: misfit.predicates });
  return preempt(desk, pod, { others, misfit });
};

const askResize = ({ options }: Desk, wanted: Pod, allocated: Pod | undefined): AdmitResult => {
  if (allocated === undefined) return ADMITTED;
  const isOn = options.isOn ?? (() => true);
  const { detail, ...result } = checkResize(allocated, wanted, { isOn, ...(options.resizeLimits && { limits: options.resizeLimits }) });
  if (detail !== undefined) options.metrics?.infeasibleResizes.inc({ reason_detail: detail });
  return result;
};

/**
 * Judges pods by the node, through the reference's admission handlers in their order: resize, pressure, sysctls, devices, predicates with the
 * preemption for critical pods, AppArmor, features, shutdown (kubelet-facts 3). Only the first refusal is told. A pod that would fit if
 * the pods that are being stopped were gone is told to come back, where the reference refuses it or overcommits the node.
 */
export const createNodeAdmission = (ports: NodeAdmissionPorts, options: NodeAdmissionOptions = {}): PodAdmission => {
  const desk: Desk = { ports, options, logger: options.logger ?? noopLogger };
  const { handlers = {}, allowedUnsafeSysctls = [], isOn = () => true } = options;
  const skip: AdmitHandler = () => ADMITTED;
  return {
    admit: async (pod, others, context) => {
      const steps: readonly (() => AdmissionAnswer | Promise<AdmissionAnswer>)[] = [
        () => askResize(desk, pod, context.allocated),
        () => (handlers.pressure ?? skip)(pod, others),
        () => checkSysctls(pod, allowedUnsafeSysctls),
        () => (handlers.devices ?? skip)(pod, others),
        () => askPredicates(desk, pod, { others, context }),
        () => checkAppArmor(pod, options.isAppArmorEnabled === true),
        () => checkPodFeatures(pod, isOn),
        () => (handlers.shutdown ?? skip)(pod, others),
      ];
      for (const step of steps) {
        const answer = await step();
        if (answer.admit !== true) return answer;
      }
      return ADMITTED;
    },
  };
};
