/** Tells every listener about a value, at once and in the order of subscription. Keeps nothing. */
export interface Emitter<T> {
  /**
   * Calls every listener that is subscribed now. A listener that throws does not keep the others from being called; the first error is
   * rethrown after them.
   */
  emit(value: T): void;
  /** Dispose the result to unsubscribe. The same function subscribed twice is called twice. */
  subscribe(listener: (value: T) => void): Disposable;
  readonly listenerCount: number;
}

/** An emitter without listeners. */
export const createEmitter = <T>(): Emitter<T> => {
  const subscriptions = new Set<{ readonly listener: (value: T) => void }>();
  return {
    emit(value) {
      let firstError: { readonly error: unknown } | undefined;
      for (const subscription of Array.from(subscriptions)) {
        // One listener may have unsubscribed another that is still to come.
        if (!subscriptions.has(subscription)) continue;
        try {
          subscription.listener(value);
        } catch (error) {
          firstError ??= { error };
        }
      }
      if (firstError !== undefined) throw firstError.error;
    },
    subscribe(listener) {
      const subscription = { listener };
      subscriptions.add(subscription);
      return { [Symbol.dispose]: () => void subscriptions.delete(subscription) };
    },
    get listenerCount() {
      return subscriptions.size;
    },
  };
};
