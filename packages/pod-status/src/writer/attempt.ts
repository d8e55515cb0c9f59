import { podRef } from "@nk/pod-model";
import type { Pod } from "@nk/pod-model";
import { computeBackoffMs, withDeadline } from "@nk/stdx";
import type { PodStatusApiPort } from "../ports.ts";
import { isOlder, viewOf } from "./api-view.ts";
import type { ApiView, Mirrors } from "./api-view.ts";
import { isReady } from "./lane.ts";
import type { Lane, Published, Step } from "./lane.ts";
import type { WriterSettings } from "./options.ts";
import { isSameByKubelet } from "./same-status.ts";
import { createStatusPatch } from "./status-patch.ts";

/** What attempts are made with. */
export interface AttemptContext {
  readonly api: PodStatusApiPort;
  readonly settings: WriterSettings;
  readonly mirrors: Mirrors;
}

type Request = Extract<Step, { readonly type: "patch" | "read" | "delete" }>;

/** Takes a view of the API's object unless it is older than what is known. */
export const adoptView = (context: Pick<AttemptContext, "mirrors">, lane: Lane, view: ApiView): void => {
  if (lane.isStatic) context.mirrors.update(view);
  else if (lane.view === undefined || !isOlder(view, lane.view)) lane.view = view;
  lane.wasReady ||= isReady(view.status);
};

/**
 * Takes the answer to a request that was made when `asked` was known. The server cannot answer from before that, unless its versions have
 * gone back, as they do when etcd is restored from a backup: what is known then counts for nothing, or no later news would count either.
 */
const adoptAnswer = (
  context: Pick<AttemptContext, "mirrors">,
  lane: Lane,
  { answer, asked }: { readonly answer: ApiView; readonly asked: ApiView },
): void => {
  if (isOlder(answer, asked)) {
    if (lane.isStatic) context.mirrors.reset(answer);
    else lane.view = answer;
  }
  adoptView(context, lane, answer);
};

/** The API's object is not there any more. A static pod waits for its next mirror. */
export const closeAsGone = (context: Pick<AttemptContext, "mirrors">, lane: Lane, view: ApiView): void => {
  if (lane.isStatic) {
    context.mirrors.delete(view.ref);
    lane.acknowledgedBy = undefined;
  } else lane.state = "gone";
};

/** The API shows `shown`, or says the same already. */
export const acknowledge = (
  settings: WriterSettings,
  lane: Lane,
  { shown, view }: { readonly shown: Published | undefined; readonly view: ApiView },
): void => {
  if (lane.pendingSinceMs !== undefined) {
    settings.metrics.syncDuration.observe((settings.clock.monotonicMs() - lane.pendingSinceMs) / 1000);
  }
  const isNewest = lane.published === shown;
  lane.acknowledgedBy = isNewest ? view.ref.uid : undefined;
  lane.pendingSinceMs = isNewest ? undefined : lane.published?.atMs;
};

const count = (settings: WriterSettings, operation: string, outcome: string): void => settings.metrics.requests.inc({ operation, outcome });

const settled = (lane: Lane): void => {
  lane.failures = 0;
  lane.lastError = undefined;
  lane.isDoubtful = false;
};

const isObjectOf = (pod: Pod | undefined, view: ApiView): pod is Pod => pod !== undefined && podRef(pod).uid === view.ref.uid;

/** Reads the object; false when it is not the pod any more. */
const read = async (
  context: AttemptContext,
  lane: Lane,
  { view, signal }: { readonly view: ApiView; readonly signal: AbortSignal },
): Promise<boolean> => {
  const pod = await context.api.getPod(view.ref, { signal });
  if (!isObjectOf(pod, view)) {
    count(context.settings, "read", "gone");
    closeAsGone(context, lane, view);
    return false;
  }
  count(context.settings, "read", "done");
  adoptAnswer(context, lane, { answer: viewOf(pod), asked: view });
  return true;
};

const noteReconcile = (settings: WriterSettings, lane: Lane, isRepair: boolean): void => {
  const { clock, reconcileMs } = settings;
  const nowMs = clock.monotonicMs();
  const isCalm = nowMs > lane.reconcileAtMs + reconcileMs.max;
  lane.reconciles = isRepair && !isCalm ? lane.reconciles + 1 : isRepair ? 1 : 0;
  // What an unanswered write left behind is no fight: it is set right at once.
  const delayMs = lane.isDoubtful
    ? 0
    : computeBackoffMs({ attempt: lane.reconciles, initialMs: reconcileMs.initial, maxMs: reconcileMs.max });
  lane.reconcileAtMs = nowMs + delayMs;
};

const patchStatus = async (
  context: AttemptContext,
  lane: Lane,
  { step, signal }: { readonly step: Extract<Step, { readonly type: "patch" }>; readonly signal: AbortSignal },
): Promise<void> => {
  const { api, settings } = context;
  const { view, merged, isUrgent, isRepair } = step;
  const shown = lane.published;
  const patch = createStatusPatch(view.ref.uid, view.status, merged);
  if (patch === undefined) {
    noteReconcile(settings, lane, isRepair);
    return acknowledge(settings, lane, { shown, view });
  }
  const outcome = await api.patchStatus(view.ref, patch, { signal, priority: isUrgent ? "urgent" : "normal" });
  switch (outcome.type) {
    case "written":
      count(settings, "patch", "done");
      adoptAnswer(context, lane, { answer: viewOf(outcome.pod), asked: view });
      noteReconcile(settings, lane, isRepair);
      acknowledge(settings, lane, { shown, view });
      // The write changed nothing of what was shown: the server will not have it otherwise.
      lane.accepted = isRepair && isSameByKubelet(view.status, outcome.pod.status ?? {}) ? outcome.pod.status : undefined;
      settings.onWritten(outcome.pod);
      return settled(lane);
    case "not-found":
      count(settings, "patch", "gone");
      return closeAsGone(context, lane, view);
    case "refused":
      count(settings, "patch", "refused");
      // Its name may be another pod's now, or somebody wrote at the same time: only the object itself tells.
      if (await read(context, lane, { view, signal })) throw new Error(`the API refuses the status: ${outcome.message}`);
  }
};

const deletePod = async (
  context: AttemptContext,
  lane: Lane,
  { view, signal }: { readonly view: ApiView; readonly signal: AbortSignal },
): Promise<void> => {
  const { api, settings } = context;
  const outcome = await api.deletePod(view.ref, { gracePeriodSeconds: 0, signal });
  count(settings, "delete", outcome === "deleted" ? "done" : outcome === "not-found" ? "gone" : "refused");
  // Conflict: the name is another pod's, or somebody in the API's way refused: only the object itself tells.
  if (outcome === "conflict" && (await read(context, lane, { view, signal }))) throw new Error("the API refuses to delete the pod");
  // Not found: somebody was faster.
  lane.state = outcome === "deleted" ? "deleted" : "gone";
  settings.logger.debug("pod is deleted from the API", { podUid: lane.uid, outcome });
  settings.onDeleted(lane.ref);
};

/** Makes one request of a lane and books what came of it. Rejects when it is to be tried again. */
export const attempt = async (
  context: AttemptContext,
  lane: Lane,
  { step, signal }: { readonly step: Request; readonly signal: AbortSignal },
): Promise<void> => {
  const { clock, requestTimeoutMs } = context.settings;
  using deadline = withDeadline({ signal, timeoutMs: requestTimeoutMs, clock, what: `${step.type} of the status of a pod` });
  try {
    if (step.type === "patch") await patchStatus(context, lane, { step, signal: deadline.signal });
    else if (step.type === "delete") await deletePod(context, lane, { view: step.view, signal: deadline.signal });
    else if (await read(context, lane, { view: step.view, signal: deadline.signal })) settled(lane);
  } catch (error) {
    count(context.settings, step.type, "failed");
    // The server may have done it although its answer did not come.
    if (step.type === "patch") lane.isDoubtful = true;
    throw error;
  }
};
