import type { ServerStreamMethod } from "@nk/cri-api";
import { openStream } from "./transport.ts";
import type { TransportCall } from "./transport.ts";

/** Messages held before the runtime is asked to wait. */
const HIGH_WATER_MESSAGES = 8;

/**
 * A streamed list as an AsyncIterable. A slow consumer holds the runtime back, which is right for a list and wrong for events:
 * those have their own reader, container-events.ts. Leaving the loop cancels the call.
 */
export async function* readMessages<Request, Response>(
  method: ServerStreamMethod<Request, Response>,
  call: TransportCall<Request>,
): AsyncGenerator<Response, void, undefined> {
  const queue: Response[] = [];
  let end: { readonly error: Error | undefined } | undefined;
  let wake: () => void = () => undefined;
  using stream = openStream(method, call, {
    onMessage: (message) => {
      queue.push(message);
      if (queue.length >= HIGH_WATER_MESSAGES) stream.grpcStream.pause();
      wake();
    },
    onEnd: (error) => {
      end = { error };
      wake();
    },
  });
  for (;;) {
    const message = queue.shift();
    if (message !== undefined) {
      yield message;
      continue;
    }
    if (end !== undefined) {
      if (end.error !== undefined) throw end.error;
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    wake = resolve;
    stream.grpcStream.resume();
    await promise;
  }
}
