import { createEmitter } from "@nk/stdx";
import { isKubeClientError } from "../errors.ts";

/** Whether the server is there, as all requests of a client together tell. */
export interface Reachability {
  /** An answer came, whatever request it was to. */
  answered(status: number): void;
  /** A request failed. */
  failed(error: unknown): void;
  /** Called when the server answers after it could not be reached. */
  subscribe(listener: () => void): Disposable;
}

/** Whether an error says that there is nobody to answer; a timeout does, for a server that fell silent shows in nothing else. */
export const isUnreachable = (error: unknown): boolean =>
  isKubeClientError(error, "connect-failed") || isKubeClientError(error, "connection-lost") || isKubeClientError(error, "timeout");

/** A server of which nothing is known yet is not missed. */
export const createReachability = (): Reachability => {
  const returns = createEmitter<undefined>();
  let isMissed = false;
  return {
    answered: (status) => {
      // A server that is only just starting, or a proxy before one that is not there, says so by a 5xx.
      if (!isMissed || status >= 500) return;
      isMissed = false;
      returns.emit(undefined);
    },
    failed: (error) => {
      if (isUnreachable(error)) isMissed = true;
    },
    subscribe: (listener) => returns.subscribe(() => listener()),
  };
};
