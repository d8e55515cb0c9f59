import type { Node } from "@nk/pod-model";
import { formatTimestamp } from "@nk/pod-model";
import { withDeadline } from "@nk/stdx";
import type { Announcer } from "./announcer.ts";
import { computeNode } from "./compute-node.ts";
import type { ComputedNode } from "./compute-node.ts";
import type { NetworkFacts, NodeFacts } from "./facts.ts";
import type { NodeStatusMetrics } from "./metrics.ts";
import type { NodeCache } from "./node-cache.ts";
import type { ResolvedOptions } from "./options.ts";
import type { CallOptions, NodeStatusPorts } from "./ports.ts";

/** What the parts of the driver share. */
export interface Context {
  readonly ports: NodeStatusPorts;
  readonly options: ResolvedOptions;
  readonly cache: NodeCache;
  readonly metrics: NodeStatusMetrics;
  readonly announcer: Announcer;
  /** The addresses' facts, once they have been read. */
  readonly network: () => NetworkFacts | undefined;
}

/** One API call with its deadline. */
export const callApi = async <T>(
  context: Context,
  signal: AbortSignal,
  request: { readonly what: string; readonly call: (options: CallOptions) => Promise<T> },
): Promise<T> => {
  const { clock, callTimeoutMs } = context.options;
  using deadline = withDeadline({ signal, timeoutMs: callTimeoutMs, clock, what: request.what });
  return await request.call({ signal: deadline.signal });
};

/** The node as it should be now, its events told and its problems logged. */
export const refreshNode = (context: Context, facts: NodeFacts, node: Node): ComputedNode => {
  const { options, announcer } = context;
  const nowMs = options.clock.nowMs();
  const computed = computeNode({
    facts,
    node,
    network: context.network(),
    settings: options.settings,
    now: formatTimestamp(nowMs),
    nowMs,
    runtimeDownAfterMs: options.runtimeDownAfterMs,
    wasUnschedulable: announcer.wasUnschedulable,
  });
  announcer.announce(computed);
  return computed;
};

/** Whether the server has the node as ready. */
export const isNodeReady = (node: Node | undefined): boolean =>
  node?.status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True") ?? false;
