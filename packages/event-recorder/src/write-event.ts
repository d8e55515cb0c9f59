import type { CoreEvent } from "@nk/pod-model";
import { withDeadline } from "@nk/stdx";
import type { ApiAnswer } from "./api-answer.ts";
import type { Correlated, Correlator } from "./correlator.ts";
import { eventName } from "./make-event.ts";
import type { NanoClock } from "./make-event.ts";
import type { EventOutcome } from "./metrics.ts";
import type { ResolvedOptions } from "./options.ts";
import type { EventSink } from "./ports.ts";

/** An event on its way; it changes as the server answers. */
interface Draft {
  readonly action: "create" | "patch";
  readonly event: CoreEvent;
  /** An earlier attempt may have had its effect without our hearing of it. */
  readonly mayExist: boolean;
  readonly renames: number;
  readonly conflicts: number;
}

type Step = { readonly outcome: EventOutcome } | { readonly next: Draft; readonly wait: boolean };

export interface WriteContext {
  readonly sink: EventSink;
  readonly correlator: Correlator;
  readonly options: ResolvedOptions;
  readonly nanoClock: NanoClock;
  /** Aborts when the recorder shuts down: waits end, each event gets one attempt. */
  readonly stopping: AbortSignal;
  /** Aborts when the drain is over. */
  readonly ended: AbortSignal;
}

/** What is created anew must not name a version. */
const withoutVersion = (event: CoreEvent): CoreEvent => {
  const { resourceVersion: _, ...metadata } = event.metadata;
  return { ...event, metadata };
};

const rename = (event: CoreEvent, context: WriteContext): CoreEvent => ({
  ...event,
  metadata: {
    ...event.metadata,
    name: eventName(event.involvedObject.name ?? "", context.nanoClock(), context.options.random),
  },
});

/** What to do after the server refused, or did not answer. */
const decideStep = (draft: Draft, answer: ApiAnswer, context: WriteContext): Step => {
  switch (answer) {
    case "not-found":
      // Events live for an hour; one that is gone is told anew, with its count. Creating answers so when the namespace is gone.
      if (draft.action === "create") return { outcome: "rejected" };
      return { next: { ...draft, action: "create", event: withoutVersion(draft.event) }, wait: false };
    case "already-exists":
      if (draft.action === "patch") return { outcome: "rejected" };
      if (draft.mayExist) return { outcome: "created" };
      if (draft.renames > 0) return { outcome: "rejected" };
      return { next: { ...draft, event: rename(draft.event, context), renames: 1 }, wait: false };
    case "conflict":
      if (draft.conflicts > 0) return { outcome: "rejected" };
      return { next: { ...draft, conflicts: 1 }, wait: false };
    case "namespace-terminating":
    case "rejected":
      return { outcome: "rejected" };
    case "unavailable":
      return { next: { ...draft, mayExist: true }, wait: true };
  }
};

const send = async (draft: Draft, correlated: Exclude<Correlated, { action: "skip" }>, context: WriteContext): Promise<CoreEvent> => {
  const { clock, callTimeoutMs } = context.options;
  using deadline = withDeadline({ signal: context.ended, timeoutMs: callTimeoutMs, clock, what: "writing an event" });
  const { signal } = deadline;
  if (draft.action === "create" || correlated.action === "create") return await context.sink.create(draft.event, { signal });
  return await context.sink.patch(draft.event, correlated.patch, { signal });
};

const waitBeforeRetry = async (attempt: number, context: WriteContext): Promise<void> => {
  const { clock, random, retryMs } = context.options;
  try {
    await clock.sleep(attempt === 1 ? retryMs * random() : retryMs, { signal: context.stopping });
  } catch {
    // Shutting down: the attempt that is due is made now.
  }
};

/** Writes one event for good: created, counted up, or given up. Never rejects. */
export const writeEvent = async (correlated: Exclude<Correlated, { action: "skip" }>, context: WriteContext): Promise<EventOutcome> => {
  const { logger, maxTries, classifyError } = context.options;
  let draft: Draft = { action: correlated.action, event: correlated.event, mayExist: false, renames: 0, conflicts: 0 };
  let failures = 0;
  for (;;) {
    let answer: ApiAnswer;
    let cause: unknown;
    try {
      const written = await send(draft, correlated, context);
      context.correlator.note(correlated.key, { ...draft.event, metadata: { ...draft.event.metadata, ...written.metadata } });
      return draft.action === "create" ? "created" : "counted";
    } catch (error) {
      cause = error;
      answer = classifyError(error);
    }
    const { reason, involvedObject } = draft.event;
    const fields = { reason, kind: involvedObject.kind, namespace: involvedObject.namespace, name: involvedObject.name, error: cause };
    const step = decideStep(draft, answer, context);
    if ("outcome" in step) {
      if (step.outcome === "created") return step.outcome;
      if (answer === "namespace-terminating") logger.debug("event not recorded: its namespace is being deleted", fields);
      else logger.warn("event not recorded: the server refused it", fields);
      return step.outcome;
    }
    draft = step.next;
    if (!step.wait) continue;
    failures += 1;
    if (failures >= maxTries || context.stopping.aborted) {
      logger.warn("event not recorded: the server could not be reached", { ...fields, attempts: failures });
      return "abandoned";
    }
    if (failures === 1) logger.info("event waits: the server could not be reached", fields);
    await waitBeforeRetry(failures, context);
  }
};
