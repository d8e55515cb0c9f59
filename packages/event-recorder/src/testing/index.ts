import type { CoreEvent } from "@nk/pod-model";
import type { EventPatch, EventRequest, EventSink } from "../ports.ts";

/** An error as API clients throw it: HTTP status and the server's Status object. */
export const apiError = (code: number, reason: string, causes: readonly { readonly reason: string }[] = []): Error =>
  Object.assign(new Error(`the server answered ${code} ${reason}`), { statusCode: code, body: { code, reason, details: { causes } } });

/** A sink in memory. */
export interface FakeEventSink extends EventSink {
  /** What the server has, in the order of creation. */
  readonly events: readonly CoreEvent[];
  /** Each call that reached it: `create default/web.1 Started` or `patch ... x2`. */
  readonly calls: readonly string[];
  /** Forgets an event, as the server does after an hour. */
  expire(name: string): void;
}

/** Called before each call takes effect; what it throws is the answer, what it waits for delays it. */
export type FakeSinkFault = (call: {
  readonly verb: "create" | "patch";
  readonly event: CoreEvent;
  readonly signal: AbortSignal;
}) => Promise<void> | void;

/** An empty sink. */
export const createFakeEventSink = (onCall: FakeSinkFault = () => {}): FakeEventSink => {
  const store = new Map<string, CoreEvent>();
  const calls: string[] = [];
  const keyOf = ({ metadata: { namespace, name } }: CoreEvent): string => `${namespace ?? ""}/${name ?? ""}`;
  return {
    get events() {
      return [...store.values()];
    },
    calls,
    expire: (name) => {
      for (const [key, event] of store) if (event.metadata.name === name) store.delete(key);
    },
    async create(event, { signal }) {
      await onCall({ verb: "create", event, signal });
      const key = keyOf(event);
      calls.push(`create ${key} ${event.reason ?? ""}`);
      if (store.has(key)) throw apiError(409, "AlreadyExists");
      store.set(key, event);
      return event;
    },
    async patch(event, patch: EventPatch, { signal }) {
      await onCall({ verb: "patch", event, signal });
      const key = keyOf(event);
      calls.push(`patch ${key} ${event.reason ?? ""} x${patch.count}`);
      const stored = store.get(key);
      if (stored === undefined) throw apiError(404, "NotFound");
      const patched = { ...stored, ...patch };
      store.set(key, patched);
      return patched;
    },
  };
};

/** Keeps the requests it is given; fits the event ports of the packages that record. */
export const createFakeEventRecorder = (): { record(request: EventRequest): void; readonly requests: readonly EventRequest[] } => {
  const requests: EventRequest[] = [];
  return { record: (request) => void requests.push(request), requests };
};
