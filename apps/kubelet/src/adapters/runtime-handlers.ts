import type { Pod } from "@nk/pod-model";
import type { RuntimeHandlerFacts } from "@nk/pod-sync";
import { raceSignal } from "@nk/stdx";
import type { RuntimeTraits } from "./runtime-status.ts";

/** What pods' handlers are found from. */
export interface HandlerSources {
  readonly findClass: (name: string) => { readonly handler: string } | undefined;
  readonly traits: () => RuntimeTraits | undefined;
  /** Resolves when the traits are known. */
  readonly traitsKnown: Promise<void>;
}

const factsOf = (name: string, handlers: RuntimeTraits["handlers"]): RuntimeHandlerFacts => {
  const found = handlers.find((handler) => (handler.name ?? "") === name);
  const supported = found?.features?.userNamespaces === true ? "supported" : "unsupported";
  return {
    name,
    supportsRecursiveReadOnly: found?.features?.recursiveReadOnlyMounts === true,
    // A runtime that tells of no handler is too old for user namespaces.
    userNamespaces: found === undefined && handlers.length > 0 ? "unknown" : supported,
  };
};

/** The runtime handler of a pod: its RuntimeClass's, or the default one; undefined when there is no such class. */
export const findRuntimeHandler = ({ findClass, traits }: HandlerSources, pod: Pod): RuntimeHandlerFacts | undefined => {
  const className = pod.spec?.runtimeClassName ?? "";
  const found = className === "" ? { handler: "" } : findClass(className);
  return found && factsOf(found.handler, traits()?.handlers ?? []);
};

const needsTraits = ({ spec }: Pod): boolean =>
  spec?.hostUsers === false ||
  [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].some(({ volumeMounts = [] }) =>
    volumeMounts.some(({ recursiveReadOnly }) => recursiveReadOnly !== undefined),
  );

/** The same as pod-sync wants it. A pod that asks for what not every runtime can waits until the runtime has said what it can. */
export const runtimeHandlerOf =
  (sources: HandlerSources) =>
  async (pod: Pod, { signal }: { readonly signal?: AbortSignal }): Promise<RuntimeHandlerFacts> => {
    if (needsTraits(pod)) await raceSignal(sources.traitsKnown, signal);
    const handler = findRuntimeHandler(sources, pod);
    if (handler === undefined) throw new Error(`runtimeclass.node.k8s.io ${JSON.stringify(pod.spec?.runtimeClassName)} not found`);
    return handler;
  };
