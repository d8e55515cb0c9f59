import type { Lease, Node, NodeCondition } from "@nk/pod-model";
import { formatTimestamp, parseTimestamp } from "@nk/pod-model";
import { createDelayQueue, runTaskGroup } from "@nk/stdx";
import type { ApiObject, Controller } from "../contracts.ts";
import { KIND, typed, typedOrAbsent } from "../stored-kinds.ts";
import { recordEvent } from "./events.ts";
import { follow } from "./follow.ts";
import { attempt } from "./guard.ts";
import { computeTaints } from "./node-taints.ts";
import type { ControllerOptions } from "./options.ts";

/** How nodes are judged. */
export interface NodeLifecycleOptions extends ControllerOptions {
  /** A node that is not heard of for so long is unreachable; default 50,000 (--node-monitor-grace-period of 1.36). */
  readonly graceMs?: number;
}

const DEFAULT_GRACE_MS = 50_000;
const LEASES = "kube-node-lease";
const HEARTBEAT_CONDITIONS = ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

const latest = (...stamps: readonly (string | undefined)[]): number =>
  Math.max(0, ...stamps.map((stamp) => (stamp === undefined || stamp === "" ? 0 : parseTimestamp(stamp))));

const unknownCondition = (type: string, before: NodeCondition | undefined, at: string): NodeCondition => ({
  type,
  status: "Unknown",
  reason: before === undefined ? "NodeStatusNeverUpdated" : "NodeStatusUnknown",
  message: before === undefined ? "Kubelet never posted node status." : "Kubelet stopped posting node status.",
  ...(before?.lastHeartbeatTime === undefined ? {} : { lastHeartbeatTime: before.lastHeartbeatTime }),
  lastTransitionTime: before?.status === "Unknown" && before.lastTransitionTime !== undefined ? before.lastTransitionTime : at,
});

/**
 * Says of nodes that are not heard of that nobody knows how they are, and keeps the taints of every node in step with its conditions at once
 * (pkg/controller/nodelifecycle). Running pods stay: nothing is evicted because of a NoExecute taint.
 */
export const createNodeLifecycle = (options: NodeLifecycleOptions): Controller => {
  const { store, clock, logger, graceMs = DEFAULT_GRACE_MS } = options;

  const heardMs = (node: Node): number => {
    const lease = typedOrAbsent<Lease>(store.get(KIND.leases, { namespace: LEASES, name: node.metadata?.name ?? "" }));
    const ready = node.status?.conditions?.find(({ type }) => type === "Ready");
    return latest(node.metadata?.creationTimestamp, lease?.spec?.renewTime, ready?.lastHeartbeatTime);
  };

  const isUnknown = (node: Node): boolean =>
    node.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "Unknown") ?? false;

  const declareUnknown = (name: string): void => {
    const at = formatTimestamp(clock.nowMs());
    const object = store.update(KIND.nodes, { name }, (current) => {
      const { status } = typed<Node>(current);
      const others = (status?.conditions ?? []).filter(({ type }) => !HEARTBEAT_CONDITIONS.includes(type));
      const unknown = HEARTBEAT_CONDITIONS.map((type) =>
        unknownCondition(
          type,
          status?.conditions?.find((one) => one.type === type),
          at,
        ),
      );
      return { ...current, status: { ...status, conditions: [...others, ...unknown] } };
    });
    const text = {
      type: "Normal",
      reason: "NodeNotReady",
      message: `Node ${name} status is now: NodeNotReady`,
      component: "node-controller",
    } as const;
    recordEvent({ ...object, apiVersion: "v1", kind: "Node" }, text, options);
  };

  return {
    name: "node-lifecycle",
    run: async (signal) => {
      using silences = createDelayQueue<string>({
        clock,
        onDue: (name) => {
          const node = typedOrAbsent<Node>(store.get(KIND.nodes, { name }));
          if (node === undefined || isUnknown(node)) return;
          // It may have been heard of since; then it has so much longer.
          if (heardMs(node) + graceMs > clock.nowMs()) silences.schedule(name, heardMs(node) + graceMs);
          else attempt(logger, `judging node ${name}`, () => declareUnknown(name));
        },
      });
      const judge = (object: ApiObject): void => {
        const node = typed<Node>(object);
        const name = node.metadata?.name ?? "";
        if (!isUnknown(node)) silences.scheduleEarlier(name, heardMs(node) + graceMs);
        attempt(logger, `tainting node ${name}`, () => {
          store.update(KIND.nodes, { name }, (current) => {
            const taints = computeTaints(typed<Node>(current), clock.nowMs());
            if (taints === undefined) return current;
            const { taints: _old, ...spec } = typed<Node>(current).spec ?? {};
            return { ...current, spec: { ...spec, ...(taints.length === 0 ? {} : { taints }) } };
          });
        });
      };
      await runTaskGroup(signal, {
        nodes: (linked) =>
          follow(store, KIND.nodes, {
            follower: {
              onList: (items) => items.forEach(judge),
              onChange: ({ type, object }) => (type === "DELETED" ? silences.cancel(object.metadata?.name ?? "") : judge(object)),
            },
            signal: linked,
          }),
      });
    },
  };
};
