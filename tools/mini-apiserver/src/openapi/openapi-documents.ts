import { createHash } from "node:crypto";
import { groupVersionOf } from "../kinds/kind-definition.ts";
import type { KindDefinition } from "../kinds/kind-definition.ts";
import type { Document } from "../start/documents.ts";

const QUERY_PARAMETERS = ["dryRun", "fieldManager", "fieldValidation", "force"].map((name) => ({
  name,
  in: "query",
  schema: { type: name === "force" ? "boolean" : "string", uniqueItems: true },
}));

const pathOf = (definition: KindDefinition): string => {
  const { group, version, resource, namespaced } = definition;
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  return `${root}/${namespaced ? "namespaces/{namespace}/" : ""}${resource}/{name}`;
};

const describePath = (definition: KindDefinition): object => {
  const { group, version, kind } = definition;
  return {
    patch: {
      operationId: `patch${kind}`,
      parameters: QUERY_PARAMETERS,
      responses: { "200": { description: "OK" } },
      "x-kubernetes-action": "patch",
      "x-kubernetes-group-version-kind": { group, version, kind },
    },
  };
};

const describeGroupVersion = (definitions: readonly KindDefinition[]): object => ({
  openapi: "3.0.0",
  info: { title: "Kubernetes", version: "v1.36" },
  paths: Object.fromEntries(definitions.map((definition) => [pathOf(definition), describePath(definition)])),
  components: { schemas: {} },
});

/**
 * OpenAPI v3 as far as kubectl needs it to leave validation to the server (cli-runtime, query_param_verifier_v3.go): that every kind can be
 * patched, and with which parameters. There are no schemas in it, so `kubectl explain` has nothing to tell.
 */
export const openApiDocuments = (kinds: readonly KindDefinition[]): readonly Document[] => {
  const byGroupVersion = Map.groupBy(kinds, groupVersionOf);
  const documents = [...byGroupVersion].map(([groupVersion, definitions]) => {
    const key = groupVersion.includes("/") ? `apis/${groupVersion}` : `api/${groupVersion}`;
    const description = describeGroupVersion(definitions);
    const hash = createHash("sha256").update(JSON.stringify(description)).digest("hex").toUpperCase();
    return { key, hash, document: { path: `/openapi/v3/${key}`, contentType: "application/json", body: () => description } };
  });
  const paths = Object.fromEntries(documents.map(({ key, hash }) => [key, { serverRelativeURL: `/openapi/v3/${key}?hash=${hash}` }]));
  return [{ path: "/openapi/v3", contentType: "application/json", body: () => ({ paths }) }, ...documents.map(({ document }) => document)];
};
