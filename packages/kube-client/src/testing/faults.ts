/** What goes wrong with a request. */
export type FaultAction =
  /** Answers with this status; `retryAfterSeconds` goes into the Retry-After header. */
  | {
      readonly type: "status";
      readonly status: number;
      readonly reason?: string | undefined;
      readonly message?: string | undefined;
      readonly retryAfterSeconds?: number | undefined;
    }
  /** Answers 200 (or `status`) with this text. */
  | { readonly type: "body"; readonly text: string; readonly status?: number | undefined }
  /** Says how long the answer is, sends so many bytes of it and cuts the connection. */
  | { readonly type: "truncate"; readonly afterBytes: number }
  /** Waits before it answers as usual: slow headers. */
  | { readonly type: "delay"; readonly delayMs: number }
  /** Never answers. */
  | { readonly type: "hang" }
  /** Cuts the connection with a RST instead of answering. */
  | { readonly type: "reset" }
  /** Does what was asked, then cuts the connection instead of answering. */
  | { readonly type: "reset-after" }
  /** HTTP/2: GOAWAY that covers this request, which is answered. HTTP/1.1: "Connection: close". */
  | { readonly type: "goaway" }
  /** HTTP/2: GOAWAY that does not cover this request, which is not done. */
  | { readonly type: "goaway-before" }
  /** HTTP/2: RST_STREAM with REFUSED_STREAM; nothing is done. */
  | { readonly type: "refuse-stream" };

/** Which requests a fault concerns; what is not given matches all. */
export interface FaultMatch {
  readonly method?: string | undefined;
  /** The beginning of the path, or a pattern of it. */
  readonly path?: string | RegExp | undefined;
  /** Only watches, or only what is none. */
  readonly watch?: boolean | undefined;
}

/** A fault to come. */
export interface Fault extends FaultMatch {
  readonly action: FaultAction;
  /** How many requests it concerns; default all until it is disposed. */
  readonly times?: number | undefined;
}

/** The faults of a server. */
export interface Faults {
  add(fault: Fault): Disposable;
  /** The action for a request; takes one off the fault's count. */
  take(request: { readonly method: string; readonly path: string; readonly isWatch: boolean }): FaultAction | undefined;
}

/** No faults. The first that matches counts. */
export const createFaults = (): Faults => {
  const faults = new Set<{ readonly fault: Fault; left: number }>();
  return {
    add(fault) {
      const entry = { fault, left: fault.times ?? Infinity };
      faults.add(entry);
      return { [Symbol.dispose]: () => void faults.delete(entry) };
    },
    take({ method, path, isWatch }) {
      for (const entry of faults) {
        const { fault } = entry;
        if (fault.method !== undefined && fault.method !== method) continue;
        if (fault.watch !== undefined && fault.watch !== isWatch) continue;
        if (typeof fault.path === "string" && !path.startsWith(fault.path)) continue;
        if (fault.path instanceof RegExp && !fault.path.test(path)) continue;
        entry.left -= 1;
        if (entry.left <= 0) faults.delete(entry);
        return fault.action;
      }
      return undefined;
    },
  };
};
