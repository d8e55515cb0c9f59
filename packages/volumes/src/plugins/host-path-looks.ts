import { createSemaphore, raceSignal, withDeadline } from "@nk/stdx";
import type { Clock } from "@nk/stdx";
import type { CallOptions } from "../ports.ts";
import { ensureHostPath, isMissingHostPath, MADE_HERE } from "./host-path-check.ts";

/** A path of a server that does not answer keeps its thread until it does, and Node has four for all there is to do. */
const MAX_LOOKS = 2;

/** What takes longer is not known. */
const LACK_LOOK_MS = 1000;

/** Looks at paths of the node, few at a time, and none that is waited for longer than the signal allows. */
export interface HostPathLooks {
  /** As {@link ensureHostPath}; rejects with the signal's reason as well, and goes on looking behind the caller's back then. */
  ensure(path: string, type: string, options: CallOptions): Promise<void>;
  /** Whether the host path is not what its type says now, without making anything; false when that cannot be told soon. */
  lacks(path: string, type: string): Promise<boolean>;
}

/** Nothing is looked at yet. `look` is for tests. */
export const createHostPathLooks = (parts: { readonly clock: Clock; readonly look?: typeof ensureHostPath }): HostPathLooks => {
  const { clock, look = ensureHostPath } = parts;
  const turns = createSemaphore(MAX_LOOKS);
  const ensure = async (path: string, type: string, { signal }: CallOptions): Promise<void> => {
    if (type === "") return;
    const turn = await turns.acquire({ signal });
    // The turn is over when the thread is free, and not when nobody waits any more.
    const looking = look(path, type).finally(() => turn[Symbol.dispose]());
    await raceSignal(looking, signal);
  };
  return {
    ensure,
    lacks: async (path, type) => {
      if (MADE_HERE.has(type)) return false;
      using deadline = withDeadline({ timeoutMs: LACK_LOOK_MS, clock, what: `looking at ${path}` });
      return await ensure(path, type, { signal: deadline.signal }).then(() => false, isMissingHostPath);
    },
  };
};
