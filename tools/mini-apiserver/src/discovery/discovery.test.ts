import { describe, expect, it } from "vitest";
import { ALL_KINDS } from "../kinds/all-kinds.ts";
import { groupVersionOf } from "../kinds/kind-definition.ts";
import { aggregatedVersion, describeAggregated } from "./aggregated.ts";
import type { DiscoveryOptions } from "./discovery.ts";
import { describeGroups, listResources } from "./groups.ts";
import { createOpenApi } from "./openapi.ts";

const OPTIONS: DiscoveryOptions = {
  kinds: ALL_KINDS,
  subresources: [
    {
      group: "",
      resource: "pods",
      subresource: "exec",
      discovery: { kind: "PodExecOptions", verbs: ["create", "get"] },
      handle: () => Promise.resolve(),
    },
    {
      group: "",
      resource: "pods",
      subresource: "eviction",
      discovery: { kind: "Eviction", verbs: ["create"], group: "policy", version: "v1" },
      handle: () => Promise.resolve(),
    },
  ],
  virtualResources: [],
  serverAddress: "127.0.0.1:6443",
};

interface Resources {
  readonly resources: readonly {
    readonly name: string;
    readonly kind: string;
    readonly verbs: readonly string[];
    readonly group?: string;
  }[];
}

describe("discovery", () => {
  const documents = describeGroups(OPTIONS);

  it("lists groups, versions and resources at their paths", () => {
    expect(documents.get("/api")).toMatchObject({ versions: ["v1"] });
    expect(documents.get("/apis/certificates.k8s.io")).toMatchObject({
      preferredVersion: { version: "v1" },
      versions: [{ version: "v1" }, { version: "v1beta1" }],
    });
    expect(documents.get("/api/v1")).toMatchObject({ kind: "APIResourceList", groupVersion: "v1" });
    expect(documents.get("/api/v1")).not.toHaveProperty("apiVersion");
    expect(documents.get("/apis/apps/v1")).toMatchObject({ apiVersion: "v1" });
  });

  it("names subresources, plain and plugged in, each with its own kind", () => {
    const { resources } = documents.get("/api/v1") as Resources;
    const find = (name: string): unknown => resources.find((one) => one.name === name);
    expect(find("pods")).toMatchObject({ shortNames: ["po"], categories: ["all"], namespaced: true, singularName: "pod" });
    expect(find("pods/status")).toMatchObject({ kind: "Pod", verbs: ["get", "patch", "update"] });
    expect(find("pods/exec")).toMatchObject({ kind: "PodExecOptions", verbs: ["create", "get"] });
    expect(find("pods/eviction")).toMatchObject({ kind: "Eviction", group: "policy", version: "v1" });
    expect(find("namespaces")).toMatchObject({ verbs: expect.not.arrayContaining(["deletecollection"]) as string[] });
  });

  it("says the same in one document to who asks for that", () => {
    const resources = listResources(OPTIONS);
    const core = describeAggregated(resources, { isCore: true, version: "v2" }) as {
      readonly items: readonly { readonly versions: readonly Resources[] }[];
    };
    expect(core).toMatchObject({ kind: "APIGroupDiscoveryList", apiVersion: "apidiscovery.k8s.io/v2", items: [{ metadata: {} }] });
    expect(
      core.items[0]?.versions[0]?.resources.find((one) => (one as unknown as { readonly resource: string }).resource === "pods"),
    ).toMatchObject({
      scope: "Namespaced",
      responseKind: { kind: "Pod" },
      subresources: expect.arrayContaining([expect.objectContaining({ subresource: "exec" })]) as unknown[],
    });
  });

  it.each([
    ["application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json", "v2"],
    ["application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json", "v2beta1"],
    ["application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io", "v2"],
    ["application/json", undefined],
    ["application/json;g=other;v=v2;as=APIGroupDiscoveryList", undefined],
    [undefined, undefined],
  ])("answers %s in the form %s", (accept, version) => {
    expect(aggregatedVersion(accept)).toBe(version);
  });
});

describe("OpenAPI", () => {
  const openApi = createOpenApi(ALL_KINDS);
  const read = (path: string): { readonly [field: string]: unknown } =>
    JSON.parse(openApi.find(path) ?? "{}") as { readonly [field: string]: unknown };

  it("has a document for every group version, under a hash that stays", () => {
    const { paths } = read("/openapi/v3") as { readonly paths: { readonly [key: string]: { readonly serverRelativeURL: string } } };
    expect(Object.keys(paths)).toHaveLength(new Set(ALL_KINDS.map(groupVersionOf)).size);
    for (const { serverRelativeURL } of Object.values(paths)) expect(openApi.find(serverRelativeURL.split("?")[0] ?? "")).toBeDefined();
    expect(createOpenApi(ALL_KINDS).find("/openapi/v3")).toBe(openApi.find("/openapi/v3"));
  });

  it.each(ALL_KINDS.map((one) => [`${groupVersionOf(one)} ${one.kind}`, one] as const))(
    "says that a patch of %s takes fieldValidation",
    (_name, definition) => {
      const { group, version, kind, resource, namespaced } = definition;
      const root = group === "" ? `api/${version}` : `apis/${group}/${version}`;
      const path = `/${root}/${namespaced ? "namespaces/{namespace}/" : ""}${resource}/{name}`;
      expect((read(`/openapi/v3/${root}`)["paths"] as { readonly [path: string]: unknown })[path]).toMatchObject({
        patch: {
          "x-kubernetes-group-version-kind": { group, version, kind },
          parameters: expect.arrayContaining([expect.objectContaining({ name: "fieldValidation", in: "query" })]) as unknown[],
        },
      });
    },
  );

  it("tells how lists merge", () => {
    expect(read("/openapi/v3/api/v1")).toMatchObject({
      components: {
        schemas: {
          "io.k8s.api.core.v1.Pod": { "x-kubernetes-group-version-kind": [{ group: "", version: "v1", kind: "Pod" }] },
          "io.k8s.api.core.v1.PodSpec": {
            required: ["containers"],
            properties: {
              containers: { type: "array", "x-kubernetes-patch-merge-key": "name", "x-kubernetes-patch-strategy": "merge" },
              volumes: { "x-kubernetes-patch-strategy": "merge,retainKeys" },
            },
          },
        },
      },
    });
  });

  it("refers to nothing that is not in it", () => {
    const { paths } = read("/openapi/v3") as { readonly paths: { readonly [key: string]: object } };
    for (const key of Object.keys(paths)) {
      const text = openApi.find(`/openapi/v3/${key}`) ?? "";
      const { components } = JSON.parse(text) as { readonly components: { readonly schemas: object } };
      for (const [, name] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/gu)) expect(components.schemas).toHaveProperty([name ?? ""]);
    }
  });
});
