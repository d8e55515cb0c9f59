import { checkAttachmentId, DEFAULT_IF_NAME } from "../attachment.ts";
import type { AttachmentId } from "../attachment.ts";
import { isCniError } from "../errors.ts";
import type { CniError } from "../errors.ts";
import type { NetworkConfig } from "../network-config.ts";
import { isAtLeast } from "../spec-version.ts";
import { checkNetwork, incompleteError, runTurn } from "./context.ts";
import type { VerbContext, VerbOptions } from "./context.ts";
import { deleteHere } from "./del.ts";

/** What a garbage collection did. */
export interface GcOutcome {
  /** done, or disabled by the network's `disableGC`. */
  readonly state: "done" | "disabled";
  /** Attachments that the cache knew and nobody holds valid any more; each was deleted. */
  readonly deleted: readonly AttachmentId[];
  /** Whether the plugins themselves were told to collect: they are from CNI 1.1 on. */
  readonly arePluginsAsked: boolean;
}

/** A network and what is to stay of it. */
export interface GcInput {
  readonly network: NetworkConfig;
  readonly validAttachments: readonly AttachmentId[];
}

const idOf = ({ containerId, ifName = DEFAULT_IF_NAME }: AttachmentId): string => `${containerId}/${ifName}`;

/** Runs a step and keeps its CniError, if it has one. */
const attempt = async (errors: CniError[], step: () => Promise<void>): Promise<boolean> => {
  try {
    await step();
    return true;
  } catch (error) {
    if (!isCniError(error)) throw error;
    errors.push(error);
    return false;
  }
};

/** Deletes what the cache knows and is not valid, then tells the plugins what is; goes on past failures and gathers them. */
export const collectGarbage = async (context: VerbContext, input: GcInput, { signal }: VerbOptions): Promise<GcOutcome> => {
  const { network, validAttachments } = input;
  const version = checkNetwork(network);
  for (const id of validAttachments) checkAttachmentId(id);
  if (network.disableGC) return { state: "disabled", deleted: [], arePluginsAsked: false };
  const lock = { networkName: network.name, signal };
  return context.locks.withNetwork(lock, async () => {
    const valid = new Set(validAttachments.map(idOf));
    const errors: CniError[] = [];
    const deleted: AttachmentId[] = [];
    for (const cached of await context.cache.list({ networkName: network.name })) {
      if (valid.has(idOf(cached))) continue;
      const { containerId, ifName } = cached;
      const remove = (): Promise<void> => deleteHere(context, { network, attachment: { containerId, ifName } }, { signal });
      if (await attempt(errors, () => context.locks.withContainerOnly(containerId, lock, remove))) deleted.push({ containerId, ifName });
    }
    const arePluginsAsked = isAtLeast(version, "1.1.0");
    for (const plugin of arePluginsAsked ? network.plugins : [])
      await attempt(errors, () => runTurn(context, { command: "GC", network, plugin, input: { validAttachments }, signal }));
    if (errors.length > 0) throw incompleteError(`collect the garbage of network ${network.name}`, errors);
    return { state: "done", deleted, arePluginsAsked };
  });
};
