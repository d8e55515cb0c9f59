import { StdxError } from "./errors.ts";
import { createLinkedList } from "./linked-list.ts";

/** Somebody who has left the line to be let in. */
export interface Waiter<T, P> {
  /** What the waiter brought along. */
  readonly payload: P;
  /** Resolves the waiter's promise. */
  readonly admit: (value: T) => void;
  /** Rejects the waiter's promise. */
  readonly refuse: (error: Error) => void;
}

/** A first-come-first-served line of waiting promises. Internal to this package. */
export interface WaitLine<T, P = undefined> {
  /** Waits to be admitted; rejects with `signal.reason` (and leaves the line) on abort, with "queue-full" when the line is full. */
  wait(signal: AbortSignal | undefined, payload: P): Promise<T>;
  /** Takes the first one out of the line; the caller settles it. */
  takeNext(): Waiter<T, P> | undefined;
  readonly size: number;
}

/** What {@link createWaitLine} takes. */
export interface WaitLineOptions {
  readonly maxWaiting: number;
  /** Who waits, for the error's message. */
  readonly what: string;
  /** Called when a waiter leaves by abort, so that an owner's timer can be taken back. */
  readonly onLeave?: (() => void) | undefined;
}

/** An empty line. */
export const createWaitLine = <T, P = undefined>(options: WaitLineOptions): WaitLine<T, P> => {
  const waiters = createLinkedList<Waiter<T, P>>();
  return {
    wait(signal, payload) {
      return new Promise<T>((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason as Error);
          return;
        }
        if (waiters.size >= options.maxWaiting) {
          reject(new StdxError("queue-full", `${options.what} already has ${waiters.size} waiters`));
          return;
        }
        const onAbort = (): void => {
          waiters.remove(node);
          options.onLeave?.();
          reject(signal?.reason as Error);
        };
        const leave = (): void => signal?.removeEventListener("abort", onAbort);
        const admit = (value: T): void => {
          leave();
          resolve(value);
        };
        const refuse = (error: Error): void => {
          leave();
          reject(error);
        };
        const node = waiters.push({ payload, admit, refuse });
        signal?.addEventListener("abort", onAbort, { once: true });
      });
    },
    takeNext: () => waiters.shift(),
    get size() {
      return waiters.size;
    },
  };
};
