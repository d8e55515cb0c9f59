import type { Pod } from "@nk/pod-model";
import type { RuntimeHandlerFacts } from "@nk/pod-sync";
import type { RuntimeTraits } from "./runtime-status.ts";

/** What pods' handlers are found from. */
export interface HandlerSources {
  readonly findClass: (name: string) => { readonly handler: string } | undefined;
  readonly traits: () => RuntimeTraits | undefined;
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

/** The same as pod-sync wants it. */
export const runtimeHandlerOf =
  (sources: HandlerSources) =>
  async (pod: Pod): Promise<RuntimeHandlerFacts> => {
    const handler = findRuntimeHandler(sources, pod);
    if (handler === undefined) throw new Error(`runtimeclass.node.k8s.io ${JSON.stringify(pod.spec?.runtimeClassName)} not found`);
    return handler;
  };
