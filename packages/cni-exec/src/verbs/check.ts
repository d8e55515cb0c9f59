import { checkAttachment } from "../attachment.ts";
import type { AttachmentReference } from "../attachment.ts";
import { CniError } from "../errors.ts";
import type { NetworkConfig } from "../network-config.ts";
import { cacheKeyOf } from "../result-cache.ts";
import { isAtLeast } from "../spec-version.ts";
import { checkNetwork, describeAttachment, recallAttachment, runTurn } from "./context.ts";
import type { VerbContext, VerbOptions } from "./context.ts";

/** checked: every plugin is content. disabled: the network's `disableCheck` forbids to ask. */
export type CheckOutcome = "checked" | "disabled";

/** Runs the chain with CHECK, each plugin on the final result of the addition; the first one that fails ends it. */
export const checkAttached = async (
  context: VerbContext,
  { network, attachment }: { readonly network: NetworkConfig; readonly attachment: AttachmentReference },
  { signal }: VerbOptions,
): Promise<CheckOutcome> => {
  const version = checkNetwork(network);
  checkAttachment(attachment);
  if (!isAtLeast(version, "0.4.0"))
    throw new CniError("unsupported", `cannot check network ${network.name}: CHECK came with CNI 0.4.0, and it is written in ${version}`);
  if (network.disableCheck) return "disabled";
  return context.locks.withContainer<CheckOutcome>(attachment.containerId, { networkName: network.name, signal }, async () => {
    const cached = await context.cache.read(cacheKeyOf(network.name, attachment));
    if (cached === undefined)
      throw new CniError("not-attached", `cannot check ${describeAttachment(network, attachment)}: no result of its addition is cached`);
    const whole = recallAttachment(attachment, cached);
    const input = { prevResult: cached.result, capabilityArgs: whole.capabilityArgs };
    for (const plugin of network.plugins) await runTurn(context, { command: "CHECK", network, plugin, attachment: whole, input, signal });
    return "checked";
  });
};
