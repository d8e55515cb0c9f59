import type { Node } from "@nk/pod-model";
import { callApi } from "./context.ts";
import type { Context } from "./context.ts";

/** Hands the node's pod CIDRs on when they change. */
export interface PodCidrOffer {
  /** Starts handing over what is new; never waits, never throws. */
  offer(node: Node, signal: AbortSignal): void;
  /** Resolves when nothing is being handed over. */
  settled(): Promise<void>;
}

/** Nothing is handed over yet. */
export const createPodCidrOffer = (context: Context): PodCidrOffer => {
  const { ports, options } = context;
  let accepted = "";
  let running: Promise<void> | undefined;

  const handOver = async (cidrs: string, signal: AbortSignal): Promise<void> => {
    try {
      await callApi(context, signal, {
        what: "telling the runtime the pod CIDRs",
        call: async (call) => ports.listener?.onPodCidr?.(cidrs, call),
      });
      accepted = cidrs;
      options.logger.info("the pod CIDRs have changed", { podCidrs: cidrs });
    } catch (error) {
      if (!signal.aborted) options.logger.warn("the pod CIDRs were not taken, they are offered again", { podCidrs: cidrs, error });
    } finally {
      running = undefined;
    }
  };

  return {
    offer(node, signal) {
      const cidrs = (node.spec?.podCIDRs ?? []).join(",");
      if (cidrs === "" || cidrs === accepted || running !== undefined || ports.listener?.onPodCidr === undefined) return;
      running = handOver(cidrs, signal);
    },
    settled: async () => await running,
  };
};
