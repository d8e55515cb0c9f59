import type { NetworkFacts } from "./facts.ts";
import type { ResolvedOptions } from "./options.ts";
import type { NetworkPort } from "./ports.ts";
import { isSameValue } from "./same-value.ts";
import { needsLookup } from "./setters/addresses.ts";

/** The facts the node's addresses are made of, read again and again. */
export interface NetworkWatch {
  /** As last read; absent before the first reading. */
  current(): NetworkFacts | undefined;
  /** Reads each `statusUpdateMs` (nothing tells of a new address or a changed DNS entry) and calls back when something is different. */
  run(signal: AbortSignal): Promise<void>;
}

const NOTHING: NetworkFacts = { interfaces: [], resolved: [] };

/** Nothing is read yet. */
export const createNetworkWatch = (port: NetworkPort, options: ResolvedOptions, onChange: () => void): NetworkWatch => {
  const { clock, logger, settings, statusUpdateMs } = options;
  let current: NetworkFacts | undefined;

  const readOnce = async (signal: AbortSignal): Promise<NetworkFacts> => {
    try {
      return await port.read({ lookup: needsLookup(settings), signal });
    } catch (error) {
      signal.throwIfAborted();
      logger.warn("the machine's addresses can't be read", { error });
      return current ?? NOTHING;
    }
  };

  return {
    current: () => current,
    async run(signal) {
      for (;;) {
        const read = await readOnce(signal);
        const isNews = current === undefined || !isSameValue(current, read);
        current = read;
        if (isNews) onChange();
        await clock.sleep(statusUpdateMs, { signal });
      }
    },
  };
};
