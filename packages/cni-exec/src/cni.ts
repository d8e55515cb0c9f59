import { noopLogger, systemClock } from "@nk/stdx";
import type { Attachment, AttachmentId, AttachmentReference } from "./attachment.ts";
import type { NetworkConfig } from "./network-config.ts";
import { createNetworkLocks } from "./network-locks.ts";
import type { CniOptions, CniSettings } from "./options.ts";
import type { CniResult } from "./result.ts";
import { createResultCache } from "./result-cache.ts";
import type { AttachmentFilter, CachedAttachment } from "./result-cache.ts";
import { addAttachment } from "./verbs/add.ts";
import { checkAttached } from "./verbs/check.ts";
import type { CheckOutcome } from "./verbs/check.ts";
import type { VerbContext, VerbOptions } from "./verbs/context.ts";
import { deleteAttachment } from "./verbs/del.ts";
import { collectGarbage } from "./verbs/gc.ts";
import type { GcOutcome } from "./verbs/gc.ts";
import { askStatus } from "./verbs/status.ts";
import type { StatusOutcome } from "./verbs/status.ts";
import { validateNetwork } from "./verbs/validate.ts";
import type { NetworkValidation } from "./verbs/validate.ts";
import { askVersions } from "./verbs/version.ts";

/**
 * Runs networks' plugins. Operations on one container wait for each other, a garbage collection for all of its network. All reject with
 * CniError, or with `signal.reason` once the plugin that ran is down.
 */
export interface Cni {
  /**
   * Attaches a container to a network and keeps the result for `check` and `del`. When it fails, what was done so far stays: call `del`,
   * as the specification demands, unless the failure says that the container had been attached before.
   */
  add(network: NetworkConfig, attachment: Attachment, options?: VerbOptions): Promise<CniResult>;
  /** Detaches it; succeeds for what is not attached. "incomplete" when plugins failed: the others did their part, and it can be called again. */
  del(network: NetworkConfig, attachment: AttachmentReference, options?: VerbOptions): Promise<void>;
  /** Whether the attachment is as it was made. "not-attached" without a cached result, "unsupported" before CNI 0.4.0. */
  check(network: NetworkConfig, attachment: AttachmentReference, options?: VerbOptions): Promise<CheckOutcome>;
  /** Whether the network's plugins can attach containers. */
  status(network: NetworkConfig, options?: VerbOptions): Promise<StatusOutcome>;
  /** Deletes everything of the network but the valid attachments: an empty list means all. "incomplete" when parts of it failed. */
  gc(network: NetworkConfig, validAttachments: readonly AttachmentId[], options?: VerbOptions): Promise<GcOutcome>;
  /** The versions of the specification that a plugin supports, by its own word. */
  version(pluginType: string, options?: VerbOptions): Promise<readonly string[]>;
  /** What would keep the network from working. Attaches nothing. */
  validate(network: NetworkConfig, options?: VerbOptions): Promise<NetworkValidation>;
  /** The attachments that the cache knows, also those that other users of libcni's cache made. */
  listAttachments(filter?: AttachmentFilter): Promise<readonly CachedAttachment[]>;
}

/** Enough for plugins to find iptables and ip; nothing of this process's own environment reaches them unasked. */
const DEFAULT_ENVIRONMENT = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };

const settingsOf = (options: CniOptions): CniSettings => ({
  pluginDirs: options.pluginDirs ?? ["/opt/cni/bin"],
  cacheDir: options.cacheDir ?? "/var/lib/cni",
  timeoutMs: options.timeoutMs ?? 60_000,
  killAfterMs: options.killAfterMs ?? 2_000,
  maxStdoutBytes: options.maxStdoutBytes ?? 1 << 20,
  maxStderrBytes: options.maxStderrBytes ?? 64 << 10,
  maxQueued: options.maxQueued ?? 10_000,
  env: options.env ?? DEFAULT_ENVIRONMENT,
  launcher: options.launcher ?? [],
  onPluginRun: options.onPluginRun,
  logger: options.logger ?? noopLogger,
  clock: options.clock ?? systemClock,
});

/** A runner of CNI plugins. Does nothing until it is asked to. */
export const createCni = (options: CniOptions = {}): Cni => {
  const settings = settingsOf(options);
  const cache = createResultCache(settings.cacheDir);
  const context: VerbContext = { settings, cache, locks: createNetworkLocks(settings.maxQueued) };
  return {
    add: (network, attachment, verb = {}) => addAttachment(context, { network, attachment }, verb),
    del: (network, attachment, verb = {}) => deleteAttachment(context, { network, attachment }, verb),
    check: (network, attachment, verb = {}) => checkAttached(context, { network, attachment }, verb),
    status: (network, verb = {}) => askStatus(context, network, verb),
    gc: (network, validAttachments, verb = {}) => collectGarbage(context, { network, validAttachments }, verb),
    version: (pluginType, verb = {}) => askVersions(context, pluginType, verb),
    validate: (network, verb = {}) => validateNetwork(context, network, verb),
    listAttachments: (filter) => cache.list(filter),
  };
};
