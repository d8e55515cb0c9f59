/** Where signals arrive; `process` fits. */
export interface SignalSource {
  once(name: "SIGTERM" | "SIGINT", listener: () => void): unknown;
  off(name: "SIGTERM" | "SIGINT", listener: () => void): unknown;
}

/**
 * Calls back at the first SIGTERM or SIGINT. Neither is listened to after it, so that the second one, whichever it is, ends a process that
 * takes too long to stop, as with the reference.
 */
export const onStopSignal = (source: SignalSource, onStop: (name: "SIGTERM" | "SIGINT") => void): void => {
  const listeners = (["SIGTERM", "SIGINT"] as const).map((name) => {
    const listener = (): void => {
      for (const each of listeners) source.off(each.name, each.listener);
      onStop(name);
    };
    return { name, listener };
  });
  for (const { name, listener } of listeners) source.once(name, listener);
};
