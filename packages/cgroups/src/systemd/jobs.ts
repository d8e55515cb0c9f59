import { raceSignal } from "@nk/stdx";
import type { DbusMessage } from "./message.ts";

/** The jobs of systemd that were started and have not been told to be over. */
export interface Jobs {
  /** Takes systemd's signals. */
  readonly onRemoved: (message: DbusMessage) => void;
  /** Whoever waits when the connection is lost would wait for ever: nobody tells again. */
  readonly fail: (error: Error) => void;
  /** How a job ended, e.g. `done`. */
  readonly wait: (job: string, signal: AbortSignal) => Promise<string>;
}

/** Results that are kept for a caller who has not asked yet: a job may end before its start is answered. */
const MAX_EARLY_RESULTS = 256;

/** Jobs by the path of their object: who waits for one, and results nobody waited for yet. */
export const createJobs = (): Jobs => {
  const waiting = new Map<string, { readonly resolve: (result: string) => void; readonly reject: (error: Error) => void }>();
  const early = new Map<string, string>();
  return {
    onRemoved: ({ member, body }) => {
      // Its id, job, unit and result.
      const [, job, , result] = body;
      if (member !== "JobRemoved" || typeof job !== "string" || typeof result !== "string") return;
      const found = waiting.get(job);
      if (found !== undefined) found.resolve(result);
      else early.set(job, result);
      for (const oldest of early.keys()) if (early.size > MAX_EARLY_RESULTS) early.delete(oldest);
    },
    fail: (error) => {
      early.clear();
      for (const { reject } of waiting.values()) reject(error);
    },
    wait: async (job, signal) => {
      const known = early.get(job);
      early.delete(job);
      if (known !== undefined) return known;
      try {
        return await raceSignal(new Promise<string>((resolve, reject) => waiting.set(job, { resolve, reject })), signal);
      } finally {
        waiting.delete(job);
      }
    },
  };
};
