import type { Node } from "@nk/pod-model";
import { isNodeReady } from "./context.ts";
import type { Context } from "./context.ts";
import type { NodeFacts } from "./facts.ts";
import { register } from "./registration.ts";
import type { ReportSchedule } from "./report.ts";

/** pending: to be created or taken over. ours: done. lost: it was ours and is gone. */
type OwnershipState =
  | { readonly kind: "pending" }
  | { readonly kind: "ours"; readonly uid: string | undefined }
  | { readonly kind: "lost" };

/**
 * What may be done about the status now. free: report it. claimed: the node has just been registered, report what is left. waiting: there is
 * no node, and this kubelet may not make it.
 */
export type Claim = "free" | "claimed" | "waiting";

/** Whose the node is. */
export interface Ownership {
  readonly isOurs: boolean;
  /** Registers the node if that is called for; one attempt, rejects when the server does. */
  claim(facts: NodeFacts, signal: AbortSignal): Promise<Claim>;
  /** The server says there is no such node. */
  lose(): void;
  /** What the watch shows; true when that was news. */
  observe(node: Node | undefined): boolean;
}

/** A node that is yet to be registered. */
export const createOwnership = (context: Context, schedule: ReportSchedule): Ownership => {
  const { ports, options, cache, metrics } = context;
  const { clock } = options;
  let state: OwnershipState = { kind: "pending" };

  const own = (node: Node, isNew: boolean, facts: NodeFacts): void => {
    state = { kind: "ours", uid: node.metadata?.uid };
    if (isNew) schedule.sent(clock.monotonicMs(), true);
    if (isNew && isNodeReady(node)) metrics.ready(clock.nowMs(), facts.machine?.bootTimeMs);
    ports.listener?.onRegistered?.(node);
  };

  return {
    get isOurs() {
      return state.kind === "ours";
    },
    async claim(facts, signal) {
      if (!options.registerNode || (state.kind === "ours" && cache.node !== undefined)) return "free";
      if (state.kind === "lost" && !options.reRegister) return "waiting";
      const asked = cache.ask();
      const { node, isNew } = await register(context, facts, signal);
      cache.learn(node, asked);
      // It was deleted while it was being registered: the watch has woken us, and the next look begins anew.
      if (cache.epoch !== asked.epoch) return "waiting";
      own(node, isNew, facts);
      return "claimed";
    },
    lose() {
      cache.forget();
      if (options.registerNode) state = { kind: "lost" };
    },
    observe(node) {
      if (node === undefined) {
        if (cache.known.kind === "absent") return false;
        cache.forget();
        if (state.kind === "ours") state = { kind: "lost" };
        return true;
      }
      if (!cache.learn(node)) return false;
      // Somebody has made it anew: labels and annotations have to be looked at again.
      const isOther = state.kind === "ours" && state.uid !== node.metadata?.uid;
      if (state.kind === "lost" || isOther) state = { kind: "pending" };
      return true;
    },
  };
};
