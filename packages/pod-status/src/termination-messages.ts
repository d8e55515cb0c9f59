import { podRef } from "@nk/pod-model";
import type { Pod, PodUid, RuntimeContainerStatus } from "@nk/pod-model";
import type { Logger } from "@nk/stdx";
import type { PodFactsPort } from "./ports.ts";

/** The last words of the ended containers of one pod, by container id; each is read once. */
export type MessageCache = Map<string, string>;

const readMessage = async (
  facts: PodFactsPort,
  logger: Logger,
  input: { readonly pod: Pod; readonly container: RuntimeContainerStatus },
): Promise<string> => {
  try {
    return await facts.readTerminationMessage(input.pod, input.container);
  } catch (error) {
    logger.warn("termination message is not readable", { podUid: podRef(input.pod).uid, containerId: input.container.id, error });
    return "";
  }
};

/** Reads until every ended container that is observed has its message; more may end meanwhile. */
export const readMessages = async (
  facts: PodFactsPort,
  logger: Logger,
  input: { readonly uid: PodUid; readonly pod: Pod; readonly messages: MessageCache },
): Promise<void> => {
  const { uid, pod, messages } = input;
  for (;;) {
    const unread = (facts.observed(uid)?.containers ?? []).filter(({ id, state }) => state === "exited" && !messages.has(id));
    if (unread.length === 0) return;
    await Promise.all(unread.map(async (container) => messages.set(container.id, await readMessage(facts, logger, { pod, container }))));
  }
};

/** Drops the messages of containers that the runtime has removed; their last words are in the status already. */
export const pruneMessages = (messages: MessageCache, known: readonly RuntimeContainerStatus[]): void => {
  const ids = new Set(known.map(({ id }) => id));
  for (const id of messages.keys()) if (!ids.has(id)) messages.delete(id);
};
