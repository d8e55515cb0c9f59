import { systemClock } from "@nk/stdx";

/** Asks again and again until there is an answer; throws with what was waited for, and the last error, when time is up. */
export const until = async <T>(
  what: string | (() => string),
  probe: () => Promise<T | undefined | false>,
  options: { readonly timeoutMs?: number; readonly intervalMs?: number } = {},
): Promise<T> => {
  const { timeoutMs = 20_000, intervalMs = 15 } = options;
  const deadlineMs = systemClock.monotonicMs() + timeoutMs;
  let lastError: unknown;
  while (systemClock.monotonicMs() < deadlineMs) {
    try {
      const answer = await probe();
      if (answer !== undefined && answer !== false) return answer;
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    await systemClock.sleep(intervalMs);
  }
  const described = typeof what === "string" ? what : what();
  throw new Error(`waited ${timeoutMs} ms in vain for ${described}`, lastError === undefined ? {} : { cause: lastError });
};
