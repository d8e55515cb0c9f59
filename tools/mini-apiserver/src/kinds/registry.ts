import type { KindDefinition } from "./kind-definition.ts";

/** The kinds a server has. */
export interface KindRegistry {
  readonly definitions: readonly KindDefinition[];
  find(group: string, version: string, resource: string): KindDefinition | undefined;
}

const idOf = (group: string, version: string, resource: string): string => `${group}/${version}/${resource}`;

/** A registry of the given kinds. */
export const createKindRegistry = (definitions: readonly KindDefinition[]): KindRegistry => {
  const byId = new Map(definitions.map((definition) => [idOf(definition.group, definition.version, definition.resource), definition]));
  return { definitions, find: (group, version, resource) => byId.get(idOf(group, version, resource)) };
};
