import type { Clock } from "@nk/stdx";
import { CRI_ERROR_CODES } from "../errors.ts";
import type { CriErrorCode } from "../errors.ts";
import { StatusError } from "./status-error.ts";

/** What a fail point does to a call. */
export type FailAction =
  /** Answers with the error instead of doing anything. */
  | { readonly type: "error"; readonly code: CriErrorCode; readonly message: string }
  /** Waits, then goes on as usual. */
  | { readonly type: "delay"; readonly delayMs: number }
  /** Does what was asked, then cuts the connection instead of answering. */
  | { readonly type: "lose" }
  /** Closes the server's writing side of every connection: callers see an end without an answer. */
  | { readonly type: "half-close" }
  /** Cuts every connection and removes the socket, as a crash does; `start()` brings the runtime back. */
  | { readonly type: "vanish" }
  /** Never answers, until the point is disposed. */
  | { readonly type: "wedge" }
  /** Does nothing: lets calls pass before the next step. */
  | { readonly type: "off" };

/** An action and how many calls it takes; without a number, all that follow. */
export interface FailStep {
  readonly action: FailAction;
  readonly times?: number;
}

/** Where a fail point lies. Steps are used up one after the other; after the last one calls pass. */
export interface FailPoint {
  /** An RPC's name, e.g. `RunPodSandbox`, or `*`. */
  readonly method: string;
  /** Only calls whose request names this sandbox id, container id, image, pod UID, or pod or container name. */
  readonly id?: string;
  readonly steps: readonly FailStep[];
}

const FORM = "METHOD[(ID)]=[N*]error(CODE[:MESSAGE])|delay(MS)|lose|half-close|vanish|wedge|off[->...]";

const parseAction = (name: string, argument: string): FailAction => {
  switch (name) {
    case "error": {
      const [code = "", ...message] = argument.split(":");
      const known = CRI_ERROR_CODES.find((candidate) => candidate === code);
      if (known === undefined) throw new Error(`fail point has unknown error code "${code}"`);
      return { type: "error", code: known, message: message.join(":") || "injected" };
    }
    case "delay": {
      const delayMs = Number(argument);
      if (argument === "" || !Number.isFinite(delayMs) || delayMs < 0)
        throw new Error(`fail point has no delay in milliseconds: "${argument}"`);
      return { type: "delay", delayMs };
    }
    case "lose":
    case "half-close":
    case "vanish":
    case "wedge":
    case "off":
      return { type: name };
    default:
      throw new Error(`fail point has unknown action "${name}": it is to be ${FORM}`);
  }
};

/** Reads `RunPodSandbox=2*error(unavailable:gone)->delay(50)`: the form of containerd's fail points, with an id in parentheses. */
export const parseFailPoint = (text: string): FailPoint => {
  const point = /^(\*|\w+)(?:\(([^)]*)\))?=(.+)$/s.exec(text);
  const [, method = "", id, steps = ""] = point ?? [];
  if (point === null) throw new Error(`fail point "${text}" is not of the form ${FORM}`);
  return {
    method,
    ...(id === undefined ? {} : { id }),
    steps: steps.split("->").map((step) => {
      const [, times, name, argument] = /^(?:(\d+)\*)?([a-z-]+)(?:\((.*)\))?$/s.exec(step) ?? [];
      if (name === undefined) throw new Error(`fail point step "${step}" is not of the form ${FORM}`);
      const action = parseAction(name, argument ?? "");
      return times === undefined ? { action } : { action, times: Number(times) };
    }),
  };
};

/** What the actions that concern connections are done with. */
export interface FailEffects {
  readonly clock: Clock;
  halfClose(): void;
  vanish(): void;
}

/** The fail points of one fake. */
export interface FailPoints {
  add(point: FailPoint | string): Disposable;
  /** Applied before a call is handled; resolves with what is to be done with the answer. */
  apply(call: { readonly method: string; readonly ids: readonly string[]; readonly signal: AbortSignal }): Promise<"answer" | "lose">;
}

interface Armed {
  readonly point: FailPoint;
  readonly released: AbortController;
  step: number;
  used: number;
}

/** The action for the next call at this point, which is thereby used up. */
const takeAction = (armed: Armed): FailAction => {
  for (;;) {
    const step = armed.point.steps[armed.step];
    if (step === undefined) return { type: "off" };
    if (armed.used < (step.times ?? Number.POSITIVE_INFINITY)) {
      armed.used += 1;
      return step.action;
    }
    armed.step += 1;
    armed.used = 0;
  }
};

const untilAborted = (signals: readonly AbortSignal[]): Promise<void> =>
  new Promise((resolve) => {
    if (signals.some((signal) => signal.aborted)) resolve();
    for (const signal of signals) signal.addEventListener("abort", () => resolve(), { once: true });
  });

/** Makes an empty set of fail points. */
export const createFailPoints = (effects: FailEffects): FailPoints => {
  const armed = new Set<Armed>();

  const act = async (
    action: FailAction,
    signals: { readonly call: AbortSignal; readonly released: AbortSignal },
  ): Promise<"answer" | "lose"> => {
    switch (action.type) {
      case "error":
        throw new StatusError(action.code, action.message);
      case "delay":
        await effects.clock.sleep(action.delayMs, { signal: signals.call });
        return "answer";
      case "lose":
        return "lose";
      case "half-close":
        effects.halfClose();
        return "answer";
      case "vanish":
        effects.vanish();
        throw new StatusError("unavailable", "the runtime has vanished");
      case "wedge":
        await untilAborted([signals.call, signals.released]);
        signals.call.throwIfAborted();
        return "answer";
      case "off":
        return "answer";
    }
  };

  return {
    add: (point) => {
      const entry: Armed = {
        point: typeof point === "string" ? parseFailPoint(point) : point,
        released: new AbortController(),
        step: 0,
        used: 0,
      };
      armed.add(entry);
      return {
        [Symbol.dispose]: () => {
          armed.delete(entry);
          entry.released.abort();
        },
      };
    },
    apply: async ({ method, ids, signal }) => {
      let outcome: "answer" | "lose" = "answer";
      for (const entry of armed) {
        const { point } = entry;
        if (point.method !== "*" && point.method !== method) continue;
        if (point.id !== undefined && !ids.includes(point.id)) continue;
        if ((await act(takeAction(entry), { call: signal, released: entry.released.signal })) === "lose") outcome = "lose";
      }
      return outcome;
    },
  };
};
