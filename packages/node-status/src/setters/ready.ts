import type { NodeCondition } from "@nk/pod-model";
import type { NodeFacts, RuntimeCondition } from "../facts.ts";
import { NODE_EVENTS } from "../node-events.ts";
import { findCondition, withCondition } from "./conditions.ts";
import type { Setter, SetterInput, SetterOutput } from "./setter.ts";

/** `RuntimeReady=false reason:X message:Y`; a condition the runtime does not report at all reads `<nil>`, as in the reference. */
const describeCondition = (condition: RuntimeCondition | undefined): string =>
  condition === undefined ? "<nil>" : `${condition.type}=${condition.status} reason:${condition.reason} message:${condition.message}`;

const findRuntimeProblems = ({ runtime: { health }, healthProblems = [] }: NodeFacts, input: SetterInput): readonly string[] => {
  if (health.kind === "unknown") {
    return ["container runtime status check may not have completed yet", ...healthProblems, "network state unknown"];
  }
  const { outOfSyncSinceMs, runtime, network } = health;
  const isDown = outOfSyncSinceMs !== undefined && input.nowMs - outOfSyncSinceMs >= input.runtimeDownAfterMs;
  return [
    ...(isDown ? ["container runtime is down"] : []),
    ...healthProblems,
    ...(runtime?.status === true ? [] : [`container runtime not ready: ${describeCondition(runtime)}`]),
    ...(network?.status === true ? [] : [`container runtime network not ready: ${describeCondition(network)}`]),
  ];
};

const findMissingCapacity = ({ node, settings }: SetterInput): readonly string[] => {
  const required = ["cpu", "memory", "pods", ...(settings.localStorage ? ["ephemeral-storage"] : [])];
  const missing = required.filter((name) => node.status?.capacity?.[name] === undefined);
  return missing.length === 0 ? [] : [`missing node capacity for resources: ${missing.join(", ")}`];
};

/** One message of several, as apimachinery's Aggregate writes it: each once, in brackets when there are more. */
const aggregate = (problems: readonly string[]): string => {
  const distinct = [...new Set(problems)];
  return distinct.length === 1 ? distinct.join("") : `[${distinct.join(", ")}]`;
};

/** Why the node is not ready, in the reference's order: runtime, network, storage, shutdown, capacity. */
const findProblems = (input: SetterInput): readonly string[] => [
  ...findRuntimeProblems(input.facts, input),
  ...(input.facts.storageProblem === undefined ? [] : [input.facts.storageProblem]),
  ...(input.facts.isShuttingDown === true ? ["node is shutting down"] : []),
  ...findMissingCapacity(input),
];

/** Condition Ready, which stays the last one of the kubelet's own. Its text may change without a transition. */
export const setReady: Setter = (input): SetterOutput => {
  const { node, now, settings, facts } = input;
  const problems = findProblems(input);
  const isReady = problems.length === 0;
  const message = isReady ? "kubelet is posting ready status" : aggregate(problems);
  const status = isReady ? "True" : "False";
  const before = findCondition(node, "Ready");
  const hasTurned = before !== undefined && before.status !== status;
  const condition: NodeCondition = {
    type: "Ready",
    status,
    lastHeartbeatTime: now,
    lastTransitionTime: before === undefined || hasTurned ? now : (before.lastTransitionTime ?? now),
    reason: isReady ? "KubeletReady" : "KubeletNotReady",
    message: facts.softRequirements === undefined ? message : `${message}. WARNING: ${facts.softRequirements}`,
  };
  const event = NODE_EVENTS.statusIsNow(settings.nodeName, isReady ? "NodeReady" : "NodeNotReady");
  return {
    status: { conditions: withCondition(node, condition) },
    ...(hasTurned ? { events: [{ topic: "Ready", event }] } : {}),
  };
};
