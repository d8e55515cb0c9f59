import { isAbortError } from "./errors.ts";
import { linkSignals } from "./signals.ts";

/**
 * Runs tasks side by side until all have ended. The first that fails aborts the others (its error is their signal's reason); when all
 * are down that first error is rethrown. When `signal` aborts, a task may resolve or reject with the reason (or an AbortError): both
 * are a normal stop and the group resolves.
 */
export const runTaskGroup = async (
  signal: AbortSignal,
  tasks: Readonly<Record<string, (signal: AbortSignal) => Promise<void>>>,
): Promise<void> => {
  const failure = new AbortController();
  using linked = linkSignals(signal, failure.signal);
  let firstError: { readonly error: unknown } | undefined;

  const runOne = async (task: (signal: AbortSignal) => Promise<void>): Promise<void> => {
    try {
      await task(linked.signal);
    } catch (error) {
      const isStop = signal.aborted && (error === signal.reason || isAbortError(error));
      if (isStop || firstError !== undefined) return;
      firstError = { error };
      failure.abort(error);
    }
  };

  await Promise.all(Object.values(tasks).map(runOne));
  if (firstError !== undefined) throw firstError.error;
};
