import type { Clock } from "@nk/stdx";
import type { CsiErrorCode } from "../errors.ts";
import { CsiStatusError } from "./status-error.ts";

/** What a fail point does to a call. */
export type FailAction =
  /** Answers with the error instead of doing anything. */
  | { readonly type: "error"; readonly code: CsiErrorCode; readonly message?: string }
  /** Does what was asked, then answers with the error. */
  | { readonly type: "error-after"; readonly code: CsiErrorCode; readonly message?: string }
  /** Waits, then goes on as usual. */
  | { readonly type: "delay"; readonly delayMs: number }
  /** Never answers, until the point is disposed or the caller gives up. */
  | { readonly type: "hang" }
  /** Cuts every connection instead of doing anything. */
  | { readonly type: "cut" }
  /** Does what was asked, then cuts every connection instead of answering. */
  | { readonly type: "lose" }
  /** Answers with this instead of doing anything: a driver that lies. */
  | { readonly type: "answer"; readonly answer: object };

/** Where a fail point lies and what it does. */
export interface FailPoint {
  /** An RPC's name, e.g. `NodeStageVolume`, or `*`. */
  readonly method: string;
  /** Only calls about this volume, snapshot or name. */
  readonly subject?: string;
  /** How many calls it takes; default all. */
  readonly times?: number;
  readonly action: FailAction;
}

/** A call as fail points see it. */
export interface FailingCall {
  readonly method: string;
  readonly subject: string | undefined;
  readonly signal: AbortSignal;
}

/** The fail points of one server. */
export interface FailPoints {
  add(point: FailPoint): Disposable;
  /** Does to the call what the points ask for, in the order they were added. `run` is what the call would do. */
  apply(call: FailingCall, run: () => Promise<object>): Promise<object>;
}

interface Armed {
  readonly point: FailPoint;
  readonly released: AbortController;
  left: number;
}

const untilAborted = (signals: readonly AbortSignal[]): Promise<void> =>
  new Promise((resolve) => {
    if (signals.some((signal) => signal.aborted)) resolve();
    for (const signal of signals) signal.addEventListener("abort", () => resolve(), { once: true });
  });

/** An empty set of fail points. `cut` cuts the server's connections. */
export const createFailPoints = (effects: { readonly clock: Clock; readonly cut: () => void }): FailPoints => {
  const armed = new Set<Armed>();

  const act = async (entry: Armed, call: FailingCall, run: () => Promise<object>): Promise<object> => {
    const { action } = entry.point;
    switch (action.type) {
      case "error":
        throw new CsiStatusError(action.code, action.message ?? "injected");
      case "error-after":
        await run();
        throw new CsiStatusError(action.code, action.message ?? "injected");
      case "delay":
        await effects.clock.sleep(action.delayMs, { signal: call.signal });
        return run();
      case "hang":
        await untilAborted([call.signal, entry.released.signal]);
        call.signal.throwIfAborted();
        return run();
      case "cut":
        effects.cut();
        throw new CsiStatusError("unavailable", "the connection was cut");
      case "lose":
        await run();
        effects.cut();
        throw new CsiStatusError("unavailable", "the connection was cut");
      case "answer":
        return action.answer;
    }
  };

  return {
    add: (point) => {
      const entry: Armed = { point, released: new AbortController(), left: point.times ?? Number.POSITIVE_INFINITY };
      armed.add(entry);
      return {
        [Symbol.dispose]: () => {
          armed.delete(entry);
          entry.released.abort();
        },
      };
    },
    apply: (call, run) => {
      const hits = [...armed].filter(
        ({ point, left }) =>
          left > 0 &&
          (point.method === "*" || point.method === call.method) &&
          (point.subject === undefined || point.subject === call.subject),
      );
      for (const hit of hits) hit.left -= 1;
      return hits.reduceRight<() => Promise<object>>((inner, hit) => () => act(hit, call, inner), run)();
    },
  };
};
