import type { Node } from "@nk/pod-model";
import { runTaskGroup } from "@nk/stdx";
import { createAnnouncer } from "./announcer.ts";
import { isNodeReady } from "./context.ts";
import type { Context } from "./context.ts";
import { createLeaseHeartbeat } from "./lease.ts";
import { createNodeStatusMetrics } from "./metrics.ts";
import { createNetworkWatch } from "./network-watch.ts";
import { createNodeCache } from "./node-cache.ts";
import { NODE_EVENTS } from "./node-events.ts";
import { resolveOptions } from "./options.ts";
import type { NodeStatusOptions } from "./options.ts";
import type { NodeEvent, NodeStatusPorts } from "./ports.ts";
import { createStatusDriver } from "./status-driver.ts";

/** Keeps the node's object, its status and its lease. */
export interface NodeStatus {
  /** Tells "Starting kubelet.", then keeps the node until `signal` aborts. Not to be called twice. */
  run(signal: AbortSignal): Promise<void>;
  /** The node as last heard of, from the watch or from an answer to a write. */
  node(): Node | undefined;
  /** Feed it from a watch of the one node: each object it shows, `undefined` when there is none or it was deleted. */
  onNodeObserved(node: Node | undefined): void;
  /** Look at the facts now, and end any wait after a failure. `cause` is logged. */
  wake(cause: string): void;
  /** Whether the server has the node as ready. */
  isReady(): boolean;
  /** Whether the node exists and is ours: created, or taken over. */
  isRegistered(): boolean;
  /** An event about the node, e.g. `NODE_EVENTS.allocatableEnforced()`. */
  record(event: NodeEvent): void;
}

/**
 * The node of a kubelet: registered (or waited for), its status sent the moment a fact changes, its lease renewed. Changes come from
 * `facts.subscribe` and `onNodeObserved`; the regular update is the safety net. Throws `invalid-option`; starts nothing before `run`.
 */
export const createNodeStatus = (ports: NodeStatusPorts, options: NodeStatusOptions): NodeStatus => {
  const resolved = resolveOptions(options);
  const { logger } = resolved;
  const { nodeName } = resolved.settings;
  const cache = createNodeCache();
  const announcer = createAnnouncer(ports.events, { nodeName, logger });
  const metrics = createNodeStatusMetrics(resolved.metrics, { nodeName, kubeletStartMs: resolved.startedAtMs });
  const network = createNetworkWatch(ports.network, resolved, () => driver.wake());
  const context: Context = { ports, options: resolved, cache, metrics, announcer, network: () => network.current() };
  const lease = createLeaseHeartbeat(context);
  const driver = createStatusDriver(context, lease);

  return {
    node: () => cache.node,
    isReady: () => isNodeReady(cache.node),
    isRegistered: () => driver.isRegistered,
    record: (event) => announcer.record(event),
    onNodeObserved: (node) => driver.observe(node),
    wake(cause) {
      logger.debug("the node's status is looked at", { cause });
      lease.nudge();
      driver.wake();
    },
    async run(signal) {
      announcer.record(NODE_EVENTS.starting());
      using _subscription = ports.facts.subscribe(() => driver.wake());
      await runTaskGroup(signal, {
        network: (group) => network.run(group),
        lease: (group) => lease.run(group),
        status: (group) => driver.run(group),
      });
    },
  };
};
