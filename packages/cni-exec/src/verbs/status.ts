import type { NetworkConfig } from "../network-config.ts";
import { isAtLeast } from "../spec-version.ts";
import { checkNetwork, runTurn } from "./context.ts";
import type { VerbContext, VerbOptions } from "./context.ts";

/** ready: every plugin says so. unsupported: the network is older than CNI 1.1, which brought STATUS, so nobody can say. */
export type StatusOutcome = "ready" | "unsupported";

/** Runs the chain with STATUS; the first plugin that is not ready ends it, and its error code (50, 51) is in the error. */
export const askStatus = async (context: VerbContext, network: NetworkConfig, { signal }: VerbOptions): Promise<StatusOutcome> => {
  if (!isAtLeast(checkNetwork(network), "1.1.0")) return "unsupported";
  for (const plugin of network.plugins) await runTurn(context, { command: "STATUS", network, plugin, input: {}, signal });
  return "ready";
};
