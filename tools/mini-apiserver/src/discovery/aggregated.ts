import type { ResourceEntry } from "./groups.ts";

/** The form clients ask for, by the versions of apidiscovery.k8s.io this server speaks; the newest first. */
const VERSIONS = ["v2", "v2beta1"] as const;
const AGGREGATED =
  /application\/json\s*;(?=[^,]*\bg=apidiscovery\.k8s\.io\b)(?=[^,]*\bas=APIGroupDiscoveryList\b)[^,]*\bv=(v2beta1|v2)\b/gu;

/** Which version of the aggregated form an Accept header wants; undefined for none. */
export const aggregatedVersion = (accept: string | undefined): (typeof VERSIONS)[number] | undefined => {
  const asked = new Set([...(accept ?? "").matchAll(AGGREGATED)].map((match) => match[1]));
  return VERSIONS.find((version) => asked.has(version));
};

/** What such an answer says it is. */
export const aggregatedContentType = (version: string): string =>
  `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`;

const splitVersion = (groupVersion: string): { readonly group: string; readonly version: string } => {
  const [first = "", second] = groupVersion.split("/");
  return second === undefined ? { group: "", version: first } : { group: first, version: second };
};

/** Empty where they are those of the list, as the reference has it. */
const responseKindOf = ({ group = "", version = "", kind }: ResourceEntry): object => ({ group, version, kind });

const describe = (entry: ResourceEntry, entries: readonly ResourceEntry[]): object => {
  const subresources = entries
    .filter(({ name }) => name.startsWith(`${entry.name}/`))
    .map((one) => ({
      subresource: one.name.slice(entry.name.length + 1),
      responseKind: responseKindOf(one),
      verbs: one.verbs,
    }));
  return {
    resource: entry.name,
    responseKind: responseKindOf(entry),
    scope: entry.namespaced ? "Namespaced" : "Cluster",
    singularResource: entry.singularName,
    verbs: entry.verbs,
    ...(entry.shortNames === undefined ? {} : { shortNames: entry.shortNames }),
    ...(entry.categories === undefined ? {} : { categories: entry.categories }),
    ...(subresources.length === 0 ? {} : { subresources }),
  };
};

/** All groups in one document: the core group for `/api`, the others for `/apis`. */
export const describeAggregated = (
  resources: ReadonlyMap<string, readonly ResourceEntry[]>,
  options: { readonly isCore: boolean; readonly version: string },
): object => {
  const groups = new Map<string, object[]>();
  for (const [groupVersion, entries] of resources) {
    const { group, version } = splitVersion(groupVersion);
    if ((group === "") !== options.isCore) continue;
    const sorted = entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    const main = sorted.filter(({ name }) => !name.includes("/"));
    const document = { version, resources: main.map((entry) => describe(entry, sorted)), freshness: "Current" };
    groups.set(group, [...(groups.get(group) ?? []), document]);
  }
  return {
    kind: "APIGroupDiscoveryList",
    apiVersion: `apidiscovery.k8s.io/${options.version}`,
    metadata: {},
    items: [...groups].map(([group, versions]) => ({ metadata: group === "" ? {} : { name: group }, versions })),
  };
};
