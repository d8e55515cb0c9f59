import type { NodeRuntimeHandler } from "@nk/pod-model";
import type { Setter, SetterOutput } from "./setter.ts";

const compareNames = ({ name: a = "" }: NodeRuntimeHandler, { name: b = "" }: NodeRuntimeHandler): number => (a === b ? 0 : a < b ? -1 : 1);

/** The runtime's handlers by name, so that their order in its answer does not matter. */
export const setRuntimeHandlers: Setter = ({ facts: { runtime } }): SetterOutput => {
  if (runtime.handlers === undefined) return {};
  const runtimeHandlers = runtime.handlers.toSorted(compareNames).map(({ name = "", features }): NodeRuntimeHandler => ({
    name,
    features: {
      recursiveReadOnlyMounts: features?.recursiveReadOnlyMounts ?? false,
      userNamespaces: features?.userNamespaces ?? false,
    },
  }));
  return { status: { runtimeHandlers } };
};
