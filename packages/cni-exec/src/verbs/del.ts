import { checkAttachment } from "../attachment.ts";
import type { AttachmentReference } from "../attachment.ts";
import { isCniError } from "../errors.ts";
import type { CniError } from "../errors.ts";
import type { NetworkConfig } from "../network-config.ts";
import { cacheKeyOf } from "../result-cache.ts";
import type { CachedAttachment } from "../result-cache.ts";
import { isAtLeast } from "../spec-version.ts";
import { checkNetwork, describeAttachment, incompleteError, recallAttachment, runTurn } from "./context.ts";
import type { VerbContext, VerbOptions } from "./context.ts";

/** An attachment to be deleted. */
export interface DelInput {
  readonly network: NetworkConfig;
  readonly attachment: AttachmentReference;
}

/**
 * Runs the chain backwards with DEL, on past plugins that fail, so that one broken plugin does not keep what the others hold. The cached
 * result goes when all have succeeded: another attempt needs it. The caller has the locks.
 */
export const deleteHere = async (context: VerbContext, { network, attachment }: DelInput, { signal }: VerbOptions): Promise<void> => {
  const key = cacheKeyOf(network.name, attachment);
  // What cannot be read is as good as not there: deletion is best effort, and plugins must do without.
  const cached = await context.cache.read(key).catch((): CachedAttachment | undefined => undefined);
  const whole = recallAttachment(attachment, cached);
  const prevResult = isAtLeast(network.cniVersion, "0.4.0") ? cached?.result : undefined;
  const errors: CniError[] = [];
  for (const plugin of network.plugins.toReversed()) {
    try {
      const input = { prevResult, capabilityArgs: whole.capabilityArgs };
      await runTurn(context, { command: "DEL", network, plugin, attachment: whole, input, signal });
    } catch (error) {
      if (!isCniError(error)) throw error;
      errors.push(error);
    }
  }
  if (errors.length > 0) throw incompleteError(`delete ${describeAttachment(network, attachment)}`, errors);
  await context.cache.remove(key);
};

/** Deletes one attachment. */
export const deleteAttachment = async (context: VerbContext, input: DelInput, options: VerbOptions): Promise<void> => {
  const { network, attachment } = input;
  checkNetwork(network);
  checkAttachment(attachment);
  await context.locks.withContainer(attachment.containerId, { networkName: network.name, signal: options.signal }, () =>
    deleteHere(context, input, options),
  );
};
