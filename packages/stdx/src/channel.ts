import { StdxError } from "./errors.ts";
import { createLinkedList } from "./linked-list.ts";
import { createWaitLine } from "./wait-line.ts";
import type { WaitLine } from "./wait-line.ts";

/**
 * A bounded queue between two loops. Each value reaches one receiver, in order. After `close` the values that lie in it can still be
 * received.
 */
export interface Channel<T> extends AsyncIterable<T, undefined> {
  /**
   * Puts a value in. When the channel is full: "wait" waits (rejecting with `signal.reason` on abort), "reject" rejects with
   * "channel-full", "drop-oldest" drops. Rejects with "channel-closed" once closed.
   */
  send(value: T, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
  /** Puts a value in without waiting; false when it is closed, or full and does not drop. */
  offer(value: T): boolean;
  /** Waits for the next value; `done` once closed and empty, or a rejection with the error given to `close`. */
  receive(options?: { readonly signal?: AbortSignal | undefined }): Promise<IteratorResult<T, undefined>>;
  /** No more values: receivers drain what is there, then end (or throw `error`). Only the first call counts. */
  close(error?: Error): void;
  /** Values that lie in it now. */
  readonly size: number;
  /** Values that "drop-oldest" threw away so far. */
  readonly droppedCount: number;
  /** Receives until closed. Leaving the loop leaves the channel open. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined>;
}

/** What {@link createChannel} takes. */
export interface ChannelOptions {
  /** The most values that lie in it, at least 1. */
  readonly capacity: number;
  /** What `send` does when it is full. */
  readonly overflow: "wait" | "reject" | "drop-oldest";
  /** How many senders, and how many receivers, may wait; default 10,000. */
  readonly maxWaiting?: number | undefined;
}

/** Values and those who wait at either end. Receivers wait only while it is empty, senders only while it is full. */
class ChannelState<T> {
  readonly values = createLinkedList<T>();
  readonly senders: WaitLine<void, T>;
  readonly receivers: WaitLine<IteratorResult<T, undefined>>;
  closed: { readonly error: Error | undefined } | undefined;
  droppedCount = 0;
  readonly #options: ChannelOptions;

  constructor(options: ChannelOptions) {
    const { maxWaiting = 10_000 } = options;
    this.#options = options;
    this.senders = createWaitLine({ maxWaiting, what: "the channel's sending end" });
    this.receivers = createWaitLine({ maxWaiting, what: "the channel's receiving end" });
  }

  /** Hands the value on or stores it; false when there is no room and nothing may be dropped. */
  put(value: T): boolean {
    const receiver = this.receivers.takeNext();
    if (receiver !== undefined) {
      receiver.admit({ done: false, value });
      return true;
    }
    if (this.values.size >= this.#options.capacity) {
      if (this.#options.overflow !== "drop-oldest") return false;
      this.values.shift();
      this.droppedCount += 1;
    }
    this.values.push(value);
    return true;
  }

  /** Takes the oldest value of a channel that is not empty and lets a waiting sender fill the room. */
  take(): T {
    const value = this.values.shift() as T;
    const sender = this.senders.takeNext();
    if (sender !== undefined) {
      this.values.push(sender.payload);
      sender.admit();
    }
    return value;
  }

  close(error: Error | undefined): void {
    this.closed = { error };
    const refusal = new StdxError("channel-closed", "the channel was closed while a send waited for room", { cause: error });
    for (let sender = this.senders.takeNext(); sender !== undefined; sender = this.senders.takeNext()) sender.refuse(refusal);
    for (let receiver = this.receivers.takeNext(); receiver !== undefined; receiver = this.receivers.takeNext()) {
      if (error === undefined) receiver.admit({ done: true, value: undefined });
      else receiver.refuse(error);
    }
  }
}

const iterateChannel = <T>(channel: Channel<T>): AsyncIterator<T, undefined> => {
  const left = new AbortController();
  return {
    async next() {
      if (left.signal.aborted) return { done: true, value: undefined };
      try {
        return await channel.receive({ signal: left.signal });
      } catch (error) {
        if (left.signal.aborted) return { done: true, value: undefined };
        throw error;
      }
    },
    return() {
      left.abort();
      return Promise.resolve({ done: true as const, value: undefined });
    },
  };
};

/** An empty, open channel. */
export const createChannel = <T>(options: ChannelOptions): Channel<T> => {
  const { capacity, overflow } = options;
  if (!(capacity >= 1)) throw new StdxError("invalid-argument", `cannot create a channel with capacity ${capacity}`);
  const state = new ChannelState<T>(options);

  const channel: Channel<T> = {
    async send(value, sendOptions) {
      sendOptions?.signal?.throwIfAborted();
      if (state.closed !== undefined) {
        throw new StdxError("channel-closed", "cannot send to a closed channel", { cause: state.closed.error });
      }
      if (state.put(value)) return;
      if (overflow === "reject") throw new StdxError("channel-full", `cannot send to a channel that holds ${capacity} values already`);
      await state.senders.wait(sendOptions?.signal, value);
    },
    offer: (value) => state.closed === undefined && state.put(value),
    async receive(receiveOptions) {
      receiveOptions?.signal?.throwIfAborted();
      if (state.values.size > 0) return { done: false, value: state.take() };
      if (state.closed === undefined) return await state.receivers.wait(receiveOptions?.signal, undefined);
      if (state.closed.error !== undefined) throw state.closed.error;
      return { done: true, value: undefined };
    },
    close(error) {
      if (state.closed === undefined) state.close(error);
    },
    get size() {
      return state.values.size;
    },
    get droppedCount() {
      return state.droppedCount;
    },
    [Symbol.asyncIterator]: () => iterateChannel(channel),
  };
  return channel;
};
