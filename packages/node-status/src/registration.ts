import type { Node } from "@nk/pod-model";
import { callApi, refreshNode } from "./context.ts";
import type { Context } from "./context.ts";
import type { NodeFacts } from "./facts.ts";
import { computeInitialNode } from "./initial-node.ts";
import { computeNodePatch } from "./node-patch.ts";
import { reconcileNode } from "./reconcile.ts";
import { isSameNode } from "./same-value.ts";

/** How a node came to be ours. */
export interface Registered {
  readonly node: Node;
  /** It was not there before: its status is the one just computed. */
  readonly isNew: boolean;
}

const takeOver = async (
  context: Context,
  signal: AbortSignal,
  nodes: { readonly wanted: Node; readonly existing: Node },
): Promise<Registered> => {
  const { ports, options } = context;
  const { nodeName } = options.settings;
  const reconciled = reconcileNode({ ...nodes, resetExtended: options.resetExtendedResources });
  const patch = isSameNode(nodes.existing, reconciled) ? undefined : computeNodePatch(nodes.existing, reconciled);
  options.logger.info("the node was registered before", { node: nodeName, reconciled: patch !== undefined });
  if (patch === undefined) return { node: nodes.existing, isNew: false };
  const node = await callApi(context, signal, {
    what: `reconciling node ${nodeName}`,
    call: (call) => ports.node.patchStatus(nodeName, patch, call),
  });
  return { node, isNew: false };
};

/**
 * One attempt: create the node with its whole status, or take over the one that is there. A node the watch knows is not created first.
 * Rejects when the server does.
 */
export const register = async (context: Context, facts: NodeFacts, signal: AbortSignal): Promise<Registered> => {
  const { ports, options, cache, metrics } = context;
  const { settings, clock, classifyError, logger } = options;
  const { nodeName } = settings;
  metrics.attemptRegistration(clock.nowMs());
  const wanted = refreshNode(context, facts, computeInitialNode(settings, facts.machine)).node;
  if (cache.node !== undefined) return await takeOver(context, signal, { wanted, existing: cache.node });
  let refusal: unknown;
  try {
    const node = await callApi(context, signal, {
      what: `creating node ${nodeName}`,
      call: (call) => ports.node.create(wanted, call),
    });
    logger.info("the node is registered", { node: nodeName });
    metrics.registeredNew(clock.nowMs(), facts.machine?.bootTimeMs);
    return { node, isNew: true };
  } catch (error) {
    const answer = classifyError(error);
    // A kubelet that may not create nodes may still own one that somebody else has made.
    if (answer !== "already-exists" && answer !== "forbidden") throw error;
    refusal = error;
  }
  let existing: Node;
  try {
    existing = await callApi(context, signal, {
      what: `reading node ${nodeName}`,
      call: (call) => ports.node.get(nodeName, call),
    });
  } catch (error) {
    throw classifyError(error) === "not-found" ? refusal : error;
  }
  return await takeOver(context, signal, { wanted, existing });
};
