import type { Pod } from "@nk/pod-model";
import type { RuntimeHandlerFacts } from "@nk/pod-sync";
import type { RuntimeTraits } from "./runtime-status.ts";

/** The runtime handler of a pod: its RuntimeClass's, or the default one. */
export const runtimeHandlerOf =
  (parts: {
    readonly findClass: (name: string) => { readonly handler: string } | undefined;
    readonly traits: () => RuntimeTraits | undefined;
  }) =>
  async (pod: Pod): Promise<RuntimeHandlerFacts> => {
    const className = pod.spec?.runtimeClassName ?? "";
    const found = className === "" ? { handler: "" } : parts.findClass(className);
    if (found === undefined) throw new Error(`failed to get sandbox runtime: runtimeclass.node.k8s.io "${className}" not found`);
    const traits = parts.traits()?.handlers.find(({ name }) => (name ?? "") === found.handler);
    return { name: found.handler, supportsRecursiveReadOnly: traits?.features?.recursiveReadOnlyMounts === true };
  };
