import { ALL_VERBS, groupVersionOf } from "../kinds/kind-definition.ts";
import type { KindDefinition } from "../kinds/kind-definition.ts";
import type { DiscoveryOptions } from "./discovery.ts";

/** A `metav1.APIResource`. */
export interface ResourceEntry {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
  /** Only where it is not the group version of the list. */
  readonly group?: string;
  readonly version?: string;
}

const entriesOf = (definition: KindDefinition, { subresources }: DiscoveryOptions): readonly ResourceEntry[] => {
  const { resource, singular, namespaced, kind, verbs = ALL_VERBS, shortNames, categories } = definition;
  const main: ResourceEntry = {
    name: resource,
    singularName: singular,
    namespaced,
    kind,
    verbs,
    ...(shortNames === undefined ? {} : { shortNames }),
    ...(categories === undefined ? {} : { categories }),
  };
  const plugged = subresources.filter((one) => one.group === definition.group && one.resource === resource);
  const plain = (definition.subresources ?? []).filter(({ name }) => plugged.every(({ subresource }) => subresource !== name));
  return [
    main,
    ...plain.map(({ name, verbs: own, view }): ResourceEntry => ({
      name: `${resource}/${name}`,
      singularName: "",
      namespaced,
      kind: view?.kind ?? kind,
      verbs: own,
      ...(view === undefined ? {} : { group: view.group, version: view.version }),
    })),
    ...plugged.map(({ subresource, discovery }): ResourceEntry => ({
      name: `${resource}/${subresource}`,
      singularName: "",
      namespaced,
      ...discovery,
    })),
  ];
};

/** Resources by group version, `v1` first. */
export const listResources = (options: DiscoveryOptions): ReadonlyMap<string, readonly ResourceEntry[]> => {
  const byVersion = new Map<string, ResourceEntry[]>();
  const add = (groupVersion: string, entries: readonly ResourceEntry[]): void => {
    byVersion.set(groupVersion, [...(byVersion.get(groupVersion) ?? []), ...entries]);
  };
  for (const definition of options.kinds) add(groupVersionOf(definition), entriesOf(definition, options));
  for (const { resource, kind, namespaced, ...of } of options.virtualResources) {
    add(groupVersionOf(of), [{ name: resource, singularName: kind.toLowerCase(), namespaced, kind, verbs: ["create"] }]);
  }
  return byVersion;
};

interface GroupDocument {
  readonly name: string;
  readonly versions: readonly { readonly groupVersion: string; readonly version: string }[];
}

const groupsOf = (groupVersions: Iterable<string>): readonly GroupDocument[] => {
  const groups = new Map<string, { readonly groupVersion: string; readonly version: string }[]>();
  for (const groupVersion of groupVersions) {
    const [name = "", version] = groupVersion.split("/");
    if (version !== undefined) groups.set(name, [...(groups.get(name) ?? []), { groupVersion, version }]);
  }
  return [...groups].map(([name, versions]) => ({ name, versions }));
};

const withPreferred = (group: GroupDocument): object => ({ ...group, preferredVersion: group.versions[0] });

/** The classic discovery documents by path: /api, /apis, /api/v1, /apis/GROUP, /apis/GROUP/VERSION. */
export const describeGroups = (options: DiscoveryOptions): ReadonlyMap<string, unknown> => {
  const resources = listResources(options);
  const groups = groupsOf(resources.keys());
  const documents = new Map<string, unknown>();
  documents.set("/api", {
    kind: "APIVersions",
    versions: ["v1"],
    serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: options.serverAddress }],
  });
  documents.set("/apis", { kind: "APIGroupList", apiVersion: "v1", groups: groups.map(withPreferred) });
  for (const group of groups) documents.set(`/apis/${group.name}`, { kind: "APIGroup", apiVersion: "v1", ...withPreferred(group) });
  for (const [groupVersion, entries] of resources) {
    documents.set(groupVersion === "v1" ? "/api/v1" : `/apis/${groupVersion}`, {
      kind: "APIResourceList",
      // The reference leaves it out for the core group.
      ...(groupVersion === "v1" ? {} : { apiVersion: "v1" }),
      groupVersion,
      resources: entries.toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    });
  }
  return documents;
};
