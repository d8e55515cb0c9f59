import { createChannel } from "@nk/stdx";
import { expired } from "../api-error.ts";
import type { StoreChange } from "../contracts.ts";

/** Hands the changes of one kind to those who watch it. */
export interface ChangeFeed {
  publish(change: StoreChange): void;
  /** From now on; the past is given first. */
  follow(
    past: readonly StoreChange[],
    options: { readonly namespace: string | undefined; readonly signal: AbortSignal },
  ): AsyncIterable<StoreChange>;
  readonly followerCount: number;
}

interface Follower {
  readonly namespace: string | undefined;
  push(change: StoreChange): void;
}

/** A follower that lags by more than `backlogLimit` changes is dropped with 410: it has to list again. */
export const createChangeFeed = ({ backlogLimit }: { readonly backlogLimit: number }): ChangeFeed => {
  const followers = new Set<Follower>();
  return {
    publish(change) {
      const namespace = change.object.metadata?.namespace;
      for (const follower of followers) if (follower.namespace === undefined || follower.namespace === namespace) follower.push(change);
    },
    follow(past, { namespace, signal }) {
      const channel = createChannel<StoreChange>({ capacity: backlogLimit + past.length + 1, overflow: "reject" });
      const leave = (): void => {
        followers.delete(follower);
        signal.removeEventListener("abort", leave);
        channel.close();
      };
      const follower: Follower = {
        namespace,
        push(change) {
          if (channel.offer(change)) return;
          followers.delete(follower);
          signal.removeEventListener("abort", leave);
          channel.close(expired("the watch fell too far behind"));
        },
      };
      for (const change of past) if (namespace === undefined || change.object.metadata?.namespace === namespace) channel.offer(change);
      if (signal.aborted) leave();
      else {
        followers.add(follower);
        signal.addEventListener("abort", leave, { once: true });
      }
      return {
        [Symbol.asyncIterator]: () => ({
          next: () => channel.receive(),
          return: () => {
            leave();
            return Promise.resolve({ done: true as const, value: undefined });
          },
        }),
      };
    },
    get followerCount() {
      return followers.size;
    },
  };
};
