import type { Node } from "@nk/pod-model";
import { callApi, isNodeReady, refreshNode } from "./context.ts";
import type { Context } from "./context.ts";
import type { NodeFacts } from "./facts.ts";
import { computeNodePatch } from "./node-patch.ts";
import { isSameNode } from "./same-value.ts";

/** When the status is sent although nothing has changed. */
export interface ReportSchedule {
  isDue(nowMs: number): boolean;
  /** A status was sent: `hasChanged`, or because it was due. */
  sent(nowMs: number, hasChanged: boolean): void;
}

/**
 * Every `statusReportMs`; after a change, and at the start, the next one is moved by up to half of that in either direction, so that nodes
 * that changed together do not report together for ever (reference: delayAfterNodeStatusChange).
 */
export const createReportSchedule = (options: { readonly statusReportMs: number; readonly random: () => number }): ReportSchedule => {
  let last: { readonly atMs: number; readonly shiftMs: number } | undefined;
  return {
    isDue: (nowMs) => last === undefined || nowMs - last.atMs >= options.statusReportMs + last.shiftMs,
    sent(nowMs, hasChanged) {
      const isShifted = hasChanged || last === undefined;
      last = { atMs: nowMs, shiftMs: isShifted ? options.statusReportMs * (options.random() - 0.5) : 0 };
    },
  };
};

/** How one report ended; a rejection of the server is thrown. */
export type ReportOutcome = "sent" | "unchanged" | "gone";

const readNode = async (context: Context, signal: AbortSignal): Promise<Node> => {
  const { nodeName } = context.options.settings;
  return await callApi(context, signal, {
    what: `reading node ${nodeName}`,
    call: (call) => context.ports.node.get(nodeName, call),
  });
};

const sendOnce = async (context: Context, input: ReportInput, base: Node): Promise<ReportOutcome> => {
  const { ports, options, cache, metrics } = context;
  const { facts, schedule, signal } = input;
  const { nodeName } = options.settings;
  const { node } = refreshNode(context, facts, base);
  const hasChanged = !isSameNode(base, node);
  if (!hasChanged && !schedule.isDue(options.clock.monotonicMs())) {
    ports.listener?.onVolumesReported?.(base.status?.volumesInUse ?? []);
    return "unchanged";
  }
  // Within one second of the last report not even a heartbeat's time differs.
  const patch = computeNodePatch(base, node);
  let updated = base;
  if (patch !== undefined) {
    const asked = cache.ask();
    updated = await callApi(context, signal, {
      what: `updating the status of node ${nodeName}`,
      call: (call) => ports.node.patchStatus(nodeName, patch, call),
    });
    cache.learn(updated, asked);
  }
  schedule.sent(options.clock.monotonicMs(), hasChanged);
  if (isNodeReady(updated)) metrics.ready(options.clock.nowMs(), facts.machine?.bootTimeMs);
  ports.listener?.onVolumesReported?.(updated.status?.volumesInUse ?? []);
  return "sent";
};

/** What {@link report} takes. */
export interface ReportInput {
  readonly facts: NodeFacts;
  readonly schedule: ReportSchedule;
  readonly signal: AbortSignal;
}

/**
 * Brings the status to the server if it has changed or is due. The first attempt starts from the node as it is known, without a read; after
 * an answer that says our view is old or wrong the node is read, up to `maxTries` attempts. "gone": there is no such node.
 */
export const report = async (context: Context, input: ReportInput): Promise<ReportOutcome> => {
  const { options, cache } = context;
  let base = cache.node;
  for (let attempt = 1; ; attempt += 1) {
    try {
      if (base === undefined) {
        const asked = cache.ask();
        base = await readNode(context, input.signal);
        cache.learn(base, asked);
      }
      return await sendOnce(context, input, base);
    } catch (error) {
      input.signal.throwIfAborted();
      const answer = options.classifyError(error);
      if (answer === "not-found") return "gone";
      if (answer === "unavailable" || attempt >= options.maxTries) throw error;
      options.logger.debug("the node's status was refused, trying again with a fresh node", { attempt, error });
      base = undefined;
    }
  }
};
