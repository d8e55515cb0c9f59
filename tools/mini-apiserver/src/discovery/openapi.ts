import { createHash } from "node:crypto";
import { ALL_VERBS, groupVersionOf } from "../kinds/kind-definition.ts";
import type { KindDefinition } from "../kinds/kind-definition.ts";
import { typePlan } from "../kinds/schema.ts";
import { collectSchemas, schemaName } from "./openapi-schemas.ts";
import { VERSION_INFO } from "./version.ts";

type Json = { readonly [field: string]: unknown };

/** The OpenAPI documents, made when they are first asked for. */
export interface OpenApi {
  /** JSON of a path such as `/openapi/v3/api/v1`; undefined for none. */
  find(path: string): string | undefined;
}

const gvkOf = ({ group, version, kind }: KindDefinition): Json => ({ group, version, kind });

const WRITE_PARAMETERS = ["dryRun", "fieldManager", "fieldValidation"].map((name) => ({
  name,
  in: "query",
  schema: { type: "string", uniqueItems: true },
}));

const FORCE = { name: "force", in: "query", schema: { type: "boolean", uniqueItems: true } };

const PATCH_TYPES = [
  "application/apply-patch+yaml",
  "application/json-patch+json",
  "application/merge-patch+json",
  "application/strategic-merge-patch+json",
];

const describeOperation = (definition: KindDefinition, action: string, extra: Json = {}): Json => {
  const schema = { $ref: `#/components/schemas/${schemaName(definition.type)}` };
  return {
    tags: [],
    operationId: `${action}${definition.kind}`,
    ...extra,
    responses: { "200": { description: "OK", content: { "application/json": { schema } } } },
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": gvkOf(definition),
  };
};

const objectBody = (definition: KindDefinition): Json => ({
  content: { "*/*": { schema: { $ref: `#/components/schemas/${schemaName(definition.type)}` } } },
});

const patchBody: Json = { content: Object.fromEntries(PATCH_TYPES.map((type) => [type, { schema: { type: "object" } }])) };

const collectionOperations = (definition: KindDefinition, verbs: ReadonlySet<string>): Json => ({
  ...(verbs.has("list") ? { get: describeOperation(definition, "list") } : {}),
  ...(verbs.has("create")
    ? { post: describeOperation(definition, "post", { parameters: WRITE_PARAMETERS, requestBody: objectBody(definition) }) }
    : {}),
});

const objectOperations = (definition: KindDefinition, verbs: ReadonlySet<string>): Json => ({
  ...(verbs.has("get") ? { get: describeOperation(definition, "get") } : {}),
  ...(verbs.has("update")
    ? { put: describeOperation(definition, "put", { parameters: WRITE_PARAMETERS, requestBody: objectBody(definition) }) }
    : {}),
  ...(verbs.has("delete") ? { delete: describeOperation(definition, "delete", { parameters: WRITE_PARAMETERS.slice(0, 1) }) } : {}),
  ...(verbs.has("patch")
    ? { patch: describeOperation(definition, "patch", { parameters: [...WRITE_PARAMETERS, FORCE], requestBody: patchBody }) }
    : {}),
});

const parameterOf = (name: string): Json => ({ name, in: "path", required: true, schema: { type: "string", uniqueItems: true } });

const pathsOf = (definition: KindDefinition): readonly (readonly [string, Json])[] => {
  const root = `/${rootOf(definition)}`;
  const base = `${root}/${definition.namespaced ? "namespaces/{namespace}/" : ""}${definition.resource}`;
  const verbs = new Set(definition.verbs ?? ALL_VERBS);
  const parameters = definition.namespaced ? [parameterOf("namespace")] : [];
  return [
    [base, { ...collectionOperations(definition, verbs), parameters }],
    [`${base}/{name}`, { ...objectOperations(definition, verbs), parameters: [parameterOf("name"), ...parameters] }],
  ];
};

const rootOf = ({ group, version }: KindDefinition): string => (group === "" ? `api/${version}` : `apis/${group}/${version}`);

const describeGroupVersion = (definitions: readonly KindDefinition[]): Json => {
  const schemas: { [name: string]: Json } = { ...collectSchemas(definitions.map(({ type }) => typePlan(type))) };
  for (const definition of definitions) {
    const name = schemaName(definition.type);
    schemas[name] = { ...schemas[name], "x-kubernetes-group-version-kind": [gvkOf(definition)] };
  }
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: VERSION_INFO.gitVersion },
    paths: Object.fromEntries(definitions.flatMap(pathsOf)),
    components: { schemas },
  };
};

/** Enough of version 2 for who insists on it: no types. */
const VERSION_2 = JSON.stringify({
  swagger: "2.0",
  info: { title: "Kubernetes", version: VERSION_INFO.gitVersion },
  paths: {},
  definitions: {},
});

/**
 * OpenAPI of the kinds: one document a group version, with the fields of every type and how they merge, but no prose. `kubectl` reads
 * from it that writes take `fieldValidation`, computes its patches by it, and explains fields by their types only.
 */
export const createOpenApi = (kinds: readonly KindDefinition[]): OpenApi => {
  const byVersion = Map.groupBy(kinds, groupVersionOf);
  const texts = new Map<string, string>();
  const makers = new Map(
    [...byVersion.values()].map((definitions) => [
      `/openapi/v3/${definitions[0] === undefined ? "" : rootOf(definitions[0])}`,
      definitions,
    ]),
  );

  const find = (path: string): string | undefined => {
    if (path === "/openapi/v2") return VERSION_2;
    const known = texts.get(path);
    if (known !== undefined) return known;
    const definitions = makers.get(path);
    const text =
      path === "/openapi/v3" ? describeIndex() : definitions === undefined ? undefined : JSON.stringify(describeGroupVersion(definitions));
    if (text !== undefined) texts.set(path, text);
    return text;
  };

  const describeIndex = (): string => {
    const paths = [...makers.keys()].map((path) => {
      // Clients keep what they read as long as its hash stays the same.
      const hash = createHash("sha512")
        .update(find(path) ?? "")
        .digest("hex")
        .slice(0, 128)
        .toUpperCase();
      return [path.slice("/openapi/v3/".length), { serverRelativeURL: `${path}?hash=${hash}` }];
    });
    return JSON.stringify({ paths: Object.fromEntries(paths) });
  };

  return { find };
};
