import type { Pod, PodCondition, PodStatus } from "@nk/pod-model";
import { formatTimestamp } from "@nk/pod-model";

/** The status with the condition in it; the transition time moves only when the condition's status does. */
export const withCondition = (status: PodStatus | undefined, condition: PodCondition, nowMs: number): PodStatus => {
  const conditions = status?.conditions ?? [];
  const before = conditions.find(({ type }) => type === condition.type);
  const hasMoved = before?.status !== condition.status;
  const lastTransitionTime = hasMoved || before.lastTransitionTime === undefined ? formatTimestamp(nowMs) : before.lastTransitionTime;
  const next = { lastProbeTime: null, ...condition, lastTransitionTime } as unknown as PodCondition;
  return {
    ...status,
    conditions: before === undefined ? [...conditions, next] : conditions.map((one) => (one === before ? next : one)),
  };
};

/** Whether a pod says that it is ready. */
export const isPodReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
