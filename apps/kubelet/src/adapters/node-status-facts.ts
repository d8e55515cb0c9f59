import type { CriClient } from "@nk/cri-client";
import type { FactsPort, ImageFact, MachineFacts, NodeFacts } from "@nk/node-status";
import type { RuntimeStatus } from "@nk/pleg";
import { createEmitter } from "@nk/stdx";
import type { Clock, Logger } from "@nk/stdx";
import type { RuntimeTraits } from "./runtime-status.ts";

/** What the node's status is gathered from. */
export interface NodeStatusSources {
  readonly machine: () => MachineFacts;
  readonly runtimeName: string;
  readonly runtimeVersion: string;
  readonly runtimeStatus: RuntimeStatus;
  readonly traits: () => RuntimeTraits | undefined;
  /** Why the node is not ready though the runtime is; empty when nothing is amiss. */
  readonly healthProblems: () => readonly string[];
  readonly cri: CriClient;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Facts for the node's status, with the list of images they need. */
export interface NodeStatusFacts extends FactsPort {
  run(signal: AbortSignal): Promise<void>;
}

/** How often the images are listed, as the reference does; nothing waits for it. */
const IMAGES_MS = 30_000;

const listImages = async (cri: CriClient, signal: AbortSignal): Promise<readonly ImageFact[]> => {
  const { images } = await cri.listImages({}, { signal });
  return images.map(({ id, repoTags, repoDigests, size }) => ({ id, repoTags, repoDigests, sizeBytes: Number(size) }));
};

/** Gathers the facts; they are complete once the runtime and its images have been heard of. */
export const createNodeStatusFacts = (sources: NodeStatusSources): NodeStatusFacts => {
  const { runtimeStatus, cri, clock, logger } = sources;
  const changes = createEmitter<undefined>();
  let images: readonly ImageFact[] | undefined;
  const current = (): NodeFacts | undefined => {
    const health = runtimeStatus.current();
    if (health.kind === "unknown" || images === undefined) return undefined;
    const traits = sources.traits();
    return {
      machine: sources.machine(),
      runtime: {
        name: sources.runtimeName,
        version: sources.runtimeVersion,
        health,
        ...(traits === undefined
          ? {}
          : { handlers: traits.handlers, ...(traits.features === undefined ? {} : { features: traits.features }) }),
      },
      images,
      pressure: { memory: false, disk: false, pid: false },
      volumesInUse: [],
      healthProblems: sources.healthProblems(),
    };
  };
  return {
    current,
    subscribe: (listener) => {
      const stack = new DisposableStack();
      stack.use(changes.subscribe(() => listener()));
      stack.use(runtimeStatus.subscribe(listener));
      return stack;
    },
    run: async (signal) => {
      try {
        for (;;) {
          try {
            images = await listImages(cri, signal);
          } catch (error) {
            signal.throwIfAborted();
            images ??= [];
            logger.warn("images could not be listed for the node's status", { error });
          }
          changes.emit(undefined);
          await clock.sleep(IMAGES_MS, { signal });
        }
      } catch (error) {
        if (error !== signal.reason) throw error;
      }
    },
  };
};
