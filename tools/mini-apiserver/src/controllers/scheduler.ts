import type { Node, Pod } from "@nk/pod-model";
import { runTaskGroup } from "@nk/stdx";
import type { ApiObject, Controller, StoreChange } from "../contracts.ts";
import { KIND, typed } from "../stored-kinds.ts";
import { bindPod } from "../subresources/binding.ts";
import { withCondition } from "../subresources/pod-conditions.ts";
import { recordEvent } from "./events.ts";
import type { EventText } from "./events.ts";
import { follow } from "./follow.ts";
import { attempt } from "./guard.ts";
import { computeMisfits } from "./node-fit.ts";
import type { Candidate } from "./node-fit.ts";
import type { ControllerOptions } from "./options.ts";

const NAME = "default-scheduler";

const hasEnded = ({ status }: Pod): boolean => status?.phase === "Succeeded" || status?.phase === "Failed";

const isWaiting = (pod: Pod): boolean =>
  (pod.spec?.nodeName ?? "") === "" &&
  (pod.spec?.schedulerName ?? NAME) === NAME &&
  pod.metadata?.deletionTimestamp === undefined &&
  (pod.spec?.schedulingGates ?? []).length === 0 &&
  !hasEnded(pod);

const byPriorityAndAge = (a: Pod, b: Pod): number =>
  (b.spec?.priority ?? 0) - (a.spec?.priority ?? 0) ||
  (a.metadata?.creationTimestamp ?? "").localeCompare(b.metadata?.creationTimestamp ?? "");

/** `0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable.` */
const explain = (misfits: readonly (readonly string[])[]): string => {
  if (misfits.length === 0) return "no nodes available to schedule pods";
  const counts = new Map<string, number>();
  for (const reason of misfits.flat()) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const reasons = [...counts].map(([reason, count]) => `${count} ${reason}`).toSorted();
  return `0/${misfits.length} nodes are available: ${reasons.join(", ")}.`;
};

type Decision = { readonly nodeName: string } | { readonly message: string };

/** The node with the fewest pods of those that fit; by name where they are equal. Pure. */
export const decideNode = (pod: Pod, candidates: readonly Candidate[]): Decision => {
  const checked = candidates.map((candidate) => ({ candidate, misfits: computeMisfits(pod, candidate) }));
  const [best] = checked
    .filter(({ misfits }) => misfits.length === 0)
    .map(({ candidate }) => candidate)
    .toSorted((a, b) => a.pods.length - b.pods.length || (a.node.metadata?.name ?? "").localeCompare(b.node.metadata?.name ?? ""));
  if (best === undefined) return { message: explain(checked.map(({ misfits }) => misfits)) };
  return { nodeName: best.node.metadata?.name ?? "" };
};

/** Binds pods that have no node yet, as soon as they come or something changes that they may have waited for. There is no preemption. */
export const createScheduler = (options: ControllerOptions): Controller => {
  const { store, clock, logger } = options;
  /** Why a pod has no node, as it was last told, by uid: told once, not with every change of a node. */
  const told = new Map<string, string>();
  let isDue = false;

  const record = (pod: Pod, text: Omit<EventText, "component">): void =>
    recordEvent({ ...(pod as ApiObject), kind: "Pod" }, { ...text, component: NAME }, options);

  const refuse = (pod: Pod, message: string): void => {
    const { uid = "", namespace = "", name = "" } = pod.metadata ?? {};
    if (told.get(uid) === message) return;
    told.set(uid, message);
    record(pod, { type: "Warning", reason: "FailedScheduling", message, action: "Scheduling" });
    const condition = { type: "PodScheduled", status: "False", reason: "Unschedulable", message };
    store.update(KIND.pods, { namespace, name }, (current) => ({
      ...current,
      status: withCondition(typed<Pod>(current).status, condition, clock.nowMs()),
    }));
  };

  const place = (pod: Pod, candidates: Candidate[]): void => {
    const { uid = "", namespace = "", name = "" } = pod.metadata ?? {};
    const decision = decideNode(pod, candidates);
    if ("message" in decision) {
      refuse(pod, decision.message);
      return;
    }
    const { nodeName } = decision;
    bindPod({ namespace, name, nodeName, uid }, { store, clock });
    told.delete(uid);
    const index = candidates.findIndex(({ node }) => node.metadata?.name === nodeName);
    const chosen = candidates[index];
    if (chosen !== undefined) candidates[index] = { ...chosen, pods: [...chosen.pods, pod] };
    const message = `Successfully assigned ${namespace}/${name} to ${nodeName}`;
    record(pod, { type: "Normal", reason: "Scheduled", message, action: "Binding" });
  };

  const placeAll = (): void => {
    isDue = false;
    const pods = store.list(KIND.pods).items.map((item) => typed<Pod>(item));
    const waiting = pods.filter(isWaiting);
    const uids = new Set(waiting.map(({ metadata }) => metadata?.uid ?? ""));
    for (const uid of told.keys()) if (!uids.has(uid)) told.delete(uid);
    if (waiting.length === 0) return;
    const candidates = store.list(KIND.nodes).items.map((item): Candidate => {
      const node = typed<Node>(item);
      return { node, pods: pods.filter((pod) => pod.spec?.nodeName === node.metadata?.name && !hasEnded(pod)) };
    });
    for (const pod of waiting.toSorted(byPriorityAndAge))
      attempt(logger, `scheduling ${pod.metadata?.namespace ?? ""}/${pod.metadata?.name ?? ""}`, () => place(pod, candidates));
  };

  /** All changes of one turn are looked at together. */
  const wake = (): void => {
    if (isDue) return;
    isDue = true;
    queueMicrotask(placeAll);
  };

  const onPod = ({ type, object, previous }: StoreChange): void => {
    const pod = typed<Pod>(object);
    // A pod that goes or ends makes room for others.
    const makesRoom = type === "DELETED" || (hasEnded(pod) && previous !== undefined && !hasEnded(typed<Pod>(previous)));
    if (isWaiting(pod) || makesRoom) wake();
  };

  return {
    name: "scheduler",
    run: (signal) =>
      runTaskGroup(signal, {
        pods: (linked) => follow(store, KIND.pods, { follower: { onList: wake, onChange: onPod }, signal: linked }),
        nodes: (linked) => follow(store, KIND.nodes, { follower: { onList: wake, onChange: wake }, signal: linked }),
      }),
  };
};
