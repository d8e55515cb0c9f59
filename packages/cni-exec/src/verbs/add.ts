import { checkAttachment } from "../attachment.ts";
import type { Attachment } from "../attachment.ts";
import type { NetworkConfig } from "../network-config.ts";
import { CniError } from "../errors.ts";
import { parseResult } from "../result.ts";
import type { CniResult } from "../result.ts";
import { checkNetwork, completeAttachment, runTurnForResult } from "./context.ts";
import type { VerbContext, VerbOptions } from "./context.ts";

/** Runs the chain with ADD, each plugin on the result of the one before it, and keeps the last one's result. */
export const addAttachment = async (
  context: VerbContext,
  { network, attachment }: { readonly network: NetworkConfig; readonly attachment: Attachment },
  { signal }: VerbOptions,
): Promise<CniResult> => {
  const version = checkNetwork(network);
  checkAttachment(attachment);
  const whole = completeAttachment(attachment);
  if (whole.netns === "")
    throw new CniError("invalid-argument", `cannot add container ${whole.containerId}: the path of its network namespace is empty`);
  return context.locks.withContainer(whole.containerId, { networkName: network.name, signal }, async () => {
    let result: CniResult | undefined;
    for (const plugin of network.plugins) {
      const input = { prevResult: result, capabilityArgs: whole.capabilityArgs };
      result = await runTurnForResult(context, { command: "ADD", network, plugin, attachment: whole, input, signal });
    }
    result ??= parseResult({}, version);
    await context.cache.write({ ...whole, networkName: network.name, configText: network.text, result });
    return result;
  });
};
