import { nodeInfoOf } from "./node-info.ts";
import type { Setter, SetterOutput } from "./setter.ts";

/** Operating system and architecture, as Go spells them. */
export const setGoRuntime: Setter = ({ facts: { machine }, node }): SetterOutput => {
  if (machine === undefined) return {};
  const { operatingSystem, architecture } = machine;
  return { status: { nodeInfo: { ...nodeInfoOf(node), operatingSystem, architecture } } };
};
